#include "switchgear/analysis/combinations.hpp"

#include <algorithm>

#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/core/duration_text.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear::analysis {

namespace {

/// Beyond so many retries the message does not say which one comes too late.
constexpr std::uint32_t most_followed = 1000;

std::string quoted(Duration length) { return "\"" + format_duration(length) + "\""; }

class Combinations {
 public:
  explicit Combinations(const Policy& policy) : policy_(policy) {}

  std::vector<Combination> take() {
    check_times();
    if (policy_.retry) check_retry(*policy_.retry);
    if (policy_.retry_budget) check_budget(*policy_.retry_budget);
    if (policy_.hedge) check_hedge(*policy_.hedge);
    check_waits();
    if (policy_.admission) check_admission(*policy_.admission);
    check_answers();
    if (policy_.circuit_breaker) check_breaker();
    check_idle_keys();
    if (policy_.chaos && policy_.chaos->enabled)
      doubtful("chaos.enabled", "is on: faults are injected into real calls");
    return std::move(found_);
  }

 private:
  using Kind = Combination::Kind;

  void impossible(std::string key, std::string message) {
    found_.push_back({Kind::impossible, std::move(key), std::move(message)});
  }
  void doubtful(std::string key, std::string message) {
    found_.push_back({Kind::doubtful, std::move(key), std::move(message)});
  }
  [[nodiscard]] std::string deadline() const { return "(" + format_duration(*policy_.deadline) + ")"; }

  void check_times() {
    if (!policy_.timeout || !policy_.deadline || *policy_.timeout <= *policy_.deadline) return;
    impossible("timeout", quoted(*policy_.timeout) + " is longer than the deadline of the whole call " +
                              deadline() + "; expected at most that");
  }

  void check_retry(const RetryOptions& retry) {
    if (retry.max_attempts == 1) {
      if (!policy_.retry_budget) doubtful("retry.max_attempts", "1 means that nothing is ever tried again");
      return;
    }
    if (!policy_.deadline) return;
    if (retry.honor_retry_after.max >= *policy_.deadline) {
      doubtful("retry.honor_retry_after.max", quoted(retry.honor_retry_after.max) +
                                                  " is never waited for: the whole call is over after " +
                                                  format_duration(*policy_.deadline) + " (deadline)");
    }
    const Duration least = delay_range(retry, 1).least;
    if (least >= *policy_.deadline) {
      impossible("retry.base", "the first retry comes " + format_duration(least) +
                                   " after a failure at the earliest, which is past the deadline " +
                                   deadline() + "; no second attempt can ever begin");
      return;
    }
    if (policy_.timeout && *policy_.timeout >= *policy_.deadline - least) {
      doubtful("retry.max_attempts", "an attempt that times out (" + format_duration(*policy_.timeout) +
                                         ") leaves no time for another before the deadline " + deadline());
      return;
    }
    check_late_attempts(retry);
  }

  /// However soon the attempts fail, the delays between them add up.
  void check_late_attempts(const RetryOptions& retry) {
    Duration waited{};
    for (std::uint32_t k = 1; k < std::min(retry.max_attempts, most_followed); ++k) {
      const Duration least = delay_range(retry, k).least;
      if (least >= *policy_.deadline - waited) {
        doubtful("retry.max_attempts", "attempt " + std::to_string(k + 1) + " of " +
                                           std::to_string(retry.max_attempts) +
                                           " can never begin: the delays before it come to at least " +
                                           format_duration(waited + least) + ", the deadline is " +
                                           format_duration(*policy_.deadline));
        return;
      }
      waited += least;
    }
  }

  void check_budget(const RetryBudgetOptions& budget) {
    if (policy_.retry->max_attempts == 1 && !policy_.hedge) {
      impossible("retry.budget", "has nothing to limit: max_attempts is 1, and no hedge is set");
    } else if (budget.mode == BudgetMode::concurrent) {
      if (budget.ratio == 0 && budget.min_concurrency == 0)
        impossible("retry.budget", "never grants a retry: ratio and min_concurrency are 0");
    } else if (budget.ratio == 0 && budget.min_per_second * 10 < 1) {
      impossible("retry.budget",
                 "never grants a retry: ratio is 0, and min_per_second is less than one in 10s");
    }
  }

