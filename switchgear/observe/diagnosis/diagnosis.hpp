// observe/diagnosis: why a breaker is as it is, and what an operator does about it. Pure: from a circuit's
// past and present to a value. Never here: deciding about a call, reading a store or a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/observe/diagnosis/facts.hpp"

namespace switchgear {

/// Where a diagnosis or a report has its past from.
enum class PastFrom : std::uint8_t {
  history,  ///< samples and transitions that were kept
  memory,   ///< a running program's totals since it started, and its last transitions
};

[[nodiscard]] constexpr std::string_view to_string(PastFrom from) noexcept {
  return from == PastFrom::history ? "history" : "memory";
}

/// One rule of the table that holds.
struct Finding {
  std::string_view rule;
  std::string cause;
  std::string action;
  std::string_view page;  ///< of docs/runbooks, without `.md`
};

struct Diagnosis {
  PastFrom past = PastFrom::history;
  Facts facts;
  std::vector<Finding> findings;  ///< the most urgent first; empty if no problem was found

  /// What to do first.
  [[nodiscard]] std::optional<std::string> recommendation() const;
};

/// `history`: of `span`, which ends now.
[[nodiscard]] Diagnosis diagnose(const CircuitHistory& history, const figures::Span& span,
                                 CircuitPresent present, PastFrom past);

/// `From the stored history.`, or what is missing without one.
[[nodiscard]] std::string past_text(const Diagnosis& diagnosis);

/// For a terminal; ends with a newline. Names in it cannot steer one.
[[nodiscard]] std::string diagnosis_text(const Diagnosis& diagnosis);

}  // namespace switchgear
