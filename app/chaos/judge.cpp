#include "app/chaos/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "app/lab/counted.hpp"
#include "switchgear/core/duration_text.hpp"

namespace switchgear::chaos {

Duration quantile(std::vector<Duration>& latencies, double q) {
  if (latencies.empty()) return {};
  std::sort(latencies.begin(), latencies.end());
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(latencies.size())));
  return latencies[std::max<std::size_t>(rank, 1) - 1];
}

namespace {

using Kind = Expectation::Kind;
using namespace std::chrono_literals;

/// `3.20s`: a length that was measured.
std::string seconds(Duration length) { return fmt::format("{:.2f}s", to_seconds(length)); }

class Judge {
 public:
  Judge(const Expectation& expectation, const Observations& seen)
      : expectation_(expectation), seen_(seen), until_(expectation.until.value_or(Duration::max())) {}

  [[nodiscard]] Verdict verdict() const {
    switch (expectation_.kind) {
      case Kind::opens_within:
        return transition("opens", "open", "opened");
      case Kind::closes_within:
        return transition("closes", "closed", "closed");
      case Kind::recovers_within:
        return recovers();
      case Kind::never_opens:
        return never_opens();
      case Kind::serves_at_least:
        return share("at least {} of the calls are served", Call::Kind::served, true);
      case Kind::refuses_at_most:
        return share("at most {} of the calls are refused", Call::Kind::refused, false);
      case Kind::fails_at_most:
        return share("at most {} of the calls fail", Call::Kind::failed, false);
      case Kind::reaches_at_most:
        return reaches();
      case Kind::p50_below:
        return latency("p50", 0.5);
      case Kind::p95_below:
        return latency("p95", 0.95);
      case Kind::p99_below:
        return latency("p99", 0.99);
    }
    return {};
  }

 private:
  [[nodiscard]] bool within(Duration at) const { return at >= expectation_.after && at < until_; }

  [[nodiscard]] bool counts(const Call& call) const {
    return within(call.at) && seen_.paths[call.path].starts_with(expectation_.path);
  }

  /// ` on /a from 10s to 20s`, as far as it is narrowed.
  [[nodiscard]] std::string scope() const {
    std::string text;
    if (!expectation_.path.empty()) text += " on " + expectation_.path;
    if (expectation_.after > 0s) text += " from " + format_duration(expectation_.after);
    if (expectation_.until) text += " to " + format_duration(*expectation_.until);
    return text;
  }

  [[nodiscard]] std::string unknown() const {
    std::string text = "the target has no breaker of this name";
    std::string names;
    for (const std::string& name : seen_.breakers) names += (names.empty() ? "" : ", ") + name;
    return text + (names.empty() ? "" : "; it has " + names);
  }