  void check_hedge(const HedgeOptions& hedge) {
    const auto limit = attempt_limit(policy_);
    if (!limit) return;
    const std::string over = policy_.timeout == limit
                                 ? "an attempt is over after " + format_duration(*limit) + " (timeout)"
                                 : "the whole call is over after " + format_duration(*limit) + " (deadline)";
    if (hedge.initial_delay >= *limit) {
      doubtful("hedge.initial_delay", quoted(hedge.initial_delay) + " is never reached: " + over);
    }
    const auto* fixed = std::get_if<Duration>(&hedge.delay);
    if (fixed == nullptr) return;
    if (*fixed >= *limit) {
      impossible("hedge.delay", quoted(*fixed) + " is never reached: " + over +
                                    "; make it shorter, or no call is ever hedged");
    } else if (policy_.deadline && *fixed > Duration::zero()) {
      // The k-th hedge begins at k · delay; those at or after the deadline do not.
      const auto begun = static_cast<std::uint64_t>((policy_.deadline->count() - 1) / fixed->count());
      if (begun < hedge.max_hedges) {
        doubtful("hedge.max_hedges", std::to_string(hedge.max_hedges) + " hedges, each " +
                                         format_duration(*fixed) + " after the one before, and only " +
                                         std::to_string(begun) + " can begin before the deadline " +
                                         deadline());
      }
    }
  }

  void check_wait(const std::string& key, Duration wait) {
    if (!policy_.deadline || wait < *policy_.deadline) return;
    impossible(key, quoted(wait) + " is at least as long as the deadline of the whole call " + deadline() +
                        ": no call waits longer for its turn than for the answer; make it shorter");
  }

  void check_waits() {
    if (policy_.bulkhead) check_wait("bulkhead.max_wait", policy_.bulkhead->max_wait);
    if (policy_.rate_limiter) check_wait("rate_limiter.max_wait", policy_.rate_limiter->max_wait);
    if (policy_.bulkhead && policy_.adaptive_limit &&
        policy_.bulkhead->max_concurrent <= policy_.adaptive_limit->min_limit) {
      impossible("adaptive_limit.min_limit",
                 std::to_string(policy_.adaptive_limit->min_limit) +
                     " calls at once are never refused, and the bulkhead around it lets in " +
                     std::to_string(policy_.bulkhead->max_concurrent) +
                     " at most: no limit could be found; expected less than that");
    }
  }

  void check_admission(const AdmissionControlOptions& admission) {
    if (admission.max_rejection == 1) {
      doubtful("admission.max_rejection",
               "1 may leave no call to find out that the service is well again before the window of " +
                   format_duration(admission.window) + " is over");
    }
  }

  void check_answers() {
    if (!policy_.fallback) return;
    if (std::holds_alternative<CallQueueOptions>(*policy_.fallback) && !policy_.circuit_breaker) {
      impossible("fallback.queue",
                 "stored calls are made when the circuit breaker closes; without one they would wait "
                 "for ever; add a circuit_breaker or a preset");
    }
    const auto* stale = std::get_if<CachedFallbackOptions>(&*policy_.fallback);
    if (stale != nullptr && policy_.cache && policy_.cache->ttl >= stale->max_stale) {
      impossible("fallback.cache.max_stale",
                 quoted(stale->max_stale) + " never lets an answer through: the cache gives it for " +
                     format_duration(policy_.cache->ttl) +
                     " (cache.ttl), and when the fallback needs it, it is older than that; make it longer");
    }
  }

  void check_breaker() {
    const BreakerOutlook outlook = breaker_outlook(policy_);
    check_half_open(policy_.circuit_breaker->half_open, outlook);
    if (outlook.never_opens()) {
      std::string reasons;
      for (const RuleOutlook& rule : outlook.rules) {
        reasons.append(reasons.empty() ? "" : "; ").append(rule.rule).append(": ").append(rule.never);
      }
      impossible("circuit_breaker", "it can never open: " + reasons);
      return;
    }
    const BreakerLevel first = BreakerLevel::warning;
    for (const RuleOutlook& rule : outlook.rules) {
      if (!rule.never.empty()) doubtful(key_at(first, rule.rule), "can never hold: " + rule.never);
    }
    if (policy_.circuit_breaker->levels) check_levels(*policy_.circuit_breaker);
  }

