// How long a call may take: Timeout limits one attempt, Deadline the whole call with its retries and waits.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

/// A length of time that goes by a name in configuration.
struct TimeClass {
  std::string_view name;
  Duration length;
};

inline constexpr std::array time_classes{
    TimeClass{"health_check", std::chrono::seconds{10}}, TimeClass{"standard", std::chrono::seconds{30}},
    TimeClass{"long", std::chrono::seconds{120}}, TimeClass{"batch", std::chrono::seconds{300}}};

/// The length of one of `time_classes`; empty for any other name.
[[nodiscard]] constexpr std::optional<Duration> time_class(std::string_view name) noexcept {
  for (const TimeClass& known : time_classes) {
    if (known.name == name) return known.length;
  }
  return std::nullopt;
}

/// The options of Timeout and of Deadline.
struct TimeLimit {
  std::string name;                            ///< shown in rejections and metrics
  Duration length = std::chrono::seconds{30};  ///< 1 ns or longer

  friend bool operator==(const TimeLimit&, const TimeLimit&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const TimeLimit& limit);

/// Since construction. The driver of a call tells a limit what became of it.
struct TimeLimitTotals {
  std::uint64_t timed_out = 0;  ///< cut off at this limit
  std::uint64_t refused = 0;    ///< attempts that were not begun, because this limit was over
};

struct TimeLimitSnapshot {
  TimeLimitTotals totals;
};

/// All that a limit does. Timeout and Deadline add what stands inside of them, and are two types because a
/// pipeline tells policies apart by their type: each has its own place in the standard order.
class TimeLimited {
 public:
  /// When what begins at `now` must have ended: never later than `parent`, the end of whatever it is made
  /// for.
  [[nodiscard]] TimePoint end(TimePoint now, TimePoint parent = TimePoint::max()) const noexcept {
    const TimePoint own = saturating_add(now, limit_.length);
    return own < parent ? own : parent;
  }

  [[nodiscard]] const std::string& name() const noexcept { return limit_.name; }
  [[nodiscard]] Duration length() const noexcept { return limit_.length; }

  /// What became of a call within this limit: cut off at it, or an attempt was not begun because it was over.
  void timed_out(TimePoint now) const noexcept;
  void refused(const Rejection& rejection, TimePoint now) const noexcept;

  [[nodiscard]] TimeLimitSnapshot snapshot() const noexcept {
    return {{timed_out_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)}};
  }

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() const noexcept { return events_; }

 protected:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns.
  TimeLimited(PolicyKind kind, TimeLimit limit);
  /// The limit alone: counts begin anew, and listeners stay behind.
  TimeLimited(const TimeLimited& other) : limit_(other.limit_), kind_(other.kind_) {}
  TimeLimited& operator=(const TimeLimited&) = delete;
  ~TimeLimited() = default;

 private:
  const TimeLimit limit_;
  const PolicyKind kind_;
  mutable std::atomic<std::uint64_t> timed_out_{0};
  mutable std::atomic<std::uint64_t> refused_{0};
  mutable EventFanout events_;
};

/// The limit of one attempt. An attempt that overruns it is cancelled, and is a failure of type `timeout` for
/// every policy around it.
///
///     const Timeout timeout{"payment timeout", 2s};
///     const TimePoint end = timeout.end(now, deadline_of_the_call);
///
/// Not for: calls that cannot be interrupted; they get their deadline and must check it. Threads: any.
class Timeout : public TimeLimited {
 public:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns.
  explicit Timeout(TimeLimit limit) : TimeLimited(PolicyKind::timeout, std::move(limit)) {}
  Timeout(std::string name, Duration length) : Timeout(TimeLimit{std::move(name), length}) {}
};

/// The limit of a whole call: its attempts, the waits between them, and whatever waits stand inside of it in
/// the pipeline (in the standard order, those for a token or a slot stand outside). Inherited: a call made on
/// behalf of another ends no later than that one. No attempt begins once it is over (deadline_exceeded).
///
///     const Deadline deadline{"checkout deadline", *time_class("standard")};
///     const TimePoint end = deadline.end(now, parent);
///
/// Threads: any.
class Deadline : public TimeLimited {
 public:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns.
  explicit Deadline(TimeLimit limit) : TimeLimited(PolicyKind::deadline, std::move(limit)) {}
  Deadline(std::string name, Duration length) : Deadline(TimeLimit{std::move(name), length}) {}
};

}  // namespace switchgear
