#include "switchgear/policy/retry_budget.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const RetryBudgetOptions& options) {
  OptionChecker check;
  check.want(options.ratio >= 0 && options.ratio <= 10, "ratio", OptionChecker::number(options.ratio),
             "a ratio from 0 to 10");
  check.want(options.min_per_second >= 0 && options.min_per_second <= 1'000'000, "min_per_second",
             OptionChecker::number(options.min_per_second), "a number from 0 to 1000000");
  check.between("min_concurrency", options.min_concurrency, 0, 1'000'000);
  return check.take();
}

RetryBudget::RetryBudget(std::string name, const RetryBudgetOptions& options)
    : free_(options.min_per_second * 10), name_(std::move(name)), options_(options) {
  require_valid("retry budget", name_, validate(options));
}

std::optional<RetryBudget::InFlight> RetryBudget::try_spend(TimePoint now) noexcept {
  std::optional<InFlight> granted;
  if (options_.mode == BudgetMode::concurrent) {
    granted = in_flight_.try_retry([this](RetriesInFlight::Counts with_it) { return allows(with_it); });
  } else if (try_spend_window(now)) {
    granted.emplace();
  }
  (granted ? granted_ : refused_).fetch_add(1, std::memory_order_relaxed);
  return granted;
}

bool RetryBudget::allows(RetriesInFlight::Counts counts) const noexcept {
  if (counts.retries <= options_.min_concurrency) return true;
  return counts.calls > 0 &&
         static_cast<double>(counts.retries) / static_cast<double>(counts.calls) <= options_.ratio;
}

bool RetryBudget::try_spend_window(TimePoint now) noexcept {
  const std::uint64_t bucket = calls_.bucket_of(now);
  const std::scoped_lock lock(mutex_);
  if (bucket > current_) move_to_locked(bucket);
  if (!covers(retries_ + 1, closed_calls_ + current_calls_)) {
    // Only now is it worth reading what other threads are writing to.
    current_calls_ = calls_.in(current_);
    if (!covers(retries_ + 1, closed_calls_ + current_calls_)) return false;
  }
  ++retries_;
  ++retries_by_bucket_[current_ % ring];
  return true;
}

RetryBudgetSnapshot RetryBudget::snapshot(TimePoint now) const noexcept {
  RetryBudgetSnapshot seen;
  if (options_.mode == BudgetMode::concurrent) {
    look_at_flight(seen);
  } else {
    look_at_window(now, seen);
  }
  seen.totals = {granted_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
  return seen;
}

void RetryBudget::look_at_flight(RetryBudgetSnapshot& seen) const noexcept {
  RetriesInFlight::Counts counts = in_flight_.counts();
  seen.calls = counts.calls;
  seen.retries = counts.retries;
  // The estimate is off by one at most, by rounding; allows() has the last word.
  const auto share = static_cast<std::uint32_t>(options_.ratio * static_cast<double>(counts.calls));
  counts.retries = std::max(share + 1, options_.min_concurrency);
  while (counts.retries > 0 && !allows(counts)) --counts.retries;
  seen.left = counts.retries - std::min<std::uint64_t>(counts.retries, seen.retries);
}

void RetryBudget::look_at_window(TimePoint now, RetryBudgetSnapshot& seen) const noexcept {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t bucket = std::max(calls_.bucket_of(now), current_);
  seen.calls = closed_calls_at_locked(bucket) + calls_.in(bucket);
  seen.retries = retries_at_locked(bucket);
  // The estimate is off by one at most, by rounding; covers() has the last word.
  const double most = options_.ratio * static_cast<double>(seen.calls) + free_;
  auto allowed = static_cast<std::uint64_t>(most);
  if (covers(allowed + 1, seen.calls)) ++allowed;
  if (!covers(allowed, seen.calls)) --allowed;
  seen.left = allowed - std::min(allowed, seen.retries);
}

/// Divides instead of multiplying: 29 / 100 is the very double that 0.29 was read as, 0.29 · 100 is not 29.
bool RetryBudget::covers(std::uint64_t retries, std::uint64_t calls) const noexcept {
  const double unpaid = static_cast<double>(retries) - free_;
  return unpaid <= 0 || (calls > 0 && unpaid / static_cast<double>(calls) <= options_.ratio);
}

/// Those in buckets before `bucket`. One that is over stays as it was summed then: what a slow thread adds
/// later is not counted, which is safe.
std::uint64_t RetryBudget::closed_calls_at_locked(std::uint64_t bucket) const noexcept {
  std::uint64_t sum = 0;
  for (std::uint64_t b = bucket + 1 - std::min(bucket, surely_inside); b < bucket; ++b)
    sum += b < current_ ? closed_by_bucket_[b % ring] : calls_.in(b);
  return sum;
}

std::uint64_t RetryBudget::retries_at_locked(std::uint64_t bucket) const noexcept {
  std::uint64_t sum = 0;
  const std::uint64_t last = std::min(bucket, current_);
  for (std::uint64_t b = bucket + 1 - std::min(bucket, maybe_inside); b <= last; ++b)
    sum += retries_by_bucket_[b % ring];
  return sum;
}

/// Costs some hundred loads, once a bucket.
void RetryBudget::move_to_locked(std::uint64_t bucket) noexcept {
  const std::uint64_t ahead = std::min<std::uint64_t>(bucket - current_, ring);
  // Read before `current_` moves, behind which the buckets count as closed.
  for (std::uint64_t b = bucket - ahead; b < bucket; ++b) closed_by_bucket_[b % ring] = calls_.in(b);
  for (std::uint64_t b = bucket + 1 - ahead; b <= bucket; ++b) retries_by_bucket_[b % ring] = 0;
  current_ = bucket;
  // One reading of the current bucket, not the difference of two: calls go on meanwhile, and one that comes
  // between the two would count twice.
  current_calls_ = calls_.in(bucket);
  closed_calls_ = closed_calls_at_locked(bucket);
  retries_ = retries_at_locked(bucket);
}

}  // namespace switchgear