  /// Where a rule of a level stands: with the level, or with the breaker.
  [[nodiscard]] std::string key_at(BreakerLevel level, std::string_view rule) const {
    const std::string own = "circuit_breaker." + std::string(rule);
    const auto& levels = policy_.circuit_breaker->levels;
    if (!levels) return own;
    const LevelOptions& at = (*levels)[level];
    const bool sets = (rule == "failure_rate" && at.failure_rate) || (rule == "slow_call" && at.slow_call) ||
                      (rule == "latency" && at.latency) ||
                      (rule == "consecutive_failures" && at.consecutive_failures) ||
                      (rule == "failure_balance" && at.failure_balance);
    return sets ? "circuit_breaker.levels." + std::string(to_string(level)) + "." + std::string(rule) : own;
  }

  void check_levels(const CircuitBreakerOptions& breaker) {
    for (const BreakerLevel level : breaker_levels) check_escalation(breaker, level);
    for (const BreakerLevel level : {BreakerLevel::critical, BreakerLevel::emergency}) {
      const std::string path = "circuit_breaker.levels." + std::string(to_string(level));
      const BreakerOutlook outlook = breaker_outlook(at_level(policy_, level));
      for (const RuleOutlook& rule : outlook.rules) {
        if (rule.never.empty()) continue;
        doubtful(outlook.never_opens() ? path : key_at(level, rule.rule),
                 std::string(rule.rule) + " can never hold at this level: " + rule.never);
      }
      check_stricter(breaker, level);
    }
    if ((*breaker.levels)[BreakerLevel::warning].calm)
      doubtful("circuit_breaker.levels.warning.calm", "does nothing: there is no level below warning");
    for (const auto& [level, answer] : policy_.level_answers) {
      if (answer.body.empty()) {
        doubtful("circuit_breaker.levels." + std::string(to_string(level)) + ".answer.content_type",
                 "does nothing: the answer has no body");
      }
    }
  }

  void check_escalation(const CircuitBreakerOptions& breaker, BreakerLevel level) {
    const auto rate = breaker.at(level).failure_rate;
    const double limit = breaker.levels->escalate_above;
    if (level == BreakerLevel::emergency || !rate || *rate <= limit) return;
    doubtful(key_at(level, "failure_rate"),
             OptionChecker::number(*rate) + " is above escalate_above (" + OptionChecker::number(limit) +
                 "): whenever this rule opens " + std::string(to_string(level)) +
                 ", the breaker goes on to the next level at once");
  }

  /// After an escalation the dependency is under suspicion.
  void check_stricter(const CircuitBreakerOptions& breaker, BreakerLevel level) {
    const auto lower = static_cast<BreakerLevel>(static_cast<int>(level) - 1);
    const CircuitBreakerOptions here = breaker.at(level);
    const CircuitBreakerOptions below = breaker.at(lower);
    const std::string path = "circuit_breaker.levels." + std::string(to_string(level));
    const auto compare = [&](std::string_view rule, const auto& one, const auto& other) {
      if (!one || !other || *one <= *other) return;
      const std::string key = key_at(level, rule);
      doubtful(key.starts_with(path) ? key : path,
               "its " + std::string(rule) + " (" + OptionChecker::number(static_cast<double>(*one)) +
                   ") tolerates more than that of " + std::string(to_string(lower)) + " (" +
                   OptionChecker::number(static_cast<double>(*other)) +
                   "), although the dependency has proved to be worse");
    };
    compare("failure_rate", here.failure_rate, below.failure_rate);
    compare("consecutive_failures", here.consecutive_failures, below.consecutive_failures);
    compare("failure_balance", here.failure_balance, below.failure_balance);
  }

