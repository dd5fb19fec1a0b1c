#include "app/prove/rule_proof.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/wilson.hpp"

namespace switchgear::prove {

namespace {

constexpr Duration millisecond = std::chrono::milliseconds{1};

CircuitBreakerOptions alone(const CircuitBreakerOptions& breaker, std::string_view rule) {
  CircuitBreakerOptions options = breaker;
  if (rule != "failure_rate") options.failure_rate.reset();
  if (rule != "failure_rate") options.failure_rate_confidence.reset();
  if (rule != "slow_call") options.slow_call.reset();
  if (rule != "latency") options.latency.reset();
  if (rule != "consecutive_failures") options.consecutive_failures.reset();
  if (rule != "failure_balance") options.failure_balance.reset();
  if (rule != "stuck_calls") options.stuck_calls.reset();
  return options;
}

const TimeWindowOptions* time_window(const CircuitBreakerOptions& breaker) {
  return std::get_if<TimeWindowOptions>(&breaker.window);
}

bool uses_window(std::string_view rule) {
  return rule == "failure_rate" || rule == "slow_call" || rule == "latency";
}

/// The least n for which n failures of n calls are sure enough.
std::uint64_t least_confident(double rate, double confidence) {
  std::uint64_t most = 1;
  const auto sure = [&](std::uint64_t n) { return wilson_lower_bound(n, n, confidence) >= rate; };
  while (!sure(most) && most < std::uint64_t{1} << 40U) most *= 2;
  std::uint64_t least = 1;
  while (least < most) {
    const std::uint64_t middle = std::midpoint(least, most);
    (sure(middle) ? most : least) = sure(middle) ? middle : middle + 1;
  }
  return least;
}

/// How long an attempt lasts that a rule about latency counts.
lab::TraceResult long_one(const CircuitBreakerOptions& breaker, const Calls& calls, std::string_view rule) {
  if (rule == "slow_call") return calls.lasting(breaker.slow_call->threshold, true);
  return calls.lasting(breaker.latency->above, false);
}

/// Of n attempts, how many must be long.
std::uint64_t long_ones(const CircuitBreakerOptions& breaker, std::string_view rule, std::uint64_t n) {
  const auto whole = static_cast<double>(n);
  std::uint64_t least = 1;
  const auto enough = [&](std::uint64_t k) {
    if (rule == "slow_call") return static_cast<double>(k) / whole >= breaker.slow_call->rate;
    const auto rank = static_cast<std::uint64_t>(std::ceil(breaker.latency->quantile * whole - 1e-9));
    return k >= n - std::clamp<std::uint64_t>(rank, 1, n) + 1;
  };
  while (least < n && !enough(least)) ++least;
  return least;
}

/// As many long attempts as it takes, in rounds, and then quick good ones until there are `n`.
Trace filled_up(const CircuitBreakerOptions& breaker, const Calls& calls, std::string_view rule,
                std::uint64_t n, Duration width) {
  const std::uint64_t lasting = long_ones(breaker, rule, n);
  Trace trace = calls.attempts(lasting, long_one(breaker, calls, rule), calls.at_once(), width);
  TimePoint end{};
  for (const lab::TraceEntry& entry : trace) end = std::max(end, entry.at + *entry.result.latency);
  for (std::uint64_t k = lasting; k < n; ++k) {
    end = std::max(end, calls.earliest(k));
    trace.push_back(call(end, Duration{1}, Verdict::success));
    end += Duration{1};
  }
  return trace;
}

/// So short that `n` of them, one after the other, fit into a window and between two beats of the rate.
Duration fast(const CircuitBreakerOptions& breaker, const Calls& calls, std::uint64_t n) {
  Duration length = millisecond;
  const auto parts = static_cast<Duration::rep>(std::max<std::uint64_t>(n, 1) * 4);
  if (const auto* window = time_window(breaker)) length = std::min(length, window->duration / parts);
  if (const auto rate = calls.attempts_per_second()) length = std::min(length, from_seconds(0.5 / *rate));
  return std::max(length, Duration{1});
}

/// Attempts of each kind that counts. Those that time out take as long as they may.
std::vector<Trace> failing_traffic(const analysis::Policy& policy, const Calls& calls, std::uint64_t n,
                                   Duration width) {
  const bool even = calls.attempts_per_second().has_value();
  const auto limit = analysis::attempt_limit(policy);
  const Duration quick = fast(*policy.circuit_breaker, calls, n);
  std::vector<Trace> all;
  for (const FailureType type : calls.failures()) {
    const bool lasts = type == FailureType::timeout && limit;
    const lab::TraceResult fails{Verdict::failure, type, lasts ? *limit + Duration{1} : quick, std::nullopt};
    all.push_back(
        calls.attempts(n, fails, lasts ? calls.at_once() : 1, even || lasts ? width : Duration::zero()));
    if (width > Duration::zero() && policy.rate_limiter && !even)
      all.push_back(calls.ending_together(n, type));
  }
  return all;
}

void say_never(RuleProof& proof, const Question& question, const Calls& calls) {
  const auto* window = time_window(*question.policy.circuit_breaker);
  if (!question.rate || window == nullptr) return;
  proof.never = "at " + OptionChecker::number(*question.rate) + " calls a second no window of " +
                OptionChecker::number(to_seconds(window->duration)) + "s holds " +
                std::to_string(proof.attempts) + " attempts that are alike: at most " +
                std::to_string(static_cast<std::uint64_t>(
                    std::ceil(to_seconds(window->duration) * *calls.attempts_per_second()))) +
                " end in one";
}

}  // namespace

std::uint64_t least_attempts(const CircuitBreakerOptions& breaker, std::string_view rule, FailureType type) {
  if (rule == "failure_rate" && breaker.failure_rate_confidence)
    return least_confident(*breaker.failure_rate, *breaker.failure_rate_confidence);
  if (uses_window(rule)) return std::max<std::uint64_t>(1, breaker.minimum_calls);
  if (rule == "consecutive_failures") return *breaker.consecutive_failures;
  if (rule == "failure_balance") {
    const std::uint64_t weight = breaker.weights[type];
    return (*breaker.failure_balance + weight - 1) / weight;
  }
  return breaker.stuck_calls->count;
}

std::vector<Trace> worst_traffic(const analysis::Policy& policy, const Calls& calls, std::string_view rule,
                                 std::uint64_t n) {
  const CircuitBreakerOptions& breaker = *policy.circuit_breaker;
  const auto* window = time_window(breaker);
  const Duration width = window != nullptr ? window->duration / window->buckets : Duration::zero();
  if (rule == "stuck_calls") {
    Trace trace = calls.hanging(n);
    if (trace.empty()) return {};
    const TimePoint last = trace.back().at + std::min(breaker.stuck_calls->older_than, latest) + millisecond;
    trace.push_back(acquire(std::max(last, calls.earliest(n)), n + 1));
    return {std::move(trace)};
  }
  if (rule == "slow_call" || rule == "latency") {
    std::vector<Trace> all{calls.attempts(n, long_one(breaker, calls, rule), calls.at_once(), width)};
    if (window != nullptr && !calls.attempts_per_second())
      all.push_back(filled_up(breaker, calls, rule, n, width));
    return all;
  }
  return failing_traffic(policy, calls, n, width);
}

Trace cut(Trace trace, const Played& played) {
  const bool stuck = played.first(State::open)->rule == Rule::stuck_calls;
  if (stuck) {  // those that had not ended are the reason
    trace.resize(std::min(played.begun, trace.size()));
    return trace;
  }
  if (trace.front().kind != lab::TraceEntry::Kind::call) {
    trace.resize(std::min(played.ended, trace.size()));
    return trace;
  }
  // In the order in which they end; those that end together, in the order of their starts.
  std::vector<std::size_t> order(trace.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return trace[i].at + *trace[i].result.latency; });
  order.resize(std::min(played.ended, order.size()));
  std::ranges::sort(order);
  Trace kept;
  for (const std::size_t i : order) kept.push_back(std::move(trace[i]));
  return kept;
}

