#include "switchgear/observe/figures/protection.hpp"

#include <algorithm>
#include <cstddef>

#include "switchgear/observe/figures/quantile.hpp"
#include "switchgear/observe/figures/sums.hpp"

namespace switchgear::figures {

namespace {

constexpr std::size_t samples_looked_back = 10;
constexpr std::chrono::seconds longest_for_arrivals{60};

/// Which calls opened the breaker, and how many of them its rule saw.
struct Culprits {
  bool all = false;  ///< successes too
  std::uint64_t seen = 0;
};
Culprits culprits_of(const LoggedTransition& why) noexcept {
  if (why.rule == Rule::slow_call || why.rule == Rule::latency) return {true, why.window.calls};
  if (why.rule == Rule::consecutive_failures) return {false, why.window.consecutive_failures};
  return {false, why.window.failures};
}

std::optional<Duration> latency_before(const LoggedTransition& why, std::span<const CircuitSample> samples) {
  const Culprits culprits = culprits_of(why);
  const auto after = std::ranges::find_if(samples, [&](const auto& each) { return each.from > why.wall; });
  auto left = static_cast<std::size_t>(after - samples.begin());
  Duration sum{};
  std::uint64_t calls = 0;
  for (std::size_t back = 0; back < samples_looked_back && left > 0; ++back) {
    const CircuitSample& each = samples[--left];
    sum += each.failure_time;
    calls += calls_in(each.failures_took);
    if (culprits.all) {
      sum += each.success_time;
      calls += calls_in(each.successes_took);
    }
    if (calls >= std::max<std::uint64_t>(culprits.seen, 1)) break;
  }
  if (calls == 0) return std::nullopt;
  return sum / static_cast<Duration::rep>(calls);
}

/// Of the opening to which a sample belongs; `openings.size()` when it belongs to none.
std::size_t opening_of(const CircuitSample& sample, std::span<const Opening> openings) noexcept {
  for (std::size_t i = openings.size(); i > 0; --i) {
    if (openings[i - 1].why.wall < end_of(sample)) return i - 1;
  }
  return openings.size();
}

}  // namespace

std::optional<Duration> Protection::saved() const noexcept {
  if (!latency) return std::nullopt;
  return from_seconds(to_seconds(*latency) * static_cast<double>(refused));
}

std::optional<double> Protection::stuck_at_once() const noexcept {
  if (!latency || !arrivals) return std::nullopt;
  return *arrivals * to_seconds(*latency);
}

std::vector<Protection> protections_of(std::span<const Opening> openings,
                                       std::span<const CircuitSample> samples) {
  std::vector<Protection> made(openings.size());
  std::vector<bool> over(openings.size(), false);  // its end was not seen, but it was found closed
  for (std::size_t i = 0; i < openings.size(); ++i)
    made[i].latency = latency_before(openings[i].why, samples);
  for (const CircuitSample& each : samples) {
    const std::size_t i = opening_of(each, openings);
    if (i == openings.size()) continue;
    if (each.state != State::forced_open) made[i].refused += each.rejected;
    if (each.state == State::closed && each.from > openings[i].why.wall) over[i] = true;
    const bool during = openings[i].closed ? each.from < *openings[i].closed : !over[i];
    if (!during || each.length <= std::chrono::seconds{0} || each.length > longest_for_arrivals) continue;
    const double arrivals =
        static_cast<double>(asked_in(each) + each.ignored) / static_cast<double>(each.length.count());
    made[i].arrivals = std::max(made[i].arrivals.value_or(0), arrivals);
  }
  return made;
}

std::optional<Duration> time_saved(std::span<const Protection> protections) noexcept {
  std::optional<double> seconds;
  for (const Protection& each : protections) {
    if (const auto saved = each.saved()) seconds = seconds.value_or(0) + to_seconds(*saved);
  }
  return seconds ? std::optional{from_seconds(*seconds)} : std::nullopt;
}

std::optional<std::uint64_t> cascades_prevented(std::span<const Protection> protections,
                                                std::optional<double> capacity) noexcept {
  if (!capacity) return std::nullopt;
  std::optional<std::uint64_t> prevented;
  for (const Protection& each : protections) {
    const auto stuck = each.stuck_at_once();
    if (!stuck) continue;
    prevented = prevented.value_or(0) + static_cast<std::uint64_t>(*stuck > *capacity);
  }
  return prevented;
}

}  // namespace switchgear::figures
