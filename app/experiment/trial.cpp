#include "app/experiment/trial.hpp"

#include <algorithm>
#include <cmath>

namespace switchgear::experiment {

namespace {

/// From here on the estimated variance is good enough for a test that takes it as known.
constexpr std::uint64_t least_for_latency = 200;
/// In standard deviations: what a block must be off before it counts towards harm, and how much of that adds
/// up to an alarm. Without a difference, an alarm comes once in tens of thousands of blocks.
/// No block counts for more than `most_of_block`: where bad calls are rare, a single one is many deviations.
constexpr double harmless = 0.5, most_of_block = 2, harm_limit = 9;
/// Of chi-square with one degree of freedom, for p = 0.001.
constexpr double chi_square_limit = 10.828;

/// Of the groups of values, in standard errors, before a difference of the arms is believed.
constexpr double least_score = 3;
constexpr std::size_t least_groups = 8;

double rate(const Block& block) noexcept {
  return block.calls == 0 ? 0 : static_cast<double>(block.bad) / static_cast<double>(block.calls);
}
double latency(const Block& block) noexcept {
  return block.calls == 0 ? 0 : block.seconds / static_cast<double>(block.calls);
}

/// A rate of bad calls, and the variance of it as of a ratio whose parts are drawn group by group.
struct Estimate {
  double rate = 0, variance = 0;
  std::size_t groups = 0;
};

Estimate estimate_of(std::span<const Group> groups) noexcept {
  Estimate made;
  double calls = 0, bad = 0, squares = 0;
  for (const Group& group : groups) {
    calls += static_cast<double>(group.calls);
    bad += static_cast<double>(group.bad);
    if (group.calls != 0) ++made.groups;
  }
  if (made.groups < least_groups) return made;
  made.rate = bad / calls;
  for (const Group& group : groups) {
    const double off = static_cast<double>(group.bad) - made.rate * static_cast<double>(group.calls);
    squares += off * off;
  }
  const auto count = static_cast<double>(made.groups);
  made.variance = count / (count - 1) * squares / (calls * calls);
  return made;
}

}  // namespace

std::optional<double> score_of(std::span<const Group> current, std::span<const Group> candidate) noexcept {
  const Estimate one = estimate_of(current), other = estimate_of(candidate);
  const double variance = one.variance + other.variance;
  if (one.groups < least_groups || other.groups < least_groups) return std::nullopt;
  // All calls good, or all bad, in both arms: only a difference of nothing and everything has no variance.
  if (!(variance > 0)) return (other.rate - one.rate) * 100;
  return (other.rate - one.rate) / std::sqrt(variance);
}

const char* to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::worse:
      return "worse";
    case Verdict::harmful:
      return "harmful";
    case Verdict::invalid:
      return "invalid";
    case Verdict::not_enough_data:
      break;
  }
  return "not_enough_data";
}

void Trial::add(const Block& current, const Block& candidate, const Spread* spread) {
  current_ = current_ + current;
  candidate_ = candidate_ + candidate;
  waiting_current_ = waiting_current_ + current;
  waiting_candidate_ = waiting_candidate_ + candidate;
  if (waiting_current_.calls == 0 || waiting_candidate_.calls == 0) return;
  judge(waiting_current_, waiting_candidate_, spread);
  waiting_current_ = waiting_candidate_ = {};
}

void Trial::judge(const Block& current, const Block& candidate, const Spread* spread) {
  ++blocks_;
  const double difference = rate(candidate) - rate(current);
  rates_.add(difference);

  watch_for_harm(current, candidate);
  const auto count = static_cast<double>(blocks_);
  const double delta = latency(candidate) - latency(current) - latency_mean_;
  latency_mean_ += delta / count;
  latency_squares_ += delta * (latency(candidate) - latency(current) - latency_mean_);

  const double score = spread == nullptr ? 0 : spread->score.value_or(0);
  const bool blocks_suffice = spread == nullptr;
  const bool is_harm = blocks_suffice || !spread->score || score >= least_score;
  if (harm_ > harm_limit && is_harm && (verdict_ == Verdict::not_enough_data || verdict_ == Verdict::worse))
    verdict_ = Verdict::harmful;
  if (verdict_ != Verdict::not_enough_data) return;
  const Where where = rates_.at(options_.alpha / 2);
  if (spread != nullptr && divided_wrongly(*spread)) {
    verdict_ = Verdict::invalid;
  } else if (where.high < 0 && (blocks_suffice || score <= -least_score)) {
    verdict_ = Verdict::better;
  } else if (where.low > 0 && (blocks_suffice || score >= least_score)) {
    verdict_ = Verdict::worse;
  }
  if (latency_verdict_ || blocks_ < least_for_latency) return;
  const double spread_of_latency = std::sqrt(latency_squares_ / (count - 1));
  if (log_mixture_ratio(count, latency_mean_, latency_squares_ / (count - 1), 0.1 * spread_of_latency) >=
      std::log(2 / options_.alpha))
    latency_verdict_ = latency_mean_ < 0 ? Verdict::better : Verdict::worse;
}

/// Calls of one block may fail together, so the binomial variance alone would be too small.
void Trial::watch_for_harm(const Block& current, const Block& candidate) noexcept {
  const double difference = rate(candidate) - rate(current);
  const double together = rate(current + candidate);
  const double binomial = together * (1 - together) *
                          (1 / static_cast<double>(current.calls) + 1 / static_cast<double>(candidate.calls));
  const double seen = blocks_ > 1 ? rate_squares_ / static_cast<double>(blocks_ - 1) : 0;
  const double variance = std::max(binomial, seen);
  if (variance > 0)
    harm_ = std::max(0.0, harm_ + std::min(difference / std::sqrt(variance), most_of_block) - harmless);
  rate_squares_ += difference * difference;
}

/// At a few numbers of values only: a test of p < 0.001 after every block would fail far more often than
/// that.
bool Trial::divided_wrongly(const Spread& spread) noexcept {
  const std::uint64_t values = spread.current_values + spread.candidate_values;
  if (values < next_values_) return false;
  while (next_values_ <= values) next_values_ *= 2;
  const auto all = static_cast<double>(values);
  const double expected = all * options_.candidate_share;
  const double off = static_cast<double>(spread.candidate_values) - expected;
  return off * off / expected + off * off / (all - expected) > chi_square_limit;
}

Finding Trial::finding() const {
  Finding finding;
  finding.verdict = verdict_;
  finding.blocks = blocks_;
  finding.current_rate = rate(current_);
  finding.candidate_rate = rate(candidate_);
  finding.difference = rates_.at(options_.alpha / 2);
  finding.current_latency = latency(current_);
  finding.candidate_latency = latency(candidate_);
  finding.latency = latency_verdict_;
  return finding;
}

double Trial::blocks_needed(double rate, double difference, double calls, double alpha) {
  const double variance = 2 * rate * (1 - rate) / calls;
  return 20 + 5 * std::log(4 / alpha) * variance / (difference * difference);
}

}  // namespace switchgear::experiment
