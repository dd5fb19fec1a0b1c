// How soon a breaker notices an outage, and how often it opens without one: with minimum_calls, and with a
// confidence in its place. Simulated services at 0.1 to 1,000 calls a second; prints the table of
// docs/policies/circuit-breaker.md. Arguments: [SERVICES] of each rate, 2000.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

struct TripRule {
  const char* name;
  std::uint64_t minimum_calls;
  std::optional<double> confidence;
};

constexpr int healthy_calls = 1'000;  ///< of each service, before its outage
constexpr double usual_failures = 0.05;
constexpr Duration too_late = 1h;

CircuitBreakerOptions options_of(const TripRule& rule) {
  CircuitBreakerOptions options;
  options.window = TimeWindowOptions{.duration = 60s};
  options.failure_rate = 0.5;
  options.failure_rate_confidence = rule.confidence;
  options.minimum_calls = rule.minimum_calls;
  options.open_duration = 1s;
  return options;
}

struct Seen {
  std::uint64_t false_openings = 0;
  std::vector<double> seconds;  ///< until it was open; too_late: it never was
  std::vector<double> calls;    ///< that failed until then
};

/// One service: a thousand calls of a good day, then an outage in which `failing` of the calls fail.
void live(const TripRule& rule, double rate, double failing, std::uint64_t seed, Seen& result) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(rate);
  std::uniform_real_distribution<double> uniform;
  CircuitBreaker breaker("service", options_of(rule));
  TimePoint now{1h};
  const auto call = [&](double failures) {
    now += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(gap(random)));
    auto permit = breaker.try_acquire(now);
    const bool failed = uniform(random) < failures;
    if (permit) std::move(*permit).record(failed ? Verdict::failure : Verdict::success, now);
    return failed;
  };
  for (int i = 0; i < healthy_calls; ++i) call(usual_failures);
  result.false_openings += breaker.snapshot(now).totals.opened;
  breaker.command(Command::reset, now);
  for (int i = 0; i < 60; ++i) call(usual_failures);
  if (breaker.state() != State::closed) breaker.command(Command::reset, now);

  const TimePoint down = now;
  double failed = 0;
  while (breaker.state() == State::closed && now - down < too_late) failed += call(failing) ? 1 : 0;
  result.seconds.push_back(std::chrono::duration<double>(now - down).count());
  result.calls.push_back(failed);
}

double quantile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string seconds_text(double value) {
  char text[32];
  if (value >= std::chrono::duration<double>(too_late).count() * 0.99) return "never";
  std::snprintf(text, sizeof text, value < 10 ? "%.2gs" : "%.0fs", value);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const int services = argc > 1 ? std::atoi(argv[1]) : 2'000;
  constexpr TripRule rules[] = {{"`minimum_calls: 20`", 20, {}},
                            {"`minimum_calls: 5`", 5, {}},
                            {"`confidence: 0.95`", 0, 0.95},
                            {"`confidence: 0.99`", 0, 0.99}};
  std::printf(
      "| calls a second | rule | noticed after, all fail | 80%% fail | failed calls until then | openings in "
      "1,000 good calls |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const double rate : {0.1, 1.0, 10.0, 100.0, 1'000.0}) {
    for (const TripRule& rule : rules) {
      Seen all, most;
      for (int i = 0; i < services; ++i) {
        live(rule, rate, 1.0, static_cast<std::uint64_t>(i), all);
        live(rule, rate, 0.8, static_cast<std::uint64_t>(services + i), most);
      }
      const double openings =
          static_cast<double>(all.false_openings + most.false_openings) / (2.0 * services);
      std::printf("| %g | %s | %s (%s) | %s (%s) | %.0f | %.4f |\n", rate, rule.name,
                  seconds_text(quantile(all.seconds, 0.5)).c_str(),
                  seconds_text(quantile(all.seconds, 0.99)).c_str(),
                  seconds_text(quantile(most.seconds, 0.5)).c_str(),
                  seconds_text(quantile(most.seconds, 0.99)).c_str(), quantile(all.calls, 0.5), openings);
    }
  }
}
