#include "switchgear/observe/transition_log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "switchgear/core/raise.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

TransitionLog::TransitionLog(std::size_t per_breaker) : per_breaker_(std::max<std::size_t>(per_breaker, 1)) {
  if (per_breaker > most_per_breaker) {
    detail::raise_invalid("transition log: per_breaker: " + OptionChecker::whole(per_breaker) +
                          " is more than " + std::to_string(most_per_breaker));
  }
}
TransitionLog::~TransitionLog() = default;

void TransitionLog::on_transition(const Transition& transition) {
  LoggedTransition entry = logged(transition);
  const std::lock_guard lock{mutex_};
  Entries& entries = breakers_[entry.breaker];
  ++entries.counts[static_cast<std::size_t>(entry.from)][static_cast<std::size_t>(entry.to)];
  // A later generation with an earlier instant is not an overtaken event but a breaker that was replaced by a
  // reload.
  auto place = entries.ring.end();
  while (place != entries.ring.begin() && std::prev(place)->generation > entry.generation &&
         std::prev(place)->at >= entry.at) {
    --place;
  }
  entries.ring.insert(place, std::move(entry));
  if (entries.ring.size() > per_breaker_) entries.ring.pop_front();
}

std::vector<LoggedTransition> TransitionLog::of(std::string_view breaker) const {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(breaker);
  if (known == breakers_.end()) return {};
  return {known->second.ring.rbegin(), known->second.ring.rend()};
}

std::optional<LoggedTransition> TransitionLog::last(std::string_view breaker) const {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(breaker);
  if (known == breakers_.end() || known->second.ring.empty()) return std::nullopt;
  return known->second.ring.back();
}

std::size_t TransitionLog::openings(std::string_view breaker, std::size_t last) const {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(breaker);
  if (known == breakers_.end()) return 0;
  const auto& ring = known->second.ring;
  const auto end = ring.rbegin() + static_cast<std::ptrdiff_t>(std::min(last, ring.size()));
  return static_cast<std::size_t>(
      std::count_if(ring.rbegin(), end, [](const LoggedTransition& each) { return each.to == State::open; }));
}

TransitionCounts TransitionLog::counts(std::string_view breaker) const {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(breaker);
  return known == breakers_.end() ? TransitionCounts{} : known->second.counts;
}

std::vector<TransitionLog::LastOpening> TransitionLog::last_openings() const {
  const std::lock_guard lock{mutex_};
  std::vector<LastOpening> found;
  for (const auto& [name, entries] : breakers_) {
    const auto last = std::find_if(entries.ring.rbegin(), entries.ring.rend(), [](const auto& each) {
      return each.from == State::closed && each.to == State::open;
    });
    if (last != entries.ring.rend()) found.push_back({name, last->wall});
  }
  return found;
}

void TransitionLog::keep_only(std::span<const std::string> names) {
  const std::lock_guard lock{mutex_};
  std::erase_if(breakers_, [&](const auto& each) { return !std::ranges::binary_search(names, each.first); });
}

}  // namespace switchgear
