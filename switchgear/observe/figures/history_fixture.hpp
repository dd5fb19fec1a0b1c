// Pasts to try figures, diagnoses and reports on: samples of ten seconds and transitions at given instants.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "switchgear/observe/figures/figures.hpp"

namespace switchgear::figures {

/// Time is counted in seconds from 2026-03-01T12:00:00Z.
struct PastOf {
  static constexpr Wall start{std::chrono::seconds{1'772'366'400}};
  CircuitHistory history;
  Present present;

  explicit PastOf(std::string circuit = "payment") {
    history.circuit = std::move(circuit);
    present.open_duration = std::chrono::seconds{30};
  }

  [[nodiscard]] static Wall at(double seconds) { return start + from_seconds(seconds); }

  /// Ten seconds of calls, each of which took `took`.
  CircuitSample& sample(double from, std::uint64_t good, std::uint64_t failed = 0, std::uint64_t refused = 0,
                        Duration took = std::chrono::milliseconds{50}) {
    CircuitSample& made = history.samples.emplace_back();
    made.from = at(from);
    made.length = std::chrono::seconds{10};
    made.state = present.state;
    made.successes = good;
    made.failures[static_cast<std::size_t>(FailureType::http_error)] = failed;
    made.rejected = refused;
    std::size_t bucket = 0;
    while (bucket < duration_bounds.size() && to_seconds(took) > duration_bounds[bucket]) ++bucket;
    made.successes_took[bucket] = good;
    made.failures_took[bucket] = failed;
    made.success_time = took * good;
    made.failure_time = took * failed;
    return made;
  }

  LoggedTransition& change(double when, State from, State to, Rule rule, double value = 0) {
    LoggedTransition made;
    made.breaker = history.circuit;
    made.from = from;
    made.to = to;
    made.generation = history.transitions.size() + 2;
    made.wall = at(when);
    made.rule = rule;
    made.value = value;
    present.state = to;
    present.last.push_back(made);
    if (present.last.size() > 10) present.last.erase(present.last.begin());
    return history.transitions.emplace_back(std::move(made));
  }
  /// 30 of 50 calls had failed.
  LoggedTransition& opens(double when, Rule rule = Rule::failure_rate) {
    LoggedTransition& made = change(when, State::closed, State::open, rule, 0.6);
    made.threshold = 0.5;
    made.window = {
        .calls = 50, .failures = 30, .slow = 0, .high = 0, .consecutive_failures = 4, .failure_balance = 0};
    made.last_failure = LastFailure{FailureType::http_error, TimePoint{}};
    return made;
  }
  LoggedTransition& probes(double when) {
    return change(when, State::open, State::half_open, Rule::open_duration, 30);
  }
  LoggedTransition& relapses(double when, Rule rule = Rule::probe) {
    return change(when, State::half_open, State::open, rule, 1);
  }
  LoggedTransition& closes(double when) {
    return change(when, State::half_open, State::closed, Rule::recovered);
  }

  [[nodiscard]] Figures figures(double now, double from = 0) const {
    return figures_of(history, {at(from), at(now)}, present);
  }
};

}  // namespace switchgear::figures
