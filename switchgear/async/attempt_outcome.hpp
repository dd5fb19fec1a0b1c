// The result of an attempt: its meaning for the policies, and the part that the caller gets.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>

#include "switchgear/async/attempt_op.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/classifier.hpp"

namespace switchgear::detail {

/// Whether a classifier names the exceptions that are failures.
template <class Classifier>
inline constexpr bool names_failures = false;
template <class First, class... Others, class Except, class Results>
inline constexpr bool names_failures<Classifier<Exceptions<First, Others...>, Except, Results>> = true;

template <class C>
[[nodiscard]] Outcome outcome_of_code(const C& classifier, const boost::system::error_code& code,
                                      Duration latency) {
  const std::error_code standard = code;
  if constexpr (requires { classifier.of_code(standard, latency); }) {
    return classifier.of_code(standard, latency);
  } else {
    return classifier.of_result(standard, latency);
  }
}

/// The classifier, which knows nothing of Boost, sees a boost::system::system_error like any other exception.
/// Where it does not name its failures, the code in there decides, as it does for a std::system_error.
template <class C>
[[nodiscard]] Outcome outcome_of_exception(const C& classifier, const std::exception_ptr& exception,
                                           Duration latency) {
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& thrown) {
    Outcome outcome = classifier.of_current_exception(latency);
    if (outcome.verdict != Verdict::failure || !thrown.code()) return outcome;
    const Outcome by_code = outcome_of(std::error_code(thrown.code()), latency);
    if (!names_failures<C>) return by_code;
    if (by_code.verdict == Verdict::failure) outcome.type = by_code.type;
    return outcome;
  } catch (...) {
    return classifier.of_current_exception(latency);
  }
}

/// The result of the last attempt, for the policies and the handler.
template <class Value>
struct KeptAnswer {
  Answer<Value> answer;
  boost::system::error_code code;    ///< the answer's code, in Boost's words
  std::optional<Value> beside_code;  ///< what the operation gave together with an error

  void forget() noexcept {
    answer.forget();
    beside_code.reset();
  }

  /// Also classifies it. An exception of a classifier, which is the user's code, is the call's end: no policy
  /// knows what came of it.
  template <class C>
  Outcome take(RunningAttempt<Value>& came, const C& classifier, Duration latency) {
    try {
      return take_and_judge(came, classifier, latency);
    } catch (...) {
      forget();
      answer.exception = std::current_exception();
      return Outcome::ignored(latency);
    }
  }

 private:
  template <class C>
  Outcome take_and_judge(RunningAttempt<Value>& came, const C& classifier, Duration latency) {
    if (came.exception != nullptr) {
      answer.exception = std::move(came.exception);
      return outcome_of_exception(classifier, answer.exception, latency);
    }
    code = came.code;
    if (code) {
      answer.detail().code = code;
      beside_code = std::move(came.value);
      return outcome_of_code(classifier, code, latency);
    }
    answer.value = std::move(came.value);
    return classifier.of_result(*answer.value, latency);
  }
};

}  // namespace switchgear::detail
