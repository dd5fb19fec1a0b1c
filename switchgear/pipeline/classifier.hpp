// The meaning of a call's end for the policies. Results are distinguished by their type; a user may say
// otherwise.
#pragma once

#include <concepts>
#include <exception>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/result_shape.hpp"

namespace switchgear {

/// No error is a success; `operation_canceled` is ignored, and so is a refusal by policies further inside: it
/// is not a failure for any policy outside of them.
[[nodiscard]] Outcome outcome_of(const std::error_code& code, Duration latency) noexcept;

/// A refusal by policies further inside.
[[nodiscard]] inline Outcome outcome_of(const Rejection& refused, Duration latency) noexcept {
  return outcome_of(make_error_code(refused.reason), latency);
}
template <class T>
[[nodiscard]] Outcome outcome_of(const Result<T>& result, Duration latency) noexcept {
  return result.has_value() ? Outcome::success(latency) : outcome_of(result.rejection(), latency);
}

namespace detail {
/// Why policies further inside refused, when that is what an attempt threw or reported.
[[nodiscard]] std::optional<Reason> refusal_inside(const std::exception_ptr& thrown,
                                                   const std::error_code& reported) noexcept;
template <class T>
concept Classified = requires(const T& result, Duration latency) {
  { outcome_of(result, latency) } -> std::same_as<Outcome>;
};
#if defined(__cpp_exceptions)
/// Of the exception being handled. Precondition: one is.
[[nodiscard]] Outcome outcome_of_current_exception(Duration latency) noexcept;
#endif

/// A value in the place of an error is an error: by its code, if it has a more exact one, else a failure.
template <class E>
[[nodiscard]] Outcome outcome_of_error(const E& error, Duration latency) {
  if constexpr (Classified<E>) {
    const Outcome outcome = outcome_of(error, latency);
    if (outcome.verdict != Verdict::success) return outcome;
  }
  return Outcome::failure(FailureType::exception, latency);
}
template <class T>
[[nodiscard]] Outcome outcome_by_shape(const T& result, Duration latency);

/// See DefaultClassifier.
template <class T>
[[nodiscard]] Outcome outcome_of_any(const T& result, Duration latency) {
  if constexpr (Classified<T>) {
    return outcome_of(result, latency);
  } else {
    return outcome_by_shape(result, latency);
  }
}

/// What a wrapper holds is judged as if it had been returned by itself. Precondition: it holds something.
template <class T>
[[nodiscard]] Outcome outcome_of_held(const T& result, Duration latency) {
  if constexpr (HoldsAValue<T>) {
    return outcome_of_any(result.value(), latency);
  } else {
    return Outcome::success(latency);
  }
}

template <class T>
[[nodiscard]] Outcome outcome_by_shape(const T& result, Duration latency) {
  if constexpr (ValueOrError<T>) {
    if (holds_value(result)) return outcome_of_held(result, latency);
    if (holds_error(result)) return outcome_of_error(result.error(), latency);
    return Outcome::failure(FailureType::exception, latency);
  } else if constexpr (starts_with_error_code<T>) {
    return outcome_of(static_cast<std::error_code>(std::get<0>(result)), latency);
  } else if constexpr (SaysHasValue<T>) {
    return result.has_value() ? outcome_of_held(result, latency) : Outcome::success(latency);
  } else {
    return Outcome::success(latency);
  }
}

/// A coroutine or a future: whether the call succeeds is not known when the function returns. A type whose
/// outcome can be told all the same (an outcome_of() of its own, has_value() and error()) is an answer.
template <class T>
concept Unfinished = (CoroutineLike<T> || FutureLike<T>)&&!Classified<T> && !ValueOrError<T>;
}  // namespace detail

/// Results: by `outcome_of(result, latency)` where the type has one (error codes, Result, HTTP responses;
/// write one beside your own type). Otherwise by their shape: a type with has_value() or has_error(), and
/// error(), as std::expected and Boost.Outcome have them, is its value or its error; a std::optional is its
/// value, and a success without one; both judged as if that had been returned by itself. A pair or tuple that
/// starts with an error code is that code. Everything else is a success.
/// Exceptions: a failure; a std::system_error by its code; a FallbackError by what the call had failed with.
struct DefaultClassifier {
  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    return detail::outcome_of_any(result, latency);
  }
  /// Of an operation that ended with an error code, whatever else it gave.
  [[nodiscard]] Outcome of_code(const std::error_code& code, Duration latency) const noexcept {
    return outcome_of(code, latency);
  }
#if defined(__cpp_exceptions)
  [[nodiscard]] Outcome of_current_exception(Duration latency) const noexcept {
    return detail::outcome_of_current_exception(latency);
  }
#endif
};