  /// When the breaker first went to `state` at or after `after`.
  [[nodiscard]] std::optional<Duration> first(const std::string& state) const {
    for (const Transition& each : seen_.transitions) {
      if (each.breaker == expectation_.breaker && each.to == state && within(each.at)) return each.at;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string state_at(Duration at) const {
    const auto initially = seen_.initially.find(expectation_.breaker);
    std::string state = initially == seen_.initially.end() ? "closed" : initially->second;
    for (const Transition& each : seen_.transitions) {
      if (each.breaker == expectation_.breaker && each.at <= at) state = each.to;
    }
    return state;
  }

  [[nodiscard]] Verdict transition(const char* verb, const char* state, const char* past) const {
    Verdict verdict;
    verdict.expected = fmt::format("breaker {} {} within {} after {}", expectation_.breaker, verb,
                                   format_duration(expectation_.limit), format_duration(expectation_.after));
    if (!seen_.breakers.contains(expectation_.breaker)) {
      verdict.found = unknown();
      return verdict;
    }
    const auto at = first(state);
    if (at) {
      const Duration took = *at - expectation_.after;
      verdict.held = took <= expectation_.limit;
      verdict.found = fmt::format("it {} after {}", past, seconds(took));
    } else {
      verdict.found = fmt::format("it did not; it was {} at {}", state_at(expectation_.after),
                                  format_duration(expectation_.after));
    }
    return verdict;
  }

  [[nodiscard]] Verdict never_opens() const {
    Verdict verdict{true, "breaker " + expectation_.breaker + " never opens" + scope(), "it did not open"};
    if (!seen_.breakers.contains(expectation_.breaker)) return {false, verdict.expected, unknown()};
    if (state_at(expectation_.after) == "open")
      return {false, verdict.expected, "it was open at " + format_duration(expectation_.after)};
    if (const auto at = first("open")) return {false, verdict.expected, "it opened at " + seconds(*at)};
    return verdict;
  }

  [[nodiscard]] Verdict share(const char* words, Call::Kind kind, bool at_least) const {
    std::uint64_t all = 0;
    std::uint64_t counted = 0;
    for (const Call& call : seen_.calls) {
      if (!counts(call)) continue;
      ++all;
      if (call.kind == kind) ++counted;
    }
    Verdict verdict;
    verdict.expected = fmt::format(fmt::runtime(words), fmt::format("{:g}", expectation_.share)) + scope();
    if (all == 0) {
      verdict.found = "there were no calls";
      return verdict;
    }
    const double found = static_cast<double>(counted) / static_cast<double>(all);
    verdict.held = at_least ? found >= expectation_.share : found <= expectation_.share;
    verdict.found = fmt::format("{:.4g}: {} of {} calls", found, lab::counted(counted), lab::counted(all));
    return verdict;
  }

  [[nodiscard]] Verdict latency(const char* name, double q) const {
    std::vector<Duration> latencies;
    for (const Call& call : seen_.calls) {
      if (counts(call)) latencies.push_back(call.latency);
    }
    Verdict verdict;
    verdict.expected = fmt::format("{}{} below {}", name, scope(), format_duration(expectation_.limit));
    if (latencies.empty()) {
      verdict.found = "there were no calls";
      return verdict;
    }
    const Duration found = quantile(latencies, q);
    verdict.held = found < expectation_.limit;
    verdict.found = lab::rounded(found) + " in " + lab::counted(latencies.size()) + " calls";
    return verdict;
  }

  [[nodiscard]] Verdict reaches() const {
    std::uint64_t arrived = 0;
    if (const auto at = seen_.arrivals.find(expectation_.service); at != seen_.arrivals.end()) {
      for (const auto& instance : at->second)
        arrived += static_cast<std::uint64_t>(
            std::count_if(instance.begin(), instance.end(), [&](Duration each) { return within(each); }));
    }
    return {arrived <= expectation_.count,
            fmt::format("at most {} requests reach {}{}", lab::counted(expectation_.count),
                        expectation_.service, scope()),
            lab::counted(arrived) + " arrived"};
  }

  /// The beginning of the first second from `after` on in which the share was served, at whose end the
  /// breaker is closed.
  [[nodiscard]] std::optional<Duration> recovered() const {
    constexpr Duration step = 100ms;
    constexpr Duration window = 1s;
    for (Duration from = expectation_.after; from + window <= seen_.duration; from += step) {
      std::uint64_t all = 0;
      std::uint64_t served = 0;
      auto at = std::lower_bound(seen_.calls.begin(), seen_.calls.end(), from,
                                 [](const Call& call, Duration time) { return call.at < time; });
      for (; at != seen_.calls.end() && at->at < from + window; ++at) {
        if (!counts(*at)) continue;
        ++all;
        if (at->kind == Call::Kind::served) ++served;
      }
      const bool enough =
          all > 0 && static_cast<double>(served) >= expectation_.share * static_cast<double>(all);
      if (enough && (expectation_.breaker.empty() || state_at(from + window) == "closed")) return from;
    }
    return std::nullopt;
  }

  [[nodiscard]] Verdict recovers() const {
    Verdict verdict;
    verdict.expected = fmt::format(
        "{} recovers within {} after {} ({:g} served{})",
        expectation_.path.empty() ? "service" : expectation_.path, format_duration(expectation_.limit),
        format_duration(expectation_.after), expectation_.share,
        expectation_.breaker.empty() ? "" : ", breaker " + expectation_.breaker + " closed");
    if (!expectation_.breaker.empty() && !seen_.breakers.contains(expectation_.breaker)) {
      verdict.found = unknown();
      return verdict;
    }
    const auto at = recovered();
    verdict.held = at && *at - expectation_.after <= expectation_.limit;
    verdict.found = at ? "after " + seconds(*at - expectation_.after) : "it did not";
    return verdict;
  }

  const Expectation& expectation_;
  const Observations& seen_;
  const Duration until_;
};

}  // namespace

Verdict judge(const Expectation& expectation, const Observations& seen) {
  return Judge{expectation, seen}.verdict();
}

}  // namespace switchgear::chaos
