#include "switchgear/analysis/breaker_outlook.hpp"

#include <algorithm>
#include <cmath>

#include "switchgear/analysis/worst_latency.hpp"
#include "switchgear/core/duration_text.hpp"
#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/wilson.hpp"

namespace switchgear::analysis {

namespace {

constexpr std::size_t most_openings = 8;
/// The delays before more retries than this are not added up: the rest counts as no time.
constexpr std::uint32_t most_followed = 1000;

/// The least k of n for which k / n ≥ share, as the breaker itself divides.
std::uint64_t least_share(std::uint64_t n, double share) {
  const auto whole = static_cast<double>(n);
  auto k = static_cast<std::uint64_t>(std::ceil(share * whole));
  while (k > 0 && static_cast<double>(k - 1) / whole >= share) --k;
  while (k < n && static_cast<double>(k) / whole < share) ++k;
  return k;
}

/// The least failures of n calls for which the breaker is confident of its rate; n where none would do.
std::uint64_t least_confident(std::uint64_t n, double rate, double confidence) {
  const double need = std::ceil(WilsonNeed{rate, confidence}.of(static_cast<double>(n)) - 1e-9);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(need), 1, n);
}

/// The least failures of as many calls for that.
std::uint64_t least_confident_at_all(double rate, double confidence) {
  const double z = normal_quantile(confidence);
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(rate * z * z / (1 - rate) - 1e-9)));
}

/// How many calls the rate limiter lets through in `length`, a start and an end included.
double calls_in(const RateLimiterOptions& limiter, Duration length) {
  return std::floor(limiter.rate * to_seconds(length)) + limiter.burst_or_rate();
}

Duration plus(Duration a, Duration b) noexcept { return b > Duration::max() - a ? Duration::max() : a + b; }

std::uint64_t attempts_at_once(const Policy& policy) noexcept {
  return calls_at_once(policy) * (policy.hedge ? std::uint64_t{policy.hedge->max_hedges} + 1 : 1);
}

/// Attempts that can end within `length`, by the rate limiter: those of the calls that get their token in it,
/// and of those that were under way before. A service may keep calls waiting and then end all of them at
/// once. Empty: nothing says it.
std::optional<double> most_ends(const Policy& policy, Duration length) {
  if (!policy.rate_limiter) return std::nullopt;
  const auto each = static_cast<double>(attempts_of_a_call(policy));
  std::optional<double> most;
  const WorstLatency latency = worst_latency(policy);
  if (latency.most) {
    const Duration under_way = *latency.most - latency.token_wait;
    most = each * calls_in(*policy.rate_limiter, plus(length, under_way));
  }
  if (const std::uint64_t slots = calls_at_once(policy); slots != 0) {
    const double before = static_cast<double>(slots) + (policy.bulkhead ? policy.bulkhead->max_queue : 0);
    const double by_slots = each * (calls_in(*policy.rate_limiter, length) + before);
    most = std::min(most.value_or(by_slots), by_slots);
  }
  return most;
}

/// Why a time window never holds so many calls. Empty: it may.
std::string too_few_calls(const Policy& policy, std::uint64_t calls, std::string_view what) {
  const auto* window = std::get_if<TimeWindowOptions>(&policy.circuit_breaker->window);
  if (window == nullptr) return {};
  const auto most = most_ends(policy, window->duration);
  if (!most || static_cast<double>(calls) <= *most) return {};
  return "its window never holds " + std::string(what) + " (" + std::to_string(calls) +
         "): with the rate limiter at most " + std::to_string(static_cast<std::uint64_t>(*most)) +
         " attempts end within " + format_duration(window->duration);
}

enum class Lasts : std::uint8_t { as_long, longer };

