// What the answers and errors of a client mean to the policies around its requests.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "switchgear/core/outcome.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/pipeline/classifier.hpp"

namespace switchgear::http {

/// Of a request that brought no response: the client's own limits and mistakes are not the server's failures.
[[nodiscard]] Outcome outcome_of_error(const FailureClassifier& rules, const std::error_code& code,
                                       Duration latency) noexcept;

namespace detail {

/// Whether a classifier of the user's says what an answer, or an exception, means.
template <class C>
inline constexpr bool judges_results = true;
template <>
inline constexpr bool judges_results<DefaultClassifier> = false;
template <class Only, class Except>
inline constexpr bool judges_results<Classifier<Only, Except, DefaultClassifier>> = false;
template <class C>
inline constexpr bool judges_exceptions = true;
template <>
inline constexpr bool judges_exceptions<DefaultClassifier> = false;
template <class Results>
inline constexpr bool judges_exceptions<Classifier<Exceptions<>, Exceptions<>, Results>> = false;

}  // namespace detail

/// The rules of the client's options, except where the user's classifier has rules of its own. Threads: any,
/// as far as the user's allows.
template <class Users>
class ResponseClassifier {
 public:
  ResponseClassifier(Users users, const FailureRules& rules)
      : users_(std::move(users)), rules_(std::make_shared<const FailureClassifier>(rules)) {}

  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    if constexpr (std::is_same_v<T, Response> && !detail::judges_results<Users>) {
      return rules_->of_status(result.status, latency, result.retry_after(), result.method);
    } else {
      return users_.of_result(result, latency);
    }
  }
  [[nodiscard]] Outcome of_code(const std::error_code& code, Duration latency) const {
    return outcome_of_error(*rules_, code, latency);
  }
  [[nodiscard]] Outcome of_current_exception(Duration latency) const noexcept {
    if constexpr (detail::judges_exceptions<Users>) {
      return users_.of_current_exception(latency);
    } else {
      try {
        throw;
      } catch (const Error& thrown) {
        return outcome_of_error(*rules_, thrown.code(), latency);
      } catch (...) {
        return users_.of_current_exception(latency);
      }
    }
  }

 private:
  Users users_;
  std::shared_ptr<const FailureClassifier> rules_;
};

}  // namespace switchgear::http
