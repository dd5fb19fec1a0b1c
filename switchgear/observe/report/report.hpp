// observe/report: what happened to one circuit in a span, as one value; and that value as text and as an HTML
// page that needs nothing else. Pure. Never here: JSON (admin/report_json.hpp), a store, a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/diagnosis/diagnosis.hpp"

namespace switchgear {

/// A point of a report's curves. Rates are per second.
struct ReportPoint {
  figures::Wall from{};
  Duration length{};
  double successes = 0;
  double failures = 0;
  double refused = 0;
  std::optional<Duration> p50, p95, p99;
};

struct StateStretch {
  State state = State::closed;
  figures::Span span;
};

/// Of a multi-level breaker within a span.
struct LevelsOfSpan {
  std::uint64_t escalations = 0, descents = 0;
  Duration at_critical{}, at_emergency{};
  BreakerLevel last = BreakerLevel::warning;
};

struct Report {
  figures::Span span;
  CircuitSample totals;  ///< of the span
  Diagnosis diagnosis;   ///< its facts have the figures
  std::vector<ReportPoint> course;
  std::vector<StateStretch> states;           ///< without the time in which nothing was recorded
  std::vector<LoggedTransition> transitions;  ///< oldest first
  std::optional<LevelsOfSpan> levels;         ///< if it has any, and they are known

  [[nodiscard]] const figures::Figures& figures() const noexcept { return diagnosis.facts.figures; }
  [[nodiscard]] PastFrom past() const noexcept { return diagnosis.past; }
  [[nodiscard]] const CircuitPresent& present() const noexcept { return diagnosis.facts.present; }
};

/// So many points at most; neighbouring samples are added up.
inline constexpr std::size_t most_report_points = 240;

/// The curves of a circuit's past, in most_report_points at most.
[[nodiscard]] std::vector<ReportPoint> course_of(std::span<const CircuitSample> samples,
                                                 const figures::Span& span);

/// `history`: of `span`, which ends now.
[[nodiscard]] Report make_report(const CircuitHistory& history, const figures::Span& span,
                                 CircuitPresent present, PastFrom past);

/// For a terminal; ends with a newline. Names in it cannot steer one.
[[nodiscard]] std::string report_text(const Report& report);

/// One file with its styles and charts, without scripts and without anything from elsewhere: light or dark as
/// the reader's system is, from 360 px on, printable. Names in it are text, never markup.
[[nodiscard]] std::string report_html(const Report& report);

}  // namespace switchgear