/// Why so many calls that each take `limit`, or longer, never end within a time window. Empty: they may.
std::string too_few_slots(const Policy& policy, std::uint64_t calls, Duration limit, Lasts lasts) {
  const Duration length = lasts == Lasts::longer ? plus(limit, Duration{1}) : limit;
  const auto* window = std::get_if<TimeWindowOptions>(&policy.circuit_breaker->window);
  const std::uint64_t slots = attempts_at_once(policy);
  if (window == nullptr || slots == 0 || length <= Duration::zero()) return {};
  const auto rounds = static_cast<std::uint64_t>((window->duration.count() - 1) / length.count()) + 1;
  if (rounds > calls / slots || calls <= rounds * slots) return {};
  const bool one = rounds * slots == 1;
  return "at most " + std::to_string(rounds * slots) + (one ? " attempt of " : " attempts of ") +
         (lasts == Lasts::longer ? "more than " : "") + format_duration(limit) +
         (one ? " ends within " : " end within ") + format_duration(window->duration) + ", because at most " +
         std::to_string(slots) + (slots == 1 ? " runs at once (" : " run at once (") +
         (policy.bulkhead ? "bulkhead" : "adaptive_limit") + "); the rule needs " + std::to_string(calls);
}

/// Why no call that is recorded lasts for `length`, or longer. Empty: one may. An attempt that times out
/// lasts a little longer than its limit, so a rule at the very limit sees timeouts, when they are recorded at
/// all.
std::string never_lasts(const Policy& policy, Duration length) {
  const auto limit = attempt_limit(policy);
  if (!limit || length < *limit) return {};
  std::string ends = "an attempt ends after " + format_duration(*limit) +
                     (policy.timeout == limit ? " (timeout)" : " (deadline)");
  if (length > *limit) return ends;
  return policy.failure_when.timeout ? "" : ends + ", and a timeout is not recorded (failure_when)";
}

class Rules {
 public:
  explicit Rules(const Policy& policy)
      : policy_(policy),
        breaker_(*policy.circuit_breaker),
        few_(too_few_calls(policy, breaker_.minimum_calls, "minimum_calls")),
        window_(std::get_if<CountWindowOptions>(&breaker_.window)) {
    const FailureWhen& when = policy.failure_when;
    if (when.status.empty() && !when.timeout && !when.connection_error)
      no_failures_ = "nothing counts as a failure (failure_when)";
  }

  std::vector<RuleOutlook> take() {
    if (breaker_.failure_rate && breaker_.failure_rate_confidence) {
      add_confident(*breaker_.failure_rate, *breaker_.failure_rate_confidence);
    } else if (breaker_.failure_rate) {
      const double rate = *breaker_.failure_rate;
      add_share("failure_rate", rate,
                first_of(no_failures_, first_of(few_, only_timeouts(least_share(enough(), rate)))), false);
    }
    if (breaker_.slow_call) {
      const SlowCallRule& rule = *breaker_.slow_call;
      const std::string never = first_of(
          never_lasts(policy_, rule.threshold),
          first_of(few_,
                   too_few_slots(policy_, least_share(enough(), rule.rate), rule.threshold, Lasts::longer)));
      add_share("slow_call", rule.rate, never, true);
    }
    if (breaker_.latency) add_latency(*breaker_.latency);
    if (breaker_.consecutive_failures) add_count("consecutive_failures", *breaker_.consecutive_failures);
    if (breaker_.failure_balance) add_count("failure_balance", *breaker_.failure_balance);
    if (breaker_.stuck_calls) add_stuck(*breaker_.stuck_calls);
    return std::move(rules_);
  }

 private:
  static std::string first_of(const std::string& a, const std::string& b) { return a.empty() ? b : a; }

  /// Why so many attempts never time out within the window, if no other failure counts.
  [[nodiscard]] std::string only_timeouts(std::uint64_t failures) const {
    const FailureWhen& when = policy_.failure_when;
    const auto limit = attempt_limit(policy_);
    if (!limit || !when.timeout || when.connection_error || !when.status.empty()) return {};
    return too_few_slots(policy_, failures, *limit, Lasts::as_long);
  }

  [[nodiscard]] std::uint64_t enough() const { return std::max<std::uint64_t>(1, breaker_.minimum_calls); }

