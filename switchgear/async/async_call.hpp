// async/: the Asio driver. async_call() makes one guarded call without blocking a thread, with any completion
// token. Never here: a policy's decision, a socket of its own, a thread.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/asio/system_executor.hpp>
#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

#include "switchgear/async/asio_time.hpp"
#include "switchgear/async/call_state.hpp"

namespace switchgear {

template <class Ex>
concept AsioExecutor = boost::asio::execution::is_executor<Ex>::value || boost::asio::is_executor<Ex>::value;

/// Not options: those come before the operation.
template <class Op>
concept AsyncOp = !std::derived_from<std::remove_cvref_t<Op>, CallOptions>;

namespace detail {

/// Stands for "where the handler runs".
struct HandlersExecutor {};

template <class T, Gives gives, class Error>
struct CallSignature {
  using type = void(Error, T);
};
template <class Error>
struct CallSignature<void, Gives::value, Error> {
  using type = void(Error);
};
template <class T, class Error>
struct CallSignature<T, Gives::result, Error> {
  using type = void(Error, Result<ValueOf<T>>);
};

template <class T, Gives gives, class Ex>
struct InitiateCall {
  Ex executor;

  template <class Handler, class P, class Op, class Time>
  void operator()(Handler&& handler, P&& pipeline, const AsyncCallOptions& options, Op&& op,
                  Time&& time) const {
    using H = std::decay_t<Handler>;
    if constexpr (std::is_same_v<Ex, HandlersExecutor>) {
      using Own = boost::asio::associated_executor_t<H>;
      static_assert(!std::is_same_v<Own, boost::asio::system_executor>,
                    "the handler names no executor: bind one to it, or give one to async_call()");
      begin<H, Own>(boost::asio::get_associated_executor(handler), std::forward<Handler>(handler),
                    std::forward<P>(pipeline), options, std::forward<Op>(op), std::forward<Time>(time));
    } else {
      begin<H, Ex>(executor, std::forward<Handler>(handler), std::forward<P>(pipeline), options,
                   std::forward<Op>(op), std::forward<Time>(time));
    }
  }

