// Traces that prove makes itself: as entries that `switchgear replay` plays, and as the lines it reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/lab/trace.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear::prove {

using Trace = std::vector<lab::TraceEntry>;

/// Longer traces are neither made nor played: what they would show is then said without one.
inline constexpr std::size_t most_lines = 5'000;
/// No instant of a trace is later, so that no sum of two overflows.
inline constexpr Duration latest = std::chrono::seconds{4'000'000'000};

/// What a breaker did with a trace, through the same code as `switchgear replay`.
struct Played {
  std::vector<Transition> transitions;
  // When it first opened; 0: it never did.
  std::size_t ended = 0;     ///< calls that had ended, and checks that had their answer
  std::size_t begun = 0;     ///< calls that had asked for a permit
  std::size_t admitted = 0;  ///< and had one
  State end = State::closed;

  [[nodiscard]] const Transition* first(State to) const noexcept;
  [[nodiscard]] bool opened() const noexcept { return first(State::open) != nullptr; }
};

/// Precondition: the options are valid, and times in the trace do not run backwards.
[[nodiscard]] Played play(const CircuitBreakerOptions& options, const Trace& trace);

/// One line of a trace, as JSON without a line's end.
[[nodiscard]] std::string to_line(const lab::TraceEntry& entry);
/// The whole file.
[[nodiscard]] std::string to_lines(const Trace& trace);

[[nodiscard]] lab::TraceEntry call(TimePoint at, Duration latency, Verdict verdict,
                                   FailureType type = FailureType::http_error);
[[nodiscard]] lab::TraceEntry acquire(TimePoint at, std::size_t number);
[[nodiscard]] lab::TraceEntry command(TimePoint at, Command command);
[[nodiscard]] lab::TraceEntry check(TimePoint at, CheckAnswer answer, const HealthRows& rows);

}  // namespace switchgear::prove