  /// A rule that holds when `share` of the window are bad.
  void add_share(std::string_view rule, double share, std::string never, bool by_latency) {
    RuleOutlook outlook{rule, std::move(never), by_latency,
                        std::max<std::uint64_t>(1, breaker_.minimum_calls), std::nullopt};
    if (window_ != nullptr) {
      outlook.attempts = std::max(outlook.attempts, least_share(window_->size, share));
    } else {
      const Duration whole = std::get<TimeWindowOptions>(breaker_.window).duration;
      outlook.within = from_seconds(to_seconds(whole) * share);
    }
    rules_.push_back(std::move(outlook));
  }

  void add_confident(double rate, double confidence) {
    RuleOutlook outlook{"failure_rate", no_failures_, false, least_confident_at_all(rate, confidence),
                        std::nullopt};
    if (window_ != nullptr) {
      if (outlook.attempts > window_->size) {
        outlook.never = "a window of " + std::to_string(window_->size) +
                        " calls is too small for a confidence of " + OptionChecker::number(confidence) +
                        ": it takes " + std::to_string(outlook.attempts) + " calls that all fail";
      }
      outlook.attempts = std::max(outlook.attempts, least_confident(window_->size, rate, confidence));
    } else {
      const Duration whole = std::get<TimeWindowOptions>(breaker_.window).duration;
      outlook.within = from_seconds(to_seconds(whole) * rate);
      const std::string few = too_few_calls(policy_, outlook.attempts, "enough calls for its confidence");
      outlook.never = first_of(outlook.never, first_of(few, only_timeouts(outlook.attempts)));
    }
    rules_.push_back(std::move(outlook));
  }

  void add_latency(const LatencyRule& rule) {
    // Of n latencies the one at rank ⌈quantile · n⌉ decides, so n − rank + 1 at the top must be long.
    double share = 1 - rule.quantile;
    if (window_ != nullptr) {
      const auto n = static_cast<double>(window_->size);
      share = (n - std::clamp(std::ceil(rule.quantile * n - 1e-9), 1.0, n) + 1) / n;
    }
    const auto rank =
        static_cast<std::uint64_t>(std::ceil(rule.quantile * static_cast<double>(enough()) - 1e-9));
    const std::uint64_t long_ones = enough() - std::clamp<std::uint64_t>(rank, 1, enough()) + 1;
    const std::string never =
        first_of(never_lasts(policy_, rule.above),
                 first_of(few_, too_few_slots(policy_, long_ones, rule.above, Lasts::as_long)));
    add_share("latency", share, never, true);
  }

  void add_count(std::string_view rule, std::uint32_t failures) {
    rules_.push_back({rule, no_failures_, false, failures, std::nullopt});
  }

  // No timeout keeps a call from growing old: its clock rests while the caller is the one that is waited for,
  // and a blocking call cannot be interrupted. The rule is checked when a call begins or has ended, so all
  // that may run at once cannot be stuck: a further call would have to begin.
  void add_stuck(const StuckCallsRule& rule) {
    std::string never;
    const std::uint64_t most = attempts_at_once(policy_);
    if (most != 0 && rule.count >= most) {
      never = "at most " + std::to_string(most) + " attempts run at once (" +
              (policy_.bulkhead ? "bulkhead" : "adaptive_limit") + "), and the rule needs " +
              std::to_string(rule.count) + " stuck ones and a further call that finds them";
    }
    rules_.push_back({"stuck_calls", std::move(never), true, 0, rule.older_than});
  }

  const Policy& policy_;
  const CircuitBreakerOptions& breaker_;
  const std::string few_;
  const CountWindowOptions* window_;
  std::string no_failures_;
  std::vector<RuleOutlook> rules_;
};

