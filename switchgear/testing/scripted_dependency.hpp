// A dependency that follows a test's script: some answers, then a timeout, then an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::testing {

/// What a scripted dependency does when its steps are used up.
enum class AtTheEnd : std::uint8_t {
  refuse,       ///< next() throws std::logic_error: the test made more calls than it said
  repeat_last,  ///< the last step again and again
  repeat_all,   ///< from the first step
};

/// Thrown by ScriptedCall::get() for a step that fails without an exception of its own.
class ScriptedFailure : public std::runtime_error {
 public:
  explicit ScriptedFailure(FailureType type);
  [[nodiscard]] FailureType type() const noexcept { return type_; }

 private:
  FailureType type_;
};

/// One call: how long it takes, by whatever clock the caller has, and how it then ends. It waits for nothing
/// itself, so it serves a blocking caller in manual time as well as a coroutine with a timer.
template <class T>
struct ScriptedCall {
  std::uint64_t number = 0;  ///< 1 for the first call of the dependency
  Outcome outcome{};         ///< latency, verdict and type; what to record
  std::optional<T> value{};  ///< set when it answers
  std::exception_ptr exception{};

  [[nodiscard]] Duration latency() const noexcept { return outcome.latency; }

  /// The value; or throws the step's exception, or ScriptedFailure.
  [[nodiscard]] T get() && {
    if (exception) std::rethrow_exception(exception);
    if (!value) throw ScriptedFailure(outcome.type);
    return *std::move(value);
  }
};

namespace detail {

/// Which step is whose: counts calls through a list of steps that each last for some of them.
class Script {
 public:
  void add(std::uint64_t times);
  void at_the_end(AtTheEnd end) noexcept;

  struct Place {
    std::size_t step = 0;
    std::uint64_t call = 0;
  };
  [[nodiscard]] Place next();

  [[nodiscard]] std::uint64_t calls() const noexcept;
  /// Calls until the steps are used up for the first time.
  [[nodiscard]] std::uint64_t left() const noexcept;
  void rewind() noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> ends_;  ///< the number of the call behind each step's last one, counted from 0
  std::uint64_t calls_ = 0;
  AtTheEnd end_ = AtTheEnd::refuse;
};

}  // namespace detail

/// Plays its steps in order, one a call.
///
///     ScriptedDependency<int> stock;
///     stock.answers(7, 10ms, 3).fails(FailureType::timeout, 2s).throws(std::runtime_error{"no route"});
///     auto call = stock.next();
///     time.advance(call.latency());               // or: co_await a timer
///     return std::move(call).get();     // 7, three times; then ScriptedFailure; then runtime_error
///
/// Not for: what happens by chance (seeded_chaos.hpp). Threads: next() and the counts from any; steps are
/// added before the first call. Lifetime: the calls it hands out stand alone.
template <class T>
class ScriptedDependency {
 public:
  /// Succeeds with `value`, for `times` calls.
  ScriptedDependency& answers(T value, Duration latency = {}, std::uint64_t times = 1) {
    return step({0, Outcome::success(latency), std::move(value), nullptr}, times);
  }
  /// Fails without an exception, as a client with error codes does.
  ScriptedDependency& fails(FailureType type, Duration latency = {}, std::uint64_t times = 1) {
    return step({0, Outcome::failure(type, latency), std::nullopt, nullptr}, times);
  }
  /// Fails by throwing `thrown`.
  template <class E>
  ScriptedDependency& throws(E thrown, Duration latency = {}, std::uint64_t times = 1) {
    return step({0, Outcome::failure(FailureType::exception, latency), std::nullopt,
                 std::make_exception_ptr(std::move(thrown))},
                times);
  }
  /// Ends as `outcome` says, for endings that the others do not cover: a Retry-After, an ignored call, a
  /// value that is a failure.
  ScriptedDependency& ends(const Outcome& outcome, std::optional<T> value = std::nullopt,
                           std::uint64_t times = 1) {
    return step({0, outcome, std::move(value), nullptr}, times);
  }
  ScriptedDependency& at_the_end(AtTheEnd end) noexcept {
    script_.at_the_end(end);
    return *this;
  }

  /// The next call. Throws std::logic_error at the end of the script, unless the last result is repeated.
  [[nodiscard]] ScriptedCall<T> next() {
    const auto place = script_.next();
    ScriptedCall<T> call = steps_[place.step];
    call.number = place.call;
    return call;
  }

  /// How many calls were made.
  [[nodiscard]] std::uint64_t calls() const noexcept { return script_.calls(); }
  /// How many more the script has, repetitions aside. Zero when a test went through all of it.
  [[nodiscard]] std::uint64_t left() const noexcept { return script_.left(); }
  /// Starts the script, and the count, over.
  void rewind() noexcept { script_.rewind(); }

 private:
  ScriptedDependency& step(ScriptedCall<T> step, std::uint64_t times) {
    script_.add(times);
    steps_.push_back(std::move(step));
    return *this;
  }

  std::vector<ScriptedCall<T>> steps_;
  detail::Script script_;
};

}  // namespace switchgear::testing
