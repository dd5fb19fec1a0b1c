// W3C Trace Context (https://www.w3.org/TR/trace-context-1/): how services tell each other which request a
// call belongs to. Values and their text; never here: where headers come from, what is recorded of a trace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/core/random.hpp"

namespace switchgear::telemetry {

/// 16 bytes, as two numbers; all zero: none.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] constexpr bool valid() const noexcept { return (high | low) != 0; }
  friend bool operator==(const TraceId&, const TraceId&) = default;
};

/// 8 bytes, as one number; zero: none.
struct SpanId {
  std::uint64_t value = 0;

  [[nodiscard]] constexpr bool valid() const noexcept { return value != 0; }
  friend bool operator==(const SpanId&, const SpanId&) = default;
};

/// What a `traceparent` says: the trace, and the span of the sender within it.
struct TraceContext {
  static constexpr std::uint8_t sampled_flag = 1;
  static constexpr std::uint8_t random_flag = 2;  ///< of level 2: the trace's last seven bytes are random

  TraceId trace;
  SpanId span;
  std::uint8_t flags = 0;  ///< of those above; others are not passed on

  [[nodiscard]] constexpr bool sampled() const noexcept { return (flags & sampled_flag) != 0; }
  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

inline constexpr std::size_t traceparent_size = 55;
using TraceparentText = std::array<char, traceparent_size>;

/// Empty when the value must not be used: malformed, capital letters, version ff, an id of zeros, or more
/// than version 00 has. Of a later version the first 55 characters are read, if it goes on with `-` or ends
/// there.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept;

/// As version 00.
[[nodiscard]] TraceparentText traceparent_of(const TraceContext& context) noexcept;

/// Lower-case hex digits, as OTLP and `traceparent` write ids.
[[nodiscard]] std::array<char, 32> hex_of(TraceId id) noexcept;
[[nodiscard]] std::array<char, 16> hex_of(SpanId id) noexcept;

/// A list with more members than this must not be passed on.
inline constexpr std::size_t most_tracestate_members = 32;

/// The number of members of one `tracestate` line; empty members are allowed and not counted. Empty when the
/// line is malformed: then the whole `tracestate` must be dropped. Lines of one message are one list: their
/// numbers add up.
[[nodiscard]] std::optional<std::size_t> tracestate_members(std::string_view value) noexcept;

/// Makes ids that are never zero. Ids of two processes differ if their seeds come from the system's entropy.
/// Not secret. Threads: one at a time.
class TraceIds {
 public:
  constexpr TraceIds(std::uint64_t seed, std::uint64_t other_seed) noexcept : high_(seed), low_(other_seed) {}

  constexpr TraceId next_trace() noexcept { return {high_.next(), next_span().value}; }
  constexpr SpanId next_span() noexcept {
    for (;;) {
      if (const std::uint64_t drawn = low_.next(); drawn != 0) return {drawn};
    }
  }

 private:
  Random high_;
  Random low_;
};

}  // namespace switchgear::telemetry