void add_openings(const CircuitBreakerOptions& breaker, BreakerOutlook& outlook) {
  const auto first = static_cast<double>(breaker.open_duration.count());
  const auto longest = static_cast<double>(breaker.max_open_duration.count());
  if (breaker.backoff <= 1 || first >= longest) {
    outlook.openings = {breaker.open_duration};
    return;
  }
  const auto length = [&](std::uint64_t relapses) {
    return first * std::pow(breaker.backoff, static_cast<double>(relapses));
  };
  auto relapses =
      static_cast<std::uint64_t>(std::ceil(std::log(longest / first) / std::log(breaker.backoff)));
  while (relapses > 1 && length(relapses - 1) >= longest) --relapses;
  while (length(relapses) < longest) ++relapses;
  for (std::uint64_t k = 0; k < relapses && outlook.openings.size() < most_openings - 1; ++k)
    outlook.openings.push_back(Duration{static_cast<Duration::rep>(length(k))});
  outlook.openings.push_back(breaker.max_open_duration);
  outlook.relapses_to_longest = relapses;
}

/// P probes decide, and F failed ones relapse it when F / P ≥ the rate: it is closed as soon as the rest
/// cannot do that any more, even if all of it failed.
std::uint32_t probes_for_certainty(const HalfOpenOptions& half_open) {
  if (half_open.max_failure_rate <= 0) return half_open.permitted_calls;
  const std::uint64_t relapsing =
      std::max<std::uint64_t>(1, least_share(half_open.permitted_calls, half_open.max_failure_rate));
  return half_open.permitted_calls - static_cast<std::uint32_t>(relapsing - 1);
}

}  // namespace

bool BreakerOutlook::never_opens() const noexcept {
  return std::all_of(rules.begin(), rules.end(), [](const RuleOutlook& rule) { return !rule.never.empty(); });
}

Policy at_level(const Policy& policy, BreakerLevel level) {
  Policy flat = policy;
  flat.circuit_breaker = policy.circuit_breaker->at(level);
  flat.circuit_breaker->levels.reset();
  return flat;
}

BreakerOutlook breaker_outlook(const Policy& policy) {
  if (policy.circuit_breaker->levels) return breaker_outlook(at_level(policy, BreakerLevel::warning));
  BreakerOutlook outlook;
  outlook.rules = Rules(policy).take();
  add_openings(*policy.circuit_breaker, outlook);
  outlook.probes_for_certainty = probes_for_certainty(policy.circuit_breaker->half_open);
  outlook.probes_to_close =
      std::min(outlook.probes_for_certainty, policy.circuit_breaker->success_threshold());
  return outlook;
}

std::uint64_t calls_at_once(const Policy& policy) noexcept {
  const std::uint64_t slots = policy.bulkhead ? policy.bulkhead->max_concurrent : 0;
  const std::uint64_t limit = policy.adaptive_limit ? policy.adaptive_limit->max_limit : 0;
  if (slots == 0 || limit == 0) return slots + limit;
  return std::min(slots, limit);
}

std::uint64_t attempts_of_a_call(const Policy& policy) noexcept {
  const std::uint64_t rounds = policy.retry ? policy.retry->max_attempts : 1;
  const std::uint64_t hedges = policy.hedge ? policy.hedge->max_hedges : 0;
  if (!policy.deadline) return rounds * (1 + hedges);
  const auto* fixed = policy.hedge ? std::get_if<Duration>(&policy.hedge->delay) : nullptr;
  const auto fitting = [&](std::uint64_t n, Duration left) {
    std::uint64_t most = n * hedges;
    if (fixed != nullptr && *fixed > Duration::zero())
      most = std::min(most, static_cast<std::uint64_t>((left.count() - 1) / fixed->count()));
    return n + most;
  };
  // Attempts that fail at once cost no time, the delays between them and before each hedge do: more rounds
  // leave less of it for hedges.
  Duration left = *policy.deadline;
  std::uint64_t most = fitting(1, left);
  for (std::uint32_t k = 1; k < rounds; ++k) {
    if (k == most_followed) return std::max(most, fitting(rounds, left));
    left -= std::min(left, delay_range(*policy.retry, k).least);
    if (left <= Duration::zero()) break;
    most = std::max(most, fitting(std::uint64_t{k} + 1, left));
  }
  return most;
}

std::optional<Duration> attempt_limit(const Policy& policy) noexcept {
  if (policy.timeout && policy.deadline) return std::min(*policy.timeout, *policy.deadline);
  return policy.timeout ? policy.timeout : policy.deadline;
}

}  // namespace switchgear::analysis
