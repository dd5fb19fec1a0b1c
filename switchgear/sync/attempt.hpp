// What a guarded function gets about its attempt, and what it returns.
#pragma once

#include <concepts>
#include <cstdint>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/classifier.hpp"

namespace switchgear {

/// What the guarded function gets, if it takes it: `[](const Attempt& attempt) { … }`.
///
/// A blocking call cannot be interrupted from outside. So the function is handed the time it has and the
/// caller's stop token, and should check them: pass `deadline` on to the socket and to guarded calls further
/// down, return early when `stop` is requested. A result that comes after `deadline` is a timeout for the
/// policies, and is dropped. One that comes after `stop` was requested is the caller's, whatever it is: the
/// policies ignore it, and nothing is tried again.
struct Attempt {
  std::uint32_t number = 1;               ///< from 1
  TimePoint deadline = TimePoint::max();  ///< of this attempt; max(): no limit
  std::stop_token stop{};                 ///< the caller's own; it also ends the waits around attempts
};

namespace detail {

/// `f` takes the attempt, or nothing.
template <class F>
decltype(auto) make_attempt(F& f, std::uint32_t number, TimePoint deadline, const CallOptions& options) {
  if constexpr (std::invocable<F&, const Attempt&>) {
    return f(Attempt{number, deadline, options.stop});
  } else {
    return f();
  }
}
template <class F>
using AttemptResult =
    decltype(make_attempt(std::declval<F&>(), 1U, TimePoint{}, std::declval<const CallOptions&>()));

/// What a blocking call keeps of what its function returned. A coroutine or a future is not an answer: the
/// call would count as a success as soon as the work has begun.
template <class Returned>
struct Kept {
  static_assert(
      !Unfinished<Returned>,
      "the function returns a coroutine or a future: its work has not ended, and may yet fail, when it "
      "returns. Await a coroutine with async_call (switchgear/async/async_call.hpp); wait for a future "
      "inside the function: return future.get()");
  using type = Returned;
};
template <>
struct Kept<void> {
  using type = Nothing;
};
template <class F>
using AnswerOf = typename Kept<std::decay_t<AttemptResult<F>>>::type;

}  // namespace detail

}  // namespace switchgear
