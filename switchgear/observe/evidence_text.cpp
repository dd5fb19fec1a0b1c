#include "switchgear/observe/evidence_text.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace switchgear {

namespace {

std::string rounded(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", number);
  return text.data();
}

std::string seconds(double length) { return rounded(length) + "s"; }

std::string share(std::uint64_t part, std::uint64_t whole, std::string_view what) {
  return std::to_string(part).append(" of ").append(std::to_string(whole)).append(" calls ").append(what);
}

}  // namespace

std::string evidence_text(Rule rule, double value, double threshold, const WindowSnapshot& window) {
  const auto held = [&](const std::string& seen, const std::string& limit) {
    return std::string(to_string(rule)) + " " + seen + " >= " + limit;
  };
  switch (rule) {
    case Rule::failure_rate:
      // With a confidence, the value is the least that the rate may be.
      if (value < window.weighted_failure_rate() - 1e-9) {
        return "failure_rate at least " + rounded(value) + " >= " + rounded(threshold) + ": " +
               share(window.failures, window.calls, "failed");
      }
      return held(rounded(value), rounded(threshold)) + ": " + share(window.failures, window.calls, "failed");
    case Rule::slow_call:
      return held(rounded(value), rounded(threshold)) + ": " + share(window.slow, window.calls, "were slow");
    case Rule::latency:
      return held(seconds(value), seconds(threshold)) + ": " +
             share(window.high, window.calls, "took as long");
    case Rule::consecutive_failures:
    case Rule::failure_balance:
    case Rule::stuck_calls:
      return held(rounded(value), rounded(threshold));
    case Rule::probe:
      return "probe: " + rounded(value * 100) + "% of the permitted probes failed";
    case Rule::max_wait:
      return "max_wait: a probe has not come back for " + seconds(threshold);
    case Rule::recovered:
      return "recovered: " + rounded(value * 100) + "% of the permitted probes failed";
    case Rule::open_duration:
      return "open_duration: " + seconds(threshold) + " are over";
    case Rule::health_check:
      return held(rounded(value), rounded(threshold)) + ": answers of the health check in a row";
    case Rule::ramp:
      return held(rounded(value), rounded(threshold)) +
             " at the smallest share: " + share(window.failures, window.calls, "failed") +
             (window.slow > 0 ? ", " + std::to_string(window.slow) + " were slow" : "");
    case Rule::operator_command:
    case Rule::restored:
    case Rule::fleet:
      break;
  }
  return std::string(to_string(rule));
}

std::string adapted_text(std::uint32_t consecutive_failures, Duration open_duration, std::uint32_t samples,
                         double failure_rate, std::optional<Duration> mean_latency) {
  std::string text = "opens ";
  if (consecutive_failures > 0) {
    text += "after " + std::to_string(consecutive_failures) +
            (consecutive_failures == 1 ? " failure, " : " failures in a row, ");
  }
  text += "for " + seconds(to_seconds(open_duration));
  if (samples == 0) return text + ": its options, as its samples were forgotten";
  text += ": " + rounded(failure_rate * 100) + "% of the last " + std::to_string(samples) + " calls failed";
  if (mean_latency) text += ", good ones took " + seconds(to_seconds(*mean_latency));
  return text;
}

std::string ramp_text(RampChange change, double share, std::uint32_t hold, std::uint64_t calls,
                      std::uint64_t failed) {
  const std::string seen = ": " + std::to_string(failed) + " of " + std::to_string(calls) + " failed";
  const std::string part = rounded(share * 100) + "% of the calls";
  switch (change) {
    case RampChange::grew:
      return "admits " + part + seen + " at the share before";
    case RampChange::fell:
      return "falls back to " + part + " for " + std::to_string(hold) + (hold == 1 ? " step" : " steps") +
             seen;
    case RampChange::over:
      break;
  }
  return "admits all calls again" + seen;
}

std::string level_text(const LevelChange& change) {
  const std::string way =
      "from " + std::string(to_string(change.from)) + " to " + std::string(to_string(change.to));
  switch (change.cause) {
    case LevelCause::escalated:
      return "goes " + way + ": " + std::to_string(change.failed) + " of " + std::to_string(change.calls) +
             " failed, " + rounded(change.failure_rate() * 100) + "% is above " +
             rounded(change.escalate_above * 100) + "%";
    case LevelCause::calm:
      return "comes down " + way + ": it was closed for " + seconds(to_seconds(change.calm));
    case LevelCause::operator_command:
      return "goes back " + way + ": by an operator";
    case LevelCause::restored:
      break;
  }
  return "goes " + way + ": as it was saved";
}

}  // namespace switchgear
