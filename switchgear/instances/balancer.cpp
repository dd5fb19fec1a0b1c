#include "switchgear/instances/balancer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear::instances {

namespace {

constexpr double most_weight = 1'000'000;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

void require_weights(const std::vector<Balancer::Entry>& entries) {
  OptionChecker check;
  for (const Balancer::Entry& entry : entries) {
    check.want(entry.weight >= 0 && entry.weight <= most_weight, entry.instance->name() + ".weight",
               OptionChecker::number(entry.weight), "a number from 0 to 1000000");
  }
  require_valid("balancer", "", check.take());
}

/// The instance of a key is the one with the highest score. -ln of a uniform number is exponential, so the
/// chance that an instance's is the least of all, each divided by its weight, is its part of the weights.
double score(std::uint64_t key, std::uint64_t instance, double weight) noexcept {
  const double uniform = Random{Random{key}.next() ^ instance}.uniform();
  return weight / -std::log(std::max(uniform, 0x1.0p-54));
}

}  // namespace

std::vector<OptionProblem> validate(const BalanceOptions& options) {
  OptionChecker check;
  check.not_negative("slow_start", options.slow_start);
  check.ratio_above_zero("slow_start_from", options.slow_start_from);
  check.want(options.bound >= 1 && options.bound <= 1'000, "bound", OptionChecker::number(options.bound),
             "a number from 1 to 1000");
  return check.take();
}

std::uint64_t balance_key(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

Balancer::Balancer(const BalanceOptions& options, std::uint64_t seed) : options_(options), random_(seed) {
  require_valid("balancer", "", validate(options));
}

void Balancer::set_instances(std::vector<Entry> entries) {
  require_weights(entries);
  std::vector<Slot> slots;
  slots.reserve(entries.size());
  for (Entry& entry : entries) {
    const auto before = std::find_if(slots_.begin(), slots_.end(),
                                     [&](const Slot& slot) { return slot.instance == entry.instance; });
    const double current = before == slots_.end() ? 0 : before->current;
    const std::uint64_t hash = balance_key(entry.instance->name());
    slots.push_back({std::move(entry.instance), entry.weight, current, hash});
  }
  const bool first = slots_.empty();
  candidates_.reserve(slots.size());
  slots_ = std::move(slots);
  if (!first || options_.method != Balance::round_robin || slots_.empty()) return;
  for (std::uint64_t turns = random_.next() % slots_.size(); turns > 0; --turns) {
    static_cast<void>(pick({.now = TimePoint::max(), .panic = true}));
  }
}

const std::shared_ptr<Instance>* Balancer::pick(const Pick& pick) noexcept {
  find_candidates(pick);
  if (candidates_.empty()) return nullptr;
  std::size_t chosen = 0;
  if (candidates_.size() > 1) {
    switch (options_.method) {
      case Balance::round_robin:
        chosen = next_in_round();
        break;
      case Balance::least_requests:
        chosen = least_of_two();
        break;
      case Balance::hash:
        chosen = by_hash(pick.key);
        break;
    }
  }
  return &slots_[candidates_[chosen].slot].instance;
}

// --- who may be picked

/// Those to avoid become candidates only if no others may be picked.
void Balancer::find_candidates(const Pick& pick) noexcept {
  const auto avoided = [&pick](const Slot& slot) {
    return std::find(pick.avoid.begin(), pick.avoid.end(), slot.instance.get()) != pick.avoid.end();
  };
  candidates_.clear();
  for (const bool avoid : {false, true}) {
    if (!candidates_.empty()) break;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Slot& slot = slots_[i];
      if ((pick.panic || slot.instance->usable()) && avoided(slot) == avoid) add_candidate(i, pick.now);
    }
  }
  count_zero_weights();
}

void Balancer::add_candidate(std::size_t slot, TimePoint now) noexcept {
  candidates_.push_back({slot, weight_at(slots_[slot], now)});
}

/// An instance of weight 0 is a reserve.
void Balancer::count_zero_weights() noexcept {
  const auto weightless = [](const Candidate& candidate) { return candidate.weight <= 0; };
  if (std::all_of(candidates_.begin(), candidates_.end(), weightless)) {
    for (Candidate& candidate : candidates_) candidate.weight = 1;
  } else {
    std::erase_if(candidates_, weightless);
  }
}

double Balancer::weight_at(const Slot& slot, TimePoint now) const noexcept {
  if (options_.slow_start == Duration::zero() || options_.method == Balance::hash) return slot.weight;
  const Duration age = saturating_sub(now, slot.instance->fresh_since());
  const double part = to_seconds(age) / to_seconds(options_.slow_start);
  return slot.weight * std::clamp(part, options_.slow_start_from, 1.0);
}

// --- which of them

/// Each gains its weight, and the richest pays the sum of all for its turn. Within a round of unchanging
/// weights each gets exactly its part, and the turns of the heavy are spread (nginx 52327e0627f4).
std::size_t Balancer::next_in_round() noexcept {
  double total = 0;
  std::size_t richest = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    Slot& slot = slots_[candidates_[i].slot];
    slot.current += candidates_[i].weight;
    total += candidates_[i].weight;
    if (slot.current > slots_[candidates_[richest].slot].current) richest = i;
  }
  slots_[candidates_[richest].slot].current -= total;
  return richest;
}

std::size_t Balancer::least_of_two() noexcept {
  const std::size_t one = draw(none);
  const std::size_t other = draw(one);
  const auto load = [this](std::size_t i) { return in_flight(candidates_[i]) / candidates_[i].weight; };
  return load(other) < load(one) ? other : one;
}

/// By weight, among all but one.
std::size_t Balancer::draw(std::size_t without) noexcept {
  double total = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (i != without) total += candidates_[i].weight;
  }
  double left = random_.uniform() * total;
  std::size_t drawn = none;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (i == without) continue;
    drawn = i;  // the last, if rounding leaves a rest
    left -= candidates_[i].weight;
    if (left < 0) break;
  }
  return drawn;
}

/// At least one candidate has room: their bounds add up to more than all calls in flight. Other workers may
/// fill the last one meanwhile; then the key's own instance takes the call.
std::size_t Balancer::by_hash(std::uint64_t key) const noexcept {
  double calls = 1;  // the one that is picked for
  double total = 0;
  for (const Candidate& candidate : candidates_) {
    calls += in_flight(candidate);
    total += candidate.weight;
  }
  std::size_t best = 0;
  std::size_t with_room = none;
  double best_score = -1;
  double best_with_room = -1;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const Candidate& candidate = candidates_[i];
    const double of_key = score(key, slots_[candidate.slot].hash, candidate.weight);
    if (of_key > best_score) {
      best_score = of_key;
      best = i;
    }
    const double bound = std::ceil(options_.bound * calls * candidate.weight / total);
    if (of_key > best_with_room && in_flight(candidate) + 1.0 <= bound) {
      best_with_room = of_key;
      with_room = i;
    }
  }
  return with_room == none ? best : with_room;
}

}  // namespace switchgear::instances
