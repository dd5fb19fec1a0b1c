// What several policies come to over the same calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/lab/compare/calls.hpp"
#include "app/lab/compare/outages.hpp"
#include "app/lab/compare/simulation.hpp"

namespace switchgear::lab {

/// What the breaker made of the outages.
struct Notice {
  std::uint64_t opened = 0;    ///< closed → open
  std::uint64_t doubtful = 0;  ///< of these, at a time that lies in no outage
  std::uint64_t noticed = 0;   ///< outages in which it was open at some time
  /// Of the noticed outages: from an outage's start until it was open; 0 if it was open already.
  std::optional<Duration> median, longest;
};

struct Judged {
  Course course;
  Notice notice;
};

/// One policy. Where the trace has calls of unknown outcome, the truth lies between the two.
struct Arm {
  std::string policy;
  bool has_breaker = false;
  bool has_values = false;       ///< breakers by value
  Judged if_good;                ///< had they succeeded
  std::optional<Judged> if_bad;  ///< had they failed; unset: every outcome is known
};

struct Comparison {
  std::size_t calls = 0;
  std::uint64_t failed = 0;   ///< as the trace has it
  std::uint64_t unknown = 0;  ///< calls that were refused while it was recorded
  std::size_t values = 0;     ///< how many different ones the calls have
  bool by_value = false;      ///< played with breakers for them
  TimePoint begin{}, end{};   ///< starts of the first and the last call
  std::vector<Outage> outages;
  std::vector<Arm> arms;
};

/// The first moment in the outage at which the breaker was open.
[[nodiscard]] std::optional<TimePoint> first_open(const std::vector<StateChange>& changes,
                                                  const Outage& outage);

[[nodiscard]] Notice judge(const Course& course, const std::vector<Outage>& outages);

/// Precondition: the policies are valid, and there is at least one.
[[nodiscard]] Comparison compare(const std::vector<analysis::Policy>& policies, const Setting& setting,
                                 const Calls& calls, std::uint64_t seed, Progress& progress);

}  // namespace switchgear::lab
