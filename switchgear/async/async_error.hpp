// From the failures of an operation to error codes, and back.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <memory>
#include <system_error>

#include "switchgear/core/rejected.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {

/// The error code for endings that have no code of their own.
enum class AsyncErrc {
  exception = 1,   ///< the operation threw something that is neither kind of system_error
  shared_failure,  ///< the call for the same key that this one waited for has failed, without saying how
};

[[nodiscard]] const std::error_category& async_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(AsyncErrc error) noexcept {
  return {static_cast<int>(error), async_category()};
}

namespace detail {

/// The same error in Boost's words: what Asio calls `operation_aborted` compares equal to it again.
[[nodiscard]] boost::system::error_code boost_code(const std::error_code& code) noexcept;

/// The code in a boost::system::system_error or a std::system_error; AsyncErrc::exception for all else.
[[nodiscard]] boost::system::error_code code_of(const std::exception_ptr& exception) noexcept;

/// How the failures of a call reach its handler: as an error code, or as an exception.
template <class Error>
struct ErrorTraits;

template <>
struct ErrorTraits<boost::system::error_code> {
  using Error = boost::system::error_code;

  static Error of(const Rejection& rejection) noexcept { return make_error_code(rejection.reason); }
  static Error of(const std::exception_ptr& exception) noexcept { return code_of(exception); }
  static Error of(const Error& code) noexcept { return code; }
  /// The fallback's own reason; the other cause is in the report.
  static Error of(const FallbackFailure& failure) noexcept;
};

template <>
struct ErrorTraits<std::exception_ptr> {
  using Error = std::exception_ptr;

  static Error of(const Rejection& rejection) { return std::make_exception_ptr(Rejected(rejection)); }
  static Error of(const Error& exception) noexcept { return exception; }
  static Error of(const boost::system::error_code& code) {
    return std::make_exception_ptr(boost::system::system_error(code));
  }
  static Error of(const FallbackFailure& failure) { return std::make_exception_ptr(FallbackError(failure)); }
};

}  // namespace detail

}  // namespace switchgear

template <>
struct std::is_error_code_enum<switchgear::AsyncErrc> : std::true_type {};
