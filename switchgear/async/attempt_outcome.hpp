// What the end of an attempt means to the policies, where Boost has its own words for it.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <system_error>

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

}  // namespace switchgear::detail
