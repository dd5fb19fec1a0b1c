// The end of an awaited call: what its handler is given. Part of call_state.hpp.
#pragma once

#include "switchgear/async/call_state.hpp"

namespace switchgear::detail {

template <class T, Gives gives, class P, class Op, class Handler, class Ex, class Time>
auto CallState<T, gives, P, Op, Handler, Ex, Time>::answered() -> Answered {
  using Errors = ErrorTraits<Error>;
  const auto refused = [](const Rejection& rejection) -> Answered {
    if constexpr (gives == Gives::result) {
      return {rejection, {}};
    } else {
      return {rejection, Errors::of(rejection)};
    }
  };
  if (!begun_) return refused({Reason::cancelled, "caller", {}});
  const Ending& ending = execution_.ending();
  if constexpr (gives == Gives::value) {
    if (const auto failure = kept_.answer.both_causes(ending)) return {{}, Errors::of(*failure)};
  }
  if (ending.how != Ending::How::refused && ending.how != Ending::How::cancelled) {
    if (kept_.answer.value) return {};
    const auto& details = kept_.answer.details;
    if (kept_.answer.exception) return {{}, Errors::of(kept_.answer.exception)};
    if (details && details->code) {
      // A follower of another's call has the code that the policies passed on to it.
      const bool own = std::error_code(kept_.code) == details->code;
      return {{}, Errors::of(own ? kept_.code : boost_code(details->code))};
    }
  }
  if (const auto& rejection = execution_.last_rejection()) return refused(*rejection);
  return {{}, Errors::of(boost::system::error_code(make_error_code(AsyncErrc::shared_failure)))};
}

template <class T, Gives gives, class P, class Op, class Handler, class Ex, class Time>
void CallState<T, gives, P, Op, Handler, Ex, Time>::fill_report(const std::optional<Rejection>& rejection) {
  if (options_.report == nullptr && options_.full_report == nullptr) return;
  auto& details = kept_.answer.detail();
  const CallReport report{execution_.attempts(),
                          latency_,
                          details.source,
                          details.age,
                          execution_.chaos(),
                          details.queued_as,
                          begun_ ? kept_.answer.both_causes(execution_.ending()) : nullptr};
  if (options_.report != nullptr) *options_.report = report;
  if (options_.full_report == nullptr) return;
  static_cast<CallReport&>(*options_.full_report) = report;
  options_.full_report->rejection = rejection;
}

template <class T, Gives gives, class P, class Op, class Handler, class Ex, class Time>
void CallState<T, gives, P, Op, Handler, Ex, Time>::deliver(Ref self) {
  CallState& call = *self;
  Answered answered = call.answered();
  call.fill_report(answered.rejection);
  if (call.can_be_cancelled_) boost::asio::get_associated_cancellation_slot(call.handler_).clear();

  // From here on the handler may destroy the caller's frame, and the state may be gone before it runs.
  std::optional<Value>& kept = answered.error ? call.kept_.beside_code : call.kept_.answer.value;
  const auto work = std::move(call.work_);
  const auto handler_work = std::move(call.handler_work_);
  Handler handler = std::move(call.handler_);
  if constexpr (gives == Gives::result) {
    // Beside an error the result has no meaning, but it needs a value.
    Result<Value> result = !answered.error && !answered.rejection
                               ? Result<Value>(std::move(*kept))
                               : Result<Value>(answered.rejection.value_or(Rejection{}));
    self.reset();
    std::move(handler)(std::move(answered.error), std::move(result));
  } else if constexpr (std::is_void_v<T>) {
    self.reset();
    std::move(handler)(std::move(answered.error));
  } else {
    T value = kept ? std::move(*kept) : T{};
    self.reset();
    std::move(handler)(std::move(answered.error), std::move(value));
  }
}

}  // namespace switchgear::detail
