// Two policies on the same traffic, block by block, and what can be said of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "app/experiment/betting.hpp"

namespace switchgear::experiment {

enum class Verdict : std::uint8_t {
  not_enough_data,
  better,   ///< the candidate has fewer bad calls, surely
  worse,    ///< it has more
  harmful,  ///< so many more, so soon, that it must be stopped (guardrail)
  invalid,  ///< the calls were not divided as they should have been: nothing can be said
};

[[nodiscard]] const char* to_string(Verdict verdict) noexcept;

/// The calls of one arm in one block of time.
struct Block {
  std::uint64_t calls = 0;
  std::uint64_t bad = 0;  ///< failed or refused, as their callers saw it
  double seconds = 0;     ///< all calls took together

  friend Block operator+(const Block& one, const Block& other) noexcept {
    return {one.calls + other.calls, one.bad + other.bad, one.seconds + other.seconds};
  }
  friend Block operator-(const Block& later, const Block& earlier) noexcept {
    return {later.calls - earlier.calls, later.bad - earlier.bad, later.seconds - earlier.seconds};
  }
};

/// The calls of one arm, all blocks together, whose values a hash puts into the same one of some groups.
struct Group {
  std::uint64_t calls = 0;
  std::uint64_t bad = 0;
};
inline constexpr std::size_t groups_of_values = 64;

/// Of a trial that divides by a value, such as a user: blocks alone cannot tell policies that differ from
/// users that do, because a user who has failures in each block stays in one arm.
struct Spread {
  std::uint64_t current_values = 0, candidate_values = 0;  ///< different ones, of a sample
  std::optional<double> score;                             ///< see score_of()
};

/// The difference of the rates of bad calls, candidate less current, in standard errors as they follow from
/// how much the groups of each arm differ among themselves. Nothing as long as an arm has fewer than 8 groups
/// with calls: of so few values nothing can be said.
[[nodiscard]] std::optional<double> score_of(std::span<const Group> current,
                                             std::span<const Group> candidate) noexcept;

struct TrialOptions {
  double candidate_share = 0.5;  ///< of the calls; (0, 1)
  double alpha = 0.05;           ///< probability of ever saying `better` or `worse` when nothing differs
};

/// What is known so far.
struct Finding {
  Verdict verdict = Verdict::not_enough_data;
  std::uint64_t blocks = 0;
  double current_rate = 0, candidate_rate = 0;  ///< of bad calls
  Where difference{};                           ///< candidate less current, of the rates; valid at any time
  double current_latency = 0, candidate_latency = 0;  ///< means, in seconds
  /// Whether the mean latencies differ, from 200 blocks on; a note beside the verdict.
  std::optional<Verdict> latency;
};

/// A verdict, once it is there, stays; but a candidate that is worse may turn out to be harmful. Blocks in
/// which one of the arms has no call are added to the next.
///
/// Rates are compared by betting on the difference of each block, which needs no normal approximation: calls
/// of one block may depend on each other as they like. Mean latencies by a mixture sequential probability
/// ratio test, which needs many blocks. Each has half of `alpha`. Harm is found by a one-sided cumulative sum
/// of standardised differences. Of a trial that divides by values: that these are divided as they should be
/// is tested by chi-square (p < 0.001) each time that their number has doubled, and not the calls, of which
/// one value may have any number; and there is no `better` or `worse` before the groups of values agree. With
/// too few values to say so, harm is believed all the same.
class Trial {
 public:
  explicit Trial(const TrialOptions& options) noexcept : options_(options) {}

  /// `spread`: of all blocks, this one included; null if the trial divides by nothing but time.
  void add(const Block& current, const Block& candidate, const Spread* spread = nullptr);
  [[nodiscard]] Finding finding() const;

  /// Blocks within which a difference is found in 9 of 10 trials: of blocks with so many calls in each arm, a
  /// rate of bad calls, and a difference of the rates.
  [[nodiscard]] static double blocks_needed(double rate, double difference, double calls, double alpha);

 private:
  void judge(const Block& current, const Block& candidate, const Spread* spread);
  void watch_for_harm(const Block& current, const Block& candidate) noexcept;
  [[nodiscard]] bool divided_wrongly(const Spread& spread) noexcept;

  static constexpr std::uint64_t least_values = 64;

  const TrialOptions options_;
  Block waiting_current_, waiting_candidate_;
  Block current_, candidate_;  ///< all of them
  BettingInterval rates_;
  std::uint64_t blocks_ = 0;
  double latency_mean_ = 0, latency_squares_ = 0;  ///< of the differences of the blocks
  double rate_squares_ = 0;                        ///< of the differences of the rates
  double harm_ = 0;
  std::uint64_t next_values_ = least_values;  ///< when it is looked again at how they are divided
  Verdict verdict_ = Verdict::not_enough_data;
  std::optional<Verdict> latency_verdict_;
};

}  // namespace switchgear::experiment
