// Situations that an operator may find, for the tests of the diagnosis.
#pragma once

#include <string>
#include <vector>

#include "switchgear/observe/diagnosis/diagnosis.hpp"
#include "switchgear/observe/figures/history_fixture.hpp"

namespace switchgear {

/// A breaker's past, and what the running one would say of itself at `now`.
struct Situation {
  figures::PastOf past;
  CircuitPresent present;
  double now = 3600;

  Situation() {
    present.circuit = "payment";
    present.options.failure_rate = 0.5;
    present.options.open_duration = std::chrono::seconds{30};
    present.breaker.window = {.calls = 100, .failures = 1};
  }

  /// It opened at `when`, by failures of the usual kind, and has another 20 s to go.
  void is_open(double when = 3590) {
    past.opens(when);
    settle(State::open, when);
    present.breaker.window = {.calls = 50, .failures = 30};
    present.breaker.retry_after = std::chrono::seconds{20};
  }
  void settle(State state, double since) {
    present.breaker.state = state;
    present.since = figures::PastOf::at(since);
  }
  /// Ten seconds with `count` failures of one type.
  void failed(double from, FailureType type, std::uint64_t count) {
    CircuitSample& sample = past.sample(from, 0);
    sample.failures = {};
    sample.failures[static_cast<std::size_t>(type)] = count;
  }
  /// Failed calls in every ten seconds before `until`, of a hundred each.
  void got_worse(double until, const std::vector<std::uint64_t>& failures) {
    double from = until - 10 * static_cast<double>(failures.size());
    for (const std::uint64_t each : failures) {
      past.sample(from, 100 - each, each);
      from += 10;
    }
  }

  [[nodiscard]] Diagnosis diagnosis() const {
    CircuitPresent seen = present;
    seen.last = past.present.last;
    return diagnose(past.history, {figures::PastOf::at(0), figures::PastOf::at(now)}, std::move(seen),
                    PastFrom::history);
  }
  [[nodiscard]] const Finding* finding(const Diagnosis& of, std::string_view rule) const {
    for (const Finding& each : of.findings) {
      if (each.rule == rule) return &each;
    }
    return nullptr;
  }
};

}  // namespace switchgear
