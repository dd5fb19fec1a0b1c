// How long a call may take: Timeout limits one attempt, Deadline the whole call with its retries and waits.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
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

 protected:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns; `policy` is who says so.
  TimeLimited(std::string_view policy, TimeLimit limit);
  TimeLimited(const TimeLimited&) = default;
  TimeLimited& operator=(const TimeLimited&) = default;
  ~TimeLimited() = default;

 private:
  TimeLimit limit_;
};

/// The limit of one attempt. An attempt that overruns it is cancelled, and is a failure of type `timeout` for
/// every policy around it.
///
///     const Timeout timeout{"payment timeout", 2s};
///     const TimePoint end = timeout.end(now, deadline_of_the_call);
///
/// Not for: calls that cannot be interrupted; they get their deadline and must check it. A constant: any
/// number of threads may read it.
class Timeout : public TimeLimited {
 public:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns.
  explicit Timeout(TimeLimit limit) : TimeLimited("timeout", std::move(limit)) {}
  Timeout(std::string name, Duration length) : Timeout(TimeLimit{std::move(name), length}) {}
};

/// The limit of a whole call: its attempts, the waits between them, and whatever waits stand inside of it in
/// the pipeline (in the standard order, those for a token or a slot stand outside). Inherited: a call made on
/// behalf of another ends no later than that one. No attempt begins once it is over (deadline_exceeded).
///
///     const Deadline deadline{"checkout deadline", *time_class("standard")};
///     const TimePoint end = deadline.end(now, parent);
///
/// A constant: any number of threads may read it.
class Deadline : public TimeLimited {
 public:
  /// Throws std::invalid_argument when `length` is shorter than 1 ns.
  explicit Deadline(TimeLimit limit) : TimeLimited("deadline", std::move(limit)) {}
  Deadline(std::string name, Duration length) : Deadline(TimeLimit{std::move(name), length}) {}
};

}  // namespace switchgear
