// What the handler of an awaited call is given, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/async/async_error.hpp"
#include "switchgear/async/attempt_op.hpp"
#include "switchgear/async/attempt_outcome.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/answer.hpp"

namespace switchgear::detail {

/// What the handler is given: the value or an error, a rejection among them; or rejections apart from errors.
enum class Gives : std::uint8_t { value, result };

/// The refusal or the error that the caller gets; with neither, it gets the value.
template <class Error>
struct Delivery {
  std::optional<Rejection> rejection;
  Error error{};
};

template <Gives gives, class Error>
[[nodiscard]] Delivery<Error> refused(const Rejection& rejection) {
  if constexpr (gives == Gives::result) {
    return {rejection, {}};
  } else {
    return {rejection, ErrorTraits<Error>::of(rejection)};
  }
}

/// Of the value, the refusal and the error that an ended execution leaves, the one that the caller gets.
template <Gives gives, class Error, class Machine, class Value>
[[nodiscard]] Delivery<Error> delivery_of(const Machine& execution, const KeptAnswer<Value>& kept) {
  using Errors = ErrorTraits<Error>;
  const Answer<Value>& answer = kept.answer;
  const Ending& ending = execution.ending();
  if constexpr (gives == Gives::value) {
    if (const auto failure = answer.both_causes(ending)) return {{}, Errors::of(*failure)};
  }
  if (ending.how != Ending::How::refused && ending.how != Ending::How::cancelled) {
    if (answer.value) return {};
    if (answer.exception) return {{}, Errors::of(answer.exception)};
    if (answer.details && answer.details->code) {
      // A follower of another's call has the code that the policies passed on to it.
      const bool own = std::error_code(kept.code) == answer.details->code;
      return {{}, Errors::of(own ? kept.code : boost_code(answer.details->code))};
    }
  }
  if (const auto& rejection = execution.last_rejection()) return refused<gives, Error>(*rejection);
  return {{}, Errors::of(boost::system::error_code(make_error_code(AsyncErrc::shared_failure)))};
}

/// Calls the handler. Beside an error the value has no meaning, but the handler takes one.
template <class T, Gives gives, class Error, class Handler, class Value>
void complete(Handler&& handler, Delivery<Error>&& delivery, std::optional<Value>&& value) {
  if constexpr (gives == Gives::result) {
    Result<Value> result = !delivery.error && !delivery.rejection
                               ? Result<Value>(std::move(*value))
                               : Result<Value>(delivery.rejection.value_or(Rejection{}));
    std::forward<Handler>(handler)(std::move(delivery.error), std::move(result));
  } else if constexpr (std::is_void_v<T>) {
    std::forward<Handler>(handler)(std::move(delivery.error));
  } else {
    T given = value ? std::move(*value) : T{};
    std::forward<Handler>(handler)(std::move(delivery.error), std::move(given));
  }
}

}  // namespace switchgear::detail
