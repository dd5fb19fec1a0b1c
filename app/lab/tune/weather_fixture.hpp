// Traces with a known character.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "app/lab/compare/calls.hpp"

namespace switchgear::lab {

using namespace std::chrono_literals;

struct Weather {
  double rate = 20;  ///< calls a second
  double usual_failures = 0.02;
  Duration every = 120s;  ///< an outage, at any time within each such stretch
  Duration length = 20s;
  double down_failures = 1;
  Duration dip_every{};  ///< a dip that is over before anything could be done; 0: none
  double dip_failures = 0.7;
  Duration dip_length = 1s;
};

/// The beginning of an outage is drawn anew for each stretch.
inline bool is_down(const Weather& weather, TimePoint at, std::uint64_t seed) {
  const auto stretch = static_cast<std::uint64_t>(at.time_since_epoch() / weather.every);
  std::mt19937_64 random(seed * 1'000'003 + stretch);
  std::uniform_real_distribution<double> uniform;
  const Duration begins =
      std::chrono::duration_cast<Duration>(uniform(random) * (weather.every - weather.length));
  const Duration within = at.time_since_epoch() % weather.every;
  return within >= begins && within < begins + weather.length;
}

inline Calls weather(const Weather& weather, Duration length, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(weather.rate);
  std::uniform_real_distribution<double> uniform;
  Calls calls;
  TimePoint at{};
  while (at < TimePoint{length}) {
    at += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(gap(random)));
    double failures = weather.usual_failures;
    if (weather.every > 0s && is_down(weather, at, seed)) failures = weather.down_failures;
    if (weather.dip_every > 0s && at.time_since_epoch() % weather.dip_every < weather.dip_length)
      failures = weather.dip_failures;
    const bool failed = uniform(random) < failures;
    calls.push_back({at,
                     failed ? 50ms : 30ms,
                     {},
                     failed ? Verdict::failure : Verdict::success,
                     FailureType::http_error,
                     true});
  }
  return calls;
}

}  // namespace switchgear::lab