std::size_t attempts_of(const Played& played) {
  return played.first(State::open)->rule == Rule::stuck_calls ? played.admitted : played.ended;
}

TriedRule try_rule(const Question& question, const analysis::RuleOutlook& outlook) {
  const analysis::Policy& policy = question.policy;
  const CircuitBreakerOptions& breaker = *policy.circuit_breaker;
  const Calls calls(policy, question.rate);
  TriedRule tried;
  RuleProof& proof = tried.proof;
  proof.rule = outlook.rule;
  proof.never = outlook.never;
  const auto types = calls.failures();
  const FailureType type = types.empty() ? FailureType::http_error : types.front();
  proof.attempts = least_attempts(breaker, outlook.rule, type);
  if (const auto* window = time_window(breaker); window != nullptr && uses_window(outlook.rule)) {
    const double attempts = static_cast<double>(proof.attempts - 1) / to_seconds(window->duration);
    proof.more_than_per_second = calls.calls_for(attempts);
  }
  proof.can_hold = proof.never.empty();
  if (!proof.can_hold) return tried;
  if (proof.attempts >= most_lines) {
    const auto rate = question.rate;
    if (rate && *rate <= proof.more_than_per_second) {
      proof.can_hold = false;
      say_never(proof, question, calls);
    }
    return tried;
  }
  // An adaptive breaker may ask for more failures than its options do.
  const bool moves = breaker.adaptive && outlook.rule == "consecutive_failures";
  const std::uint64_t more = moves ? breaker.adaptive->failures.most : 0;
  const std::uint64_t tries = std::min<std::uint64_t>(proof.attempts + more, most_lines);
  std::optional<std::size_t> soonest;
  for (Trace& trace : worst_traffic(policy, calls, outlook.rule, tries)) {
    const Played played = play(alone(breaker, outlook.rule), trace);
    if (!played.opened() || (soonest && attempts_of(played) >= *soonest)) continue;
    soonest = attempts_of(played);
    tried.trace = cut(std::move(trace), played);
  }
  if (soonest) {
    proof.attempts = *soonest;
    return tried;
  }
  proof.can_hold = false;
  say_never(proof, question, calls);
  tried.known = !proof.never.empty();
  return tried;
}

}  // namespace switchgear::prove
