#include "switchgear/registry/keyed_breakers.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const KeyedLimits& limits) {
  OptionChecker check;
  check.positive("max_idle", limits.max_idle);
  check.between("max_keyed", limits.max_keyed, 1, 100'000'000);
  return check.take();
}

namespace detail {
namespace {

/// Adding a breaker checks at most this many others.
constexpr std::size_t looks_per_add = 128;

}  // namespace

KeyedBreakers::KeyedBreakers(const KeyedLimits& limits) : limits_(limits) {}

KeyedBreakers::House KeyedBreakers::ask(std::string_view name, TimePoint now) {
  const std::lock_guard lock{mutex_};
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return nullptr;
  to_the_end_locked(known->second, now);
  return known->second->house;
}

KeyedBreakers::House KeyedBreakers::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? nullptr : known->second->house;
}

void KeyedBreakers::add(House house, TimePoint now) {
  std::vector<House> gone;  // outlives the lock: their listeners' destructors are the user's code
  const std::lock_guard lock{mutex_};
  row_.push_back({std::move(house), now});
  by_name_.emplace(row_.back().house->breaker().name(), std::prev(row_.end()));
  gone = sweep_locked(now, looks_per_add);
}

KeyedBreakers::House KeyedBreakers::take(std::string_view name) {
  const std::lock_guard lock{mutex_};
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return nullptr;
  House house = std::move(known->second->house);
  row_.erase(known->second);
  by_name_.erase(known);
  return house;
}

std::size_t KeyedBreakers::retire_idle(TimePoint now) {
  std::vector<House> gone;  // outlives the lock
  const std::lock_guard lock{mutex_};
  gone = sweep_locked(now, row_.size());
  return gone.size();
}

void KeyedBreakers::append_to(std::vector<std::shared_ptr<CircuitBreaker>>& list) const {
  const std::lock_guard lock{mutex_};
  list.reserve(list.size() + row_.size());
  for (const Entry& each : row_) list.push_back(HousedBreaker::door(each.house));
}

void KeyedBreakers::append_due(TimePoint now, std::vector<House>& list) const {
  const std::lock_guard lock{mutex_};
  for (const Entry& each : row_) {
    if (each.house->is_due(now)) list.push_back(each.house);
  }
}

std::vector<KeyedBreakers::House> KeyedBreakers::sweep_locked(TimePoint now, std::size_t looks) {
  std::vector<House> gone;
  const TimePoint idle_from = saturating_add(now, -limits_.max_idle);
  for (; looks > 0 && !row_.empty(); --looks) {
    const auto first = row_.begin();
    const bool too_many = row_.size() > limits_.max_keyed;
    if (!too_many && first->seen > idle_from) break;  // the next ones were seen later still
    CircuitBreaker& breaker = first->house->breaker();
    // Used since it was requested, by a caller that kept it: its place is further back. Not for the time a
    // call takes after its request, or every breaker would be passed over once.
    const TimePoint used = breaker.last_used();
    if (used > idle_from && used > saturating_add(first->seen, limits_.max_idle / 16)) {
      to_the_end_locked(first, used);
      continue;
    }
    // Only this row can hand out a breaker without another holder, and it is locked. The last holder may have
    // opened it just before: use_count() alone does not show what that thread did, taking a share does.
    const House share = first->house.use_count() > 1 ? nullptr : first->house;
    if (!share || !breaker.idle_since(too_many ? std::max(now, used) : idle_from)) {
      to_the_end_locked(first, now);
      continue;
    }
    by_name_.erase(breaker.name());
    gone.push_back(std::move(first->house));
    row_.erase(first);
  }
  return gone;
}

void KeyedBreakers::to_the_end_locked(Row::iterator entry, TimePoint seen) {
  entry->seen = std::max(entry->seen, seen);
  row_.splice(row_.end(), row_, entry);
}

}  // namespace detail
}  // namespace switchgear