  void check_half_open(const HalfOpenOptions& half_open, const BreakerOutlook& outlook) {
    const auto limit = attempt_limit(policy_);
    if (limit && half_open.max_wait < *limit) {
      doubtful("circuit_breaker.half_open.max_wait",
               quoted(half_open.max_wait) + " is shorter than the " +
                   (policy_.timeout == limit ? "timeout" : "deadline") + " (" + format_duration(*limit) +
                   "): a probe that is still within its own limit counts as failed; expected at least that");
    }
    if (half_open.success_threshold.value_or(1) > outlook.probes_for_certainty) {
      doubtful("circuit_breaker.half_open.success_threshold",
               "does nothing: with this max_failure_rate the breaker closes after " +
                   std::to_string(outlook.probes_for_certainty) + " good probes, because the rest of the " +
                   std::to_string(half_open.permitted_calls) + " could not make it relapse any more");
    }
    if (half_open.max_concurrent.value_or(0) > 1 && half_open.probe_interval >= half_open.max_wait) {
      doubtful("circuit_breaker.half_open.max_concurrent",
               "does nothing: the next probe begins " + format_duration(half_open.probe_interval) +
                   " after the one before (probe_interval), which is given up after " +
                   format_duration(half_open.max_wait) + " (max_wait), so two are never out at once");
    }
  }

  /// Keys that other keys have taken the meaning from.
  void check_idle_keys() {
    if (policy_.retry) {
      const bool decorrelated = policy_.retry->jitter == Jitter::decorrelated;
      const std::string why = "does nothing: decorrelated jitter draws each delay from the one before";
      if (decorrelated) doubtful("retry.backoff", why);
      if (decorrelated) {
        doubtful("retry.factor", why);
      } else if (policy_.retry->backoff != Backoff::exponential) {
        doubtful("retry.factor", "does nothing: only an exponential backoff has a factor");
      }
    }
    if (policy_.circuit_breaker) check_idle_keys_of(*policy_.circuit_breaker);
    if (policy_.cache && policy_.cache->ttl == Duration::zero()) {
      for (const char* key : {"cache.max_entries", "cache.max_bytes"})
        doubtful(key, "does nothing: with a ttl of 0s no answer is remembered");
    }
    const auto* value = policy_.fallback ? std::get_if<ValueFallback>(&*policy_.fallback) : nullptr;
    if (value != nullptr && value->body.empty())
      doubtful("fallback.value.content_type", "does nothing: the answer has no body");
  }

  void check_idle_keys_of(const CircuitBreakerOptions& breaker) {
    if (!breaker.needs_window()) {
      const std::string why = "does nothing: no failure_rate, slow_call or latency uses the window";
      doubtful("circuit_breaker.window", why);
      doubtful("circuit_breaker.minimum_calls", why);
    }
    if (breaker.needs_window() && !breaker.needs_minimum_calls()) {
      doubtful("circuit_breaker.minimum_calls",
               "does nothing: a failure_rate with a confidence says itself how many calls it takes");
    }
    if (breaker.weights.any() && !breaker.failure_rate && !breaker.failure_balance)
      doubtful("circuit_breaker.weights", "does nothing: no failure_rate or failure_balance uses them");
    if (breaker.adaptive && !breaker.consecutive_failures) {
      doubtful("circuit_breaker.adaptive.failures",
               "does nothing: it moves consecutive_failures, which is not set");
    }
    if (breaker.adaptive && breaker.max_open_duration <= breaker.open_duration &&
        breaker.adaptive->opening.lengthen > 1) {
      doubtful("circuit_breaker.adaptive.opening.lengthen", "does nothing: max_open_duration (" +
                                                                format_duration(breaker.max_open_duration) +
                                                                ") is as short as open_duration");
    }
    if (breaker.backoff <= 1 && !breaker.adaptive && !breaker.honor_retry_after) {
      doubtful(
          "circuit_breaker.max_open_duration",
          "does nothing: backoff is 1 and honor_retry_after is off, so every opening lasts open_duration");
    }
    if (breaker.ramp && breaker.ramp->from >= 1)
      doubtful("circuit_breaker.ramp.from", "1 admits every call from the start: nothing is left to grow");
    if (breaker.ramp && breaker.ramp->controller && breaker.ramp->controller->step) {
      doubtful("circuit_breaker.ramp.duration",
               "does nothing: ramp.step says how long each step of the controller lasts");
    }
  }

  const Policy& policy_;
  std::vector<Combination> found_;
};

}  // namespace

std::vector<Combination> combinations(const Policy& policy) { return Combinations(policy).take(); }

}  // namespace switchgear::analysis