 private:
  template <class H, class RunsOn, class Handler, class P, class Op, class Time>
  static void begin(const RunsOn& runs_on, Handler&& handler, P&& pipeline, const AsyncCallOptions& options,
                    Op&& op, Time&& time) {
    CallState<T, gives, std::decay_t<P>, std::decay_t<Op>, H, RunsOn, std::decay_t<Time>>::begin(
        runs_on, std::forward<P>(pipeline), options, std::forward<Op>(op), std::forward<Handler>(handler),
        std::forward<Time>(time));
  }
};

template <class T, Gives gives, class Ex, class P, class Op, class Token, class Time>
auto initiate_call(const Ex& executor, const P& pipeline, const AsyncCallOptions& options, Op&& op,
                   Token&& token, Time time) {
  using Error = ErrorOf<std::decay_t<Op>>;
  using Signature = typename CallSignature<T, gives, Error>::type;
  return boost::asio::async_initiate<Token, Signature>(InitiateCall<T, gives, Ex>{executor}, token,
                                                       P(pipeline), options, std::forward<Op>(op),
                                                       std::move(time));
}

}  // namespace detail

/// Makes one call through the pipeline: waits where a policy says so (a queue, a token, the delay before a
/// retry), makes as many attempts as it is told, at once when there is a hedge, and cancels the ones whose
/// time is over. An operation is one of two kinds:
///
///   op(attempt) → awaitable<T>      a coroutine. The call completes with (std::exception_ptr, T), as
///                                   co_spawn() does: what the last attempt threw passes untouched, and a
///                                   rejection is a Rejected. So co_await throws what call() throws.
///   op(attempt, token)              starts an asynchronous operation that completes with (error_code, T).
///                                   The call completes with (boost::system::error_code, T): the operation's
///                                   own error, with the value that came with it, or the rejection as a code:
///                                   ec == Reason::open, ec == std::errc::timed_out.
///
/// without T for void. `attempt` may be left out of the first kind. T is default-constructible, for the error
/// needs a value beside it.
///
///     const Pipeline pipeline{retry, breaker, timeout};
///     auto fetch = [&](const AsyncAttempt& attempt) -> awaitable<Reply> { … };
///     Reply reply = co_await async_call<Reply>(pipeline, fetch, use_awaitable);
///
///     async_call<std::size_t>(executor, pipeline,
///         [&](const AsyncAttempt&, auto&& token) { return async_read(socket, buffer, std::move(token)); },
///         [](boost::system::error_code ec, std::size_t read) { … });
///
/// Executor: the call runs on `executor`, or where the handler runs when none is given; it must not run two
/// things at once (an io_context of one thread, or a strand). The handler runs on its own, like every Asio
/// handler, and never inside async_call(). Started from elsewhere, the call begins with a post().
///
/// Time: an attempt that has not ended at its deadline is cancelled (cancellation_type::terminal) and counts
/// as timed out; the call goes on when its handler has come, because until then it may use its caller's
/// memory. So operations must react to their cancellation, as all of Asio's do. No timer is armed without a
/// limit, nor for a wait of nothing.
///
/// Cancellation: the handler's slot (terminal, partial, total) ends a wait at once, with Reason::cancelled;
/// an operation in flight gets the same type through its own slot, its outcome is ignored by the policies,
/// and the call completes with that outcome; with a hedge, with Reason::cancelled. No further attempt is
/// made. Emit on the handler's executor.
///
/// Failures: an error code is judged by the pipeline's classifier, and so are exceptions, in which a
/// boost::system::system_error is judged by its code unless the classifier names its failures. Where a code
/// is wanted and there is only an exception (what an operation of the second kind throws at once, or a
/// fallback throws): the code in a system_error, else AsyncErrc::exception. When the fallback failed too:
/// FallbackError, or the code of the fallback's own failure; the report has both causes. What a
/// classifier throws ends the call like an exception of the operation, and the policies ignore it.
///
/// Memory: one allocation, retries and hedges included, by the handler's own allocator or from the heap, and
/// nothing for timers and wakes. Given back before the handler runs when the allocator is one of the
/// handler's own (a call that has armed a timer then completes one turn of the context later); otherwise a
/// cancelled timer may keep it for that turn.
///
/// Lifetime: the policies outlive the call; the pipeline is copied, and so is `op`, which lives until its
/// last attempt has ended. When the context is destroyed first, everything is given back to the policies, and
/// the handler is not called. g++ 12 destroys temporaries with destructors twice around co_await: name `op`
/// when it captures by value.
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, class Op, class Token>
auto async_call(const Ex& executor, const P& pipeline, const AsyncCallOptions& options, Op&& op,
                Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::value>(executor, pipeline, options, std::forward<Op>(op),
                                                        std::forward<Token>(token), std::move(time));
}
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, AsyncOp Op, class Token>
auto async_call(const Ex& executor, const P& pipeline, Op&& op, Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::value>(executor, pipeline, AsyncCallOptions{},
                                                        std::forward<Op>(op), std::forward<Token>(token),
                                                        std::move(time));
}
template <class T, class Time = AsioTime, PipelineLike P, class Op, class Token>
auto async_call(const P& pipeline, const AsyncCallOptions& options, Op&& op, Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::value>(detail::HandlersExecutor{}, pipeline, options,
                                                        std::forward<Op>(op), std::forward<Token>(token),
                                                        std::move(time));
}
template <class T, class Time = AsioTime, PipelineLike P, AsyncOp Op, class Token>
auto async_call(const P& pipeline, Op&& op, Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::value>(detail::HandlersExecutor{}, pipeline,
                                                        AsyncCallOptions{}, std::forward<Op>(op),
                                                        std::forward<Token>(token), std::move(time));
}

/// The same with rejections apart from errors, as try_call() has them: completes with (error, Result<T>),
/// Result<Nothing> for void. The error is the operation's own and nothing else, also when a fallback failed
/// too (the report has both causes); beside it the result means nothing. No refusal costs an exception:
///
///     auto reply = co_await async_try_call<Reply>(pipeline, fetch, use_awaitable);
///     if (!reply) return last_known(item);      // reply.rejection(): which policy, why, until when
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, class Op, class Token>
auto async_try_call(const Ex& executor, const P& pipeline, const AsyncCallOptions& options, Op&& op,
                    Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::result>(executor, pipeline, options, std::forward<Op>(op),
                                                         std::forward<Token>(token), std::move(time));
}
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, AsyncOp Op, class Token>
auto async_try_call(const Ex& executor, const P& pipeline, Op&& op, Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::result>(executor, pipeline, AsyncCallOptions{},
                                                         std::forward<Op>(op), std::forward<Token>(token),
                                                         std::move(time));
}
template <class T, class Time = AsioTime, PipelineLike P, class Op, class Token>
auto async_try_call(const P& pipeline, const AsyncCallOptions& options, Op&& op, Token&& token,
                    Time time = {}) {
  return detail::initiate_call<T, detail::Gives::result>(detail::HandlersExecutor{}, pipeline, options,
                                                         std::forward<Op>(op), std::forward<Token>(token),
                                                         std::move(time));
}
template <class T, class Time = AsioTime, PipelineLike P, AsyncOp Op, class Token>
auto async_try_call(const P& pipeline, Op&& op, Token&& token, Time time = {}) {
  return detail::initiate_call<T, detail::Gives::result>(detail::HandlersExecutor{}, pipeline,
                                                         AsyncCallOptions{}, std::forward<Op>(op),
                                                         std::forward<Token>(token), std::move(time));
}

}  // namespace switchgear
