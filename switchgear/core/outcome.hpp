// How one call ended: the verdict the policies act on, the type the counters sort failures by.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// `ignored` is neither: cancelled by the caller, an excluded error, a permit dropped unrecorded.
enum class Verdict : std::uint8_t { success, failure, ignored };

/// What kind of failure it was. Read only when the verdict is `failure`.
enum class FailureType : std::uint8_t { timeout, connection_error, http_error, exception, slow_response };

inline constexpr std::array failure_types{FailureType::timeout, FailureType::connection_error,
                                          FailureType::http_error, FailureType::exception,
                                          FailureType::slow_response};

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 3> names{"success", "failure", "ignored"};
  return names[static_cast<std::size_t>(verdict)];
}

[[nodiscard]] constexpr std::string_view to_string(FailureType type) noexcept {
  constexpr std::array<std::string_view, failure_types.size()> names{
      "timeout", "connection_error", "http_error", "exception", "slow_response"};
  return names[static_cast<std::size_t>(type)];
}

/// Whether another attempt may end better. A verdict does not always say: a 429 is no failure of the server
/// and worth another try; a 501 is one, and will be one again.
enum class Repeat : std::uint8_t {
  by_verdict,  ///< a failure is worth another attempt, a success is not
  worthwhile,
  pointless,
};

/// The end of one call.
struct Outcome {
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;
  /// From the call's start to its end; a negative one is read as zero.
  Duration latency{};
  /// The wait that the server itself asked for (`Retry-After` of a 429 or 503).
  std::optional<Duration> retry_after{};
  Repeat repeat = Repeat::by_verdict;

  [[nodiscard]] constexpr bool worth_repeating() const noexcept {
    return repeat == Repeat::by_verdict ? verdict == Verdict::failure : repeat == Repeat::worthwhile;
  }

  /// A success that is not worth repeating. Others (a 429, for example) are neither worth storing nor a
  /// measure of how long calls take.
  [[nodiscard]] constexpr bool is_good() const noexcept {
    return verdict == Verdict::success && repeat != Repeat::worthwhile;
  }

  [[nodiscard]] static constexpr Outcome success(Duration latency) noexcept {
    return {Verdict::success, FailureType::exception, latency, std::nullopt};
  }
  [[nodiscard]] static constexpr Outcome failure(FailureType type, Duration latency) noexcept {
    return {Verdict::failure, type, latency, std::nullopt};
  }
  [[nodiscard]] static constexpr Outcome ignored(Duration latency = Duration::zero()) noexcept {
    return {Verdict::ignored, FailureType::exception, latency, std::nullopt};
  }
};

}  // namespace switchgear
