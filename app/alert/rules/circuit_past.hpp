// What rules look back at: one circuit's state, its changes and its calls, as far back as any rule asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "app/alert/rules/alert_rule.hpp"
#include "switchgear/core/state.hpp"

namespace switchgear::alert {

/// Calls by their end: totals, or those of a span.
struct CallsSeen {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t rejected = 0;
  Duration took{};  ///< admitted calls, all together

  [[nodiscard]] std::uint64_t admitted() const noexcept { return succeeded + failed; }
  [[nodiscard]] std::uint64_t asked() const noexcept { return admitted() + rejected; }
  friend bool operator==(const CallsSeen&, const CallsSeen&) = default;
};

[[nodiscard]] CallsSeen minus(const CallsSeen& a, const CallsSeen& b) noexcept;

/// A change of state, with the rule of the breaker that caused it.
struct StateChange {
  std::string circuit;
  State to = State::closed;
  Moment at{};
  std::string evidence;      ///< `failure_rate (0.6, threshold 0.5)`
  bool by_operator = false;  ///< then it is not counted among the changes of the breaker's own
};

/// Totals of calls, kept so that the calls of any span that ends now can be told. A span is exact to 5 s if
/// it is not longer than ten minutes, to a minute beyond. A span that reaches further back than what was
/// kept, as after a reload that widens it, counts from there on. A quiet circuit adds nothing. Memory: 40
/// bytes for each 5 s of the last ten minutes and each minute before, in which calls ended. Threads: one.
class CallsOverTime {
 public:
  /// `longest`: how far back within() is asked.
  void keep(Duration longest) { longest_ = longest; }
  /// Totals since the circuit was made; smaller ones than before are those of a circuit that was replaced.
  void add(const CallsSeen& totals, Moment at);
  [[nodiscard]] CallsSeen within(Duration span, Moment now) const;
  void clock_was_set(Duration by);

 private:
  struct Point {
    Moment at{};
    CallsSeen totals{};
  };
  struct Line {
    Duration step{};
    std::deque<Point> points;    ///< the totals at the first reading of a step in which they changed
    bool from_the_start = true;  ///< no point was dropped
    void add(const Point& point, Duration span);
    [[nodiscard]] CallsSeen at(Moment moment) const;
  };

  Duration longest_ = std::chrono::hours{1};
  CallsSeen before_{};  ///< of the circuits that were replaced
  CallsSeen last_{};    ///< as handed in
  CallsSeen sum_{};
  Line fine_{std::chrono::seconds{5}, {}};
  Line coarse_{std::chrono::minutes{1}, {}};
};

/// Threads: one.
class CircuitPast {
 public:
  static constexpr std::size_t most_changes = 10'000;
  /// A breaker's state is there before the event that tells why.
  static constexpr Duration patience = std::chrono::milliseconds{500};

  void keep(Duration longest) {
    calls_.keep(longest);
    longest_ = longest;
  }

  void changed(const StateChange& change);
  /// What a snapshot shows. A state that no change announces within `patience` is taken over without
  /// evidence, and does not count as a change; that of the first snapshot at once.
  void saw(State state, const CallsSeen& totals, Moment at);
  /// All moments so far are that much later, or earlier.
  void clock_was_set(Duration by);

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] Moment since() const noexcept { return since_; }
  /// When the circuit opened that has not closed since.
  [[nodiscard]] std::optional<Moment> opened_at() const noexcept { return opened_at_; }
  [[nodiscard]] const std::string& opened_by() const noexcept { return opened_by_; }
  /// Without those by an operator.
  [[nodiscard]] std::uint64_t changes_within(Duration span, Moment now) const;
  [[nodiscard]] CallsSeen calls_within(Duration span, Moment now) const { return calls_.within(span, now); }

 private:
  void enter(State state, Moment at, const std::string& evidence);

  Duration longest_ = std::chrono::hours{1};
  State state_ = State::closed;
  Moment since_{};
  std::optional<Moment> opened_at_;
  std::string opened_by_;
  bool seen_ = false;
  std::optional<Moment> unannounced_since_;
  std::deque<Moment> changes_;
  CallsOverTime calls_;
};

}  // namespace switchgear::alert
