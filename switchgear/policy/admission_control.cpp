#include "switchgear/policy/admission_control.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

namespace {

constexpr Duration shortest = std::chrono::seconds{1};
constexpr Duration longest = std::chrono::hours{1};

/// 16 to 31 whole buckets fit into the window.
int bucket_bits(Duration window) noexcept {
  const Duration held = std::clamp(window, shortest, longest);
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(held.count() / 16))) - 1;
}

/// Calls that are more than the successes account for; above 0: some are refused.
double unaccounted(const AdmissionControlOptions& options, std::uint64_t calls,
                   std::uint64_t successes) noexcept {
  return static_cast<double>(calls) - static_cast<double>(successes) / options.success_rate;
}

}  // namespace

std::vector<OptionProblem> validate(const AdmissionControlOptions& options) {
  OptionChecker check;
  check.ratio_above_zero("success_rate", options.success_rate);
  check.want(options.aggression >= 1 && options.aggression <= 100, "aggression",
             OptionChecker::number(options.aggression), "a number from 1 to 100");
  check.want(options.window >= shortest && options.window <= longest, "window",
             OptionChecker::seconds(options.window), "from 1s to 1h");
  check.ratio_above_zero("max_rejection", options.max_rejection);
  check.want(options.min_per_second >= 0 && options.min_per_second <= 1'000'000, "min_per_second",
             OptionChecker::number(options.min_per_second), "a number from 0 to 1000000");
  return check.take();
}

double rejection_share(const AdmissionControlOptions& options, std::uint64_t calls,
                       std::uint64_t successes) noexcept {
  const auto all = static_cast<double>(calls);
  if (all < options.min_per_second * to_seconds(options.window)) return 0;
  const double share = unaccounted(options, calls, successes) / (all + 1);
  if (!(share > 0)) return 0;
  return std::min(options.aggression == 1 ? share : std::pow(share, 1 / options.aggression),
                  options.max_rejection);
}

AdmissionControl::AdmissionControl(std::string name, const AdmissionControlOptions& options,
                                   std::uint64_t seed)
    : successes_(bucket_bits(options.window)),
      failures_(bucket_bits(options.window)),
      seed_(seed),
      buckets_(static_cast<std::uint64_t>(options.window.count()) >> bucket_bits(options.window)),
      options_(options),
      name_(std::move(name)) {
  require_valid("admission control", name_, validate(options_));
}

void AdmissionControl::record(const Outcome& outcome, TimePoint now) noexcept {
  switch (outcome.verdict) {
    case Verdict::ignored:
      return;
    case Verdict::success:
      successes_.add(now);
      // Without one more failure, a share of 0 stays 0 until a bucket leaves the window.
      if (!successes_matter_.load(std::memory_order_relaxed)) [[likely]]
        return;
      break;
    case Verdict::failure:
      failures_.add(now);
      break;
  }
  news_.fetch_add(1, std::memory_order_seq_cst);
  look_again(now);
}

/// Why no result is forgotten: a thread books, counts `news_` up, and then finds another at work. That one
/// reads `news_` after it has stopped, and all four steps are in the one order of sequentially consistent
/// operations. So it either had read the count before it added up, or finds it changed and sends the next
/// caller here.
void AdmissionControl::look_again(TimePoint now) noexcept {
  if (at_work_.exchange(true, std::memory_order_seq_cst)) return;
  const std::uint64_t known = news_.load(std::memory_order_seq_cst);
  work_out(now);
  at_work_.store(false, std::memory_order_seq_cst);
  if (news_.load(std::memory_order_seq_cst) != known) look_at_.store(at_once, std::memory_order_relaxed);
}

void AdmissionControl::work_out(TimePoint now) noexcept {
  const std::uint64_t bucket = std::max(current_, successes_.bucket_of(now));
  if (bucket != current_) {
    current_ = bucket;
    closed_successes_ = successes_.in_last(buckets_ - 1, bucket - 1);
    closed_failures_ = failures_.in_last(buckets_ - 1, bucket - 1);
  }
  const std::uint64_t failed = closed_failures_ + failures_.in(bucket);
  const std::uint64_t succeeded = closed_successes_ + successes_.in(bucket);
  successes_matter_.store(unaccounted(options_, failed + succeeded, succeeded) > 0,
                          std::memory_order_relaxed);
  share_.store(rejection_share(options_, failed + succeeded, succeeded), std::memory_order_relaxed);
  look_at_.store(failed == 0 ? never : ticks_of(successes_.end_of(bucket)), std::memory_order_relaxed);
}

bool AdmissionControl::drawn_for_refusal(double share) noexcept {
  return Random::at(seed_, drawn_.fetch_add(1, std::memory_order_relaxed)).uniform() < share;
}

void AdmissionControl::tell_rejected(TimePoint now) noexcept {
  events_.on_rejected(
      {{name_, PolicyKind::admission, now}, Rejection{Reason::throttled, name_, std::nullopt}});
}

AdmissionControlSnapshot AdmissionControl::snapshot(TimePoint now) const noexcept {
  const std::uint64_t bucket = successes_.bucket_of(now);
  AdmissionControlSnapshot seen;
  seen.successes = successes_.in_last(buckets_, bucket);
  seen.failures = failures_.in_last(buckets_, bucket);
  seen.rejection_share =
      switchgear::rejection_share(options_, seen.successes + seen.failures, seen.successes);
  seen.totals = {tally_.sum(admitted), tally_.sum(rejected)};
  return seen;
}

}  // namespace switchgear