/// A list of exception types.
template <class... E>
struct Exceptions {
  template <class... More>
  using And = Exceptions<E..., More...>;
};

/// The user's own idea of a failure, put together from what differs:
///
///     auto picky = Classifier{}
///                      .failures_are<NetworkError, Timeout>()   // other exceptions are ignored
///                      .ignoring<NoRoute>()                     // and this one, though a NetworkError
///                      .results([](const Reply& reply) { return reply.status < 500; });
///     auto pipeline = Pipeline{retry, breaker}.classified_by(picky);
///
/// `results` may return an Outcome, a Verdict, or a bool that says "success". Threads: any, if the function
/// may be called from any.
template <class Only = Exceptions<>, class Except = Exceptions<>, class Results = DefaultClassifier>
class Classifier {
 public:
  Classifier() = default;
  explicit Classifier(Results results) : results_(std::move(results)) {}

  template <class... E>
  [[nodiscard]] auto failures_are() const {
    return Classifier<typename Only::template And<E...>, Except, Results>{results_};
  }
  template <class... E>
  [[nodiscard]] auto ignoring() const {
    return Classifier<Only, typename Except::template And<E...>, Results>{results_};
  }
  template <class Function>
  [[nodiscard]] auto results(Function function) const {
    return Classifier<Only, Except, Function>{std::move(function)};
  }

  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    if constexpr (std::is_same_v<Results, DefaultClassifier>) {
      return results_.of_result(result, latency);
    } else {
      auto said = [&] {
        if constexpr (std::invocable<const Results&, const T&, Duration>) {
          return results_(result, latency);
        } else {
          return results_(result);
        }
      }();
      using Said = decltype(said);
      if constexpr (std::same_as<Said, bool>) {
        return said ? Outcome::success(latency) : Outcome::failure(FailureType::exception, latency);
      } else if constexpr (std::same_as<Said, Verdict>) {
        return Outcome{said, FailureType::exception, latency, {}};
      } else {
        static_assert(std::same_as<Said, Outcome>, "must be an Outcome, a Verdict or a bool");
        return said;
      }
    }
  }

  /// Uses `results` too if it takes error codes.
  [[nodiscard]] Outcome of_code(const std::error_code& code, Duration latency) const {
    if constexpr (std::invocable<const Results&, const std::error_code&, Duration> ||
                  std::invocable<const Results&, const std::error_code&>) {
      return of_result(code, latency);
    } else {
      return outcome_of(code, latency);
    }
  }

#if defined(__cpp_exceptions)
  [[nodiscard]] Outcome of_current_exception(Duration latency) const noexcept {
    if (is_one_of(Except{})) return Outcome::ignored(latency);
    if constexpr (!std::is_same_v<Only, Exceptions<>>) {
      if (!is_one_of(Only{})) return Outcome::ignored(latency);
      Outcome outcome = detail::outcome_of_current_exception(latency);
      outcome.verdict = Verdict::failure;
      return outcome;
    }
    return detail::outcome_of_current_exception(latency);
  }
#endif

 private:
#if defined(__cpp_exceptions)
  template <class... E>
  static bool is_one_of(Exceptions<E...>) noexcept {
    return (is_a<E>() || ...);
  }
  template <class E>
  static bool is_a() noexcept {
    try {
      throw;
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }
#endif

  [[no_unique_address]] Results results_{};
};

}  // namespace switchgear
