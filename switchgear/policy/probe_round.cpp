#include "switchgear/policy/probe_round.hpp"

#include <algorithm>
#include <utility>

namespace switchgear {

ProbeRound::ProbeRound(const HalfOpenOptions& options)
    : options_(options),
      // Not initialized: with a million permitted probes, only the places that are used cost memory.
      probes_(std::make_unique_for_overwrite<Probe[]>(options.permitted_calls)) {
  start();
}

void ProbeRound::start() noexcept {
  touched_ = 0;
  free_ = oldest_ = newest_ = none;
  counts_ = {options_.permitted_calls, 0, 0, 0};
  last_start_.reset();
}

std::optional<Duration> ProbeRound::blocked(TimePoint now) const noexcept {
  if (counts_.recorded + counts_.in_flight >= counts_.permitted ||
      counts_.in_flight >= options_.max_concurrent.value_or(counts_.permitted)) {
    constexpr Duration longest = std::chrono::seconds{1};
    return std::min(saturating_sub(next_given_up(), now), longest);
  }
  if (!last_start_) return std::nullopt;
  const Duration passed = std::max(saturating_sub(now, *last_start_), Duration::zero());
  if (passed >= options_.probe_interval) return std::nullopt;
  return options_.probe_interval - passed;
}

ProbeRound::Number ProbeRound::admit(TimePoint now) noexcept {
  const Number probe = free_ != none ? std::exchange(free_, probes_[free_].newer) : touched_++;
  last_start_ = std::max(now, last_start_.value_or(now));
  probes_[probe] = {*last_start_, newest_, none};
  (newest_ == none ? oldest_ : probes_[newest_].newer) = probe;
  newest_ = probe;
  ++counts_.in_flight;
  return probe;
}

bool ProbeRound::come_back(Number probe, Result result) noexcept {
  if (probes_[probe].newer == given_up) return false;
  take_out(probe);
  probes_[probe].newer = std::exchange(free_, probe);
  if (result != Result::ignored) ++counts_.recorded;
  if (result == Result::failed) ++counts_.failed;
  return true;
}

TimePoint ProbeRound::next_given_up() const noexcept {
  return oldest_ == none ? TimePoint::max() : saturating_add(probes_[oldest_].start, options_.max_wait);
}

void ProbeRound::give_up_oldest() noexcept {
  const Number probe = oldest_;
  take_out(probe);
  probes_[probe].newer = given_up;
  ++counts_.recorded;
  ++counts_.failed;
}

RoundVerdict ProbeRound::verdict() const noexcept {
  if (relapses_with(counts_.failed)) return RoundVerdict::relapsed;
  const std::uint32_t passed = counts_.recorded - counts_.failed;
  if (passed >= options_.success_threshold.value_or(counts_.permitted)) return RoundVerdict::recovered;
  // Decided by the last probe at the latest, and as soon as no possible rest could relapse.
  const std::uint32_t rest = counts_.permitted - counts_.recorded;
  return relapses_with(counts_.failed + rest) ? RoundVerdict::undecided : RoundVerdict::recovered;
}

std::size_t ProbeRound::memory_bytes() const noexcept { return options_.permitted_calls * sizeof(Probe); }

void ProbeRound::take_out(Number probe) noexcept {
  const auto [start, older, newer] = probes_[probe];
  (older == none ? oldest_ : probes_[older].newer) = newer;
  (newer == none ? newest_ : probes_[newer].older) = older;
  --counts_.in_flight;
}

}  // namespace switchgear
