// Verdicts by the shape of a result: for types that the library does not know, but whose members leave no
// doubt about what they mean.
#pragma once

#include <concepts>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear::detail {

// --- a value or an error

template <class T>
concept SaysHasValue = requires(const T& result) {
  { result.has_value() } -> std::convertible_to<bool>;
};
template <class T>
concept SaysHasError = requires(const T& result) {
  { result.has_error() } -> std::convertible_to<bool>;
};
/// std::expected, tl::expected, boost::system::result, Boost.Outcome's result and outcome. Not std::optional:
/// nothing found is an answer.
template <class T>
concept ValueOrError = (SaysHasValue<T> || SaysHasError<T>)&&requires(const T& result) {
  result.error();
};

template <class T>
concept HoldsAValue = requires(const T& result) {
  requires !std::is_void_v<decltype(result.value())>;
};

template <ValueOrError T>
[[nodiscard]] constexpr bool holds_value(const T& result) {
  if constexpr (SaysHasValue<T>) {
    return static_cast<bool>(result.has_value());
  } else {
    return !static_cast<bool>(result.has_error());
  }
}
/// An outcome without a value may hold an exception instead of an error; then error() must not be asked.
template <ValueOrError T>
[[nodiscard]] constexpr bool holds_error(const T& result) {
  if constexpr (SaysHasError<T>) {
    return static_cast<bool>(result.has_error());
  } else {
    return !holds_value(result);
  }
}

// --- an error code, and something beside it

/// std::error_code, and boost::system::error_code, which converts to it.
template <class T>
concept ErrorCodeLike = std::convertible_to < const std::remove_cvref_t<T>
&, std::error_code > &&requires(const std::remove_cvref_t<T>& code) {
  code.category();
  { code.value() } -> std::convertible_to<int>;
};

template <class T>
inline constexpr bool starts_with_error_code = false;
template <class First, class Second>
inline constexpr bool starts_with_error_code<std::pair<First, Second>> = ErrorCodeLike<First>;
template <class First, class... Others>
inline constexpr bool starts_with_error_code<std::tuple<First, Others...>> = ErrorCodeLike<First>;

// --- no answer yet

template <class T>
concept Awaiter = requires(T& awaiter) {
  awaiter.await_ready();
  awaiter.await_resume();
};
template <class T>
concept HasCoAwait = requires(T&& awaitable) {
  static_cast<T&&>(awaitable).operator co_await();
}
|| requires(T&& awaitable) { operator co_await(static_cast<T&&>(awaitable)); };
/// co_await takes it, or it is what a coroutine returns.
template <class T>
concept CoroutineLike = Awaiter<T> || HasCoAwait<T> || HasCoAwait<T&> || requires {
  typename T::promise_type;
};

/// std::future, std::shared_future, and those of Boost (which know a clock of their own), Folly and others.
template <class T>
concept FutureLike = (
                         requires(T & future) { future.wait(); } ||
                         requires(T & future) { std::move(future).get(); }) &&
                     (
                         requires(T & future) { future.wait_for(Duration{}); } ||
                         requires(T & future) {
                           future.wait();
                           future.valid();
                           std::move(future).get();
                         });

}  // namespace switchgear::detail
