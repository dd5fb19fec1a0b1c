// What the end of a call means to the policies. Results are told apart by their type; a user may say
// otherwise.
#pragma once

#include <concepts>
#include <exception>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"

namespace switchgear {

/// No error is a success; `operation_canceled` is ignored, and so is a refusal by policies further inside: it
/// is no failure for anyone outside of them.
[[nodiscard]] Outcome outcome_of(const std::error_code& code, Duration latency) noexcept;

template <class T>
[[nodiscard]] Outcome outcome_of(const Result<T>& result, Duration latency) noexcept {
  if (result.has_value()) return Outcome::success(latency);
  return outcome_of(make_error_code(result.rejection().reason), latency);
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
}  // namespace detail

/// Results: by `outcome_of(result, latency)` where the type has one (error codes, Result, HTTP responses;
/// write one beside your own type), and a success otherwise. Exceptions: a failure; a std::system_error by
/// its code; a FallbackError by what the call had failed with.
struct DefaultClassifier {
  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    if constexpr (detail::Classified<T>) {
      return outcome_of(result, latency);
    } else {
      return Outcome::success(latency);
    }
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
        static_assert(std::same_as<Said, Outcome>, "want an Outcome, a Verdict or a bool");
        return said;
      }
    }
  }

  /// Asks `results` too when it takes error codes.
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
