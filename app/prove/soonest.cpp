#include "app/prove/soonest.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace switchgear::prove {

namespace {

using Kind = lab::TraceEntry::Kind;

/// Opened by that rule, it always goes one level up: no rate at which the rule holds is low enough to stay.
bool always_escalates(const CircuitBreakerOptions& breaker, std::string_view rule, double escalate_above) {
  constexpr double rounding = 1e-6;  // of the rule, which compares in floats
  return rule == "failure_rate" && *breaker.failure_rate > escalate_above + rounding;
}

class Search {
 public:
  Search(const Question& question, const Calls& calls, const CircuitBreakerOptions& played,
         const std::vector<TriedRule>& tried)
      : question_(question),
        breaker_(*question.policy.circuit_breaker),
        calls_(calls),
        played_(played),
        tried_(tried) {}

  ShortestOpening take() {
    found_.length = length(breaker_.jitter);
    if (!breaker_.adaptive && !played_.levels) return std::move(found_);
    found_.attained = false;
    steady_ = played_;
    steady_.jitter = 0;  // whose least draw no seed is known for
    for (const std::uint64_t good : good_calls()) {
      if (opens_without_calls() && try_check(good)) break;
      const auto opens = [&](const TriedRule& tried) {
        return tried.proof.can_hold && try_rule(tried, good);
      };
      if (std::ranges::any_of(tried_, opens)) break;
    }
    return std::move(found_);
  }

 private:
  /// In the breaker's own order of steps, so that rounding is its own.
  [[nodiscard]] Duration length(double jitter) const {
    double least = static_cast<double>(first().count());
    least = std::min(least, static_cast<double>(played_.max_open_duration.count()));
    if (jitter > 0) least *= 1 - jitter;
    return Duration{std::llround(std::min(least, static_cast<double>(latest.count())))};
  }

  [[nodiscard]] Duration first() const {
    const Duration base = breaker_.open_duration;
    if (played_.levels) return goes_up() ? played_.at(BreakerLevel::critical).open_duration : base;
    if (!breaker_.adaptive) return base;
    const AdaptiveOpening& rule = breaker_.adaptive->opening;
    const Duration shortened{std::llround(static_cast<double>(base.count()) * rule.shorten)};
    return std::min(base, std::max(shortened, rule.shortest));
  }

  /// Whatever opens it takes it to the second level.
  [[nodiscard]] bool goes_up() const {
    if (opens_without_calls() || (played_.ramp && played_.ramp->controller)) return false;
    return std::ranges::all_of(tried_, [&](const TriedRule& tried) {
      return !tried.proof.can_hold ||
             always_escalates(breaker_, tried.proof.rule, played_.levels->escalate_above);
    });
  }
  /// By health checks, or as a saved state would.
  [[nodiscard]] bool opens_without_calls() const {
    return question_.health_check ||
           std::ranges::none_of(tried_, [](const TriedRule& tried) { return tried.proof.can_hold; });
  }

  /// How many calls end well before those that open it: they keep the failure rate low, and the mean latency.
  [[nodiscard]] std::set<std::uint64_t> good_calls() const {
    constexpr std::uint64_t most = 1'000;
    std::set<std::uint64_t> numbers{0};
    for (std::uint64_t n = 1; n <= 256; n *= 2) numbers.insert(n);
    if (const auto* window = std::get_if<CountWindowOptions>(&breaker_.window))
      numbers.insert(std::min<std::uint64_t>(window->size, most));
    if (breaker_.adaptive) numbers.insert(std::min<std::uint64_t>(breaker_.adaptive->samples, most));
    return numbers;
  }

  static void make_good(Trace& trace, std::uint64_t n) {
    for (std::size_t k = 0; k < std::min<std::size_t>(n, trace.size()); ++k)
      trace[k] = call(trace[k].at, Duration{1}, Verdict::success);
  }

  bool try_rule(const TriedRule& tried, std::uint64_t good) {
    std::uint64_t n = good + tried.proof.attempts;
    if (tried.proof.rule != "stuck_calls") {
      n += 9 * good;  // for rates up to 0.9
      if (breaker_.adaptive) n += breaker_.adaptive->failures.most;
    }
    if (good + tried.proof.attempts >= most_lines) return false;
    n = std::min<std::uint64_t>(n, most_lines - 1);
    for (Trace& trace : worst_traffic(question_.policy, calls_, tried.proof.rule, n)) {
      make_good(trace, good);
      if (try_trace(std::move(trace))) return true;
    }
    return false;
  }

  bool try_check(std::uint64_t good) {
    Trace trace =
        calls_.attempts(good, {Verdict::success, FailureType::exception, Duration{1}, std::nullopt}, 0, {});
    const TimePoint at = trace.empty() ? TimePoint{} : trace.back().at + Duration{1};
    trace.push_back(check(at, CheckAnswer::bad, {1, 1}));
    return try_trace(std::move(trace));
  }

  /// Whether it is half-open as soon as the shortest opening would be over.
  bool try_trace(Trace trace) {
    const Played opened = play(steady_, trace);
    const Transition* const opening = opened.first(State::open);
    if (opening == nullptr) return false;
    const TimePoint at = opening->at;
    std::erase_if(trace, [&](const lab::TraceEntry& entry) { return entry.at > at; });
    const TimePoint over = at + length(0);
    Trace asks = trace;
    asks.push_back(call(over, Duration{1}, Verdict::success));
    const Played played = play(steady_, asks);
    const Transition* const half_open = played.first(State::half_open);
    if (half_open == nullptr || half_open->at > over) return false;
    found_.attained = true;
    // Levels may open for equally long: the trace is to show the first one, if the breaker can stay there.
    if (played_.levels && !goes_up() && opening->level != BreakerLevel::warning) return false;
    found_.opens = std::move(trace);
    found_.opened = at;
    return true;
  }

  const Question& question_;
  const CircuitBreakerOptions& breaker_;
  const Calls& calls_;
  const CircuitBreakerOptions& played_;
  const std::vector<TriedRule>& tried_;
  CircuitBreakerOptions steady_;
  ShortestOpening found_;
};

}  // namespace

ShortestOpening shortest_opening(const Question& question, const Calls& calls,
                                 const CircuitBreakerOptions& played, const std::vector<TriedRule>& tried) {
  return Search(question, calls, played, tried).take();
}

}  // namespace switchgear::prove
