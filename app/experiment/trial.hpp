// Two policies on the same traffic, block by block, and what can be said of them.
#pragma once

#include <cstdint>
#include <optional>

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
};

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

/// A verdict, once it is there, stays. Blocks in which one of the arms has no call are added to the next.
///
/// Rates are compared by betting on the difference of each block, which needs no normal approximation: calls
/// of one block may depend on each other as they like. Mean latencies by a mixture sequential probability
/// ratio test, which needs many blocks. Each has half of `alpha`. That the calls are divided as they should
/// be is tested by chi-square (p < 0.001), harm by a one-sided cumulative sum of standardised differences.
class Trial {
 public:
  explicit Trial(const TrialOptions& options) noexcept : options_(options) {}

  void add(const Block& current, const Block& candidate);
  [[nodiscard]] Finding finding() const;

  /// Blocks within which a difference is found in 9 of 10 trials: of blocks with so many calls in each arm, a
  /// rate of bad calls, and a difference of the rates.
  [[nodiscard]] static double blocks_needed(double rate, double difference, double calls, double alpha);

 private:
  void judge(const Block& current, const Block& candidate);
  void watch_for_harm(const Block& current, const Block& candidate) noexcept;
  [[nodiscard]] bool divided_wrongly() const noexcept;

  const TrialOptions options_;
  Block waiting_current_, waiting_candidate_;
  Block current_, candidate_;  ///< all of them
  BettingInterval rates_;
  std::uint64_t blocks_ = 0;
  double latency_mean_ = 0, latency_squares_ = 0;  ///< of the differences of the blocks
  double rate_squares_ = 0;                        ///< of the differences of the rates
  double harm_ = 0;
  Verdict verdict_ = Verdict::not_enough_data;
  std::optional<Verdict> latency_verdict_;
};

}  // namespace switchgear::experiment
