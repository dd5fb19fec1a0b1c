// Several awaited calls at once, of which some are enough.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/async/async_call.hpp"
#include "switchgear/pipeline/partial_answers.hpp"
#include "switchgear/policy/partial.hpp"

namespace switchgear {

namespace detail {

/// The batch. Belongs to the handlers of its calls; everything happens on the executor.
template <class T, class P, class Op, class Handler, class Ex, class Time>
class PartialCall : public std::enable_shared_from_this<PartialCall<T, P, Op, Handler, Ex, Time>> {
 public:
  using Value = ValueOf<T>;
  using Ref = std::shared_ptr<PartialCall>;

  PartialCall(const Ex& executor, P pipeline, const AsyncCallOptions& options, const Partial& partial, Op op,
              Handler handler, Time time)
      : work_(executor),
        handler_work_(boost::asio::get_associated_executor(handler, executor)),
        pipeline_(std::move(pipeline)),
        options_(options),
        partial_(partial),
        op_(std::move(op)),
        handler_(std::move(handler)),
        time_(std::move(time)),
        signals_(partial.calls()) {
    options_.report = nullptr;
    options_.full_report = nullptr;
    for (std::uint32_t index = 0; index < partial.calls() && !options.key.empty(); ++index)
      keys_.push_back(key_in_batch(options.key, index));
  }

  static void begin(Ref self) {
    PartialCall& batch = *self;
    if (auto slot = boost::asio::get_associated_cancellation_slot(batch.handler_); slot.is_connected())
      slot.template emplace<OnCancel>(OnCancel{&batch});
    const auto executor = batch.work_.get_executor();
    if (batch.partial_.decision() == Partial::Decision::undecided && runs_inside(executor)) {
      start(std::move(self));
    } else {
      boost::asio::post(executor, [self = std::move(self)]() mutable { start(std::move(self)); });
    }
  }

 private:
  struct OnCancel {
    PartialCall* batch;
    void operator()(boost::asio::cancellation_type_t type) {
      boost::asio::dispatch(batch->work_.get_executor(),
                            [self = batch->shared_from_this(), type] { self->cancel(type); });
    }
  };
  struct OnCall {
    using executor_type = Ex;
    using cancellation_slot_type = boost::asio::cancellation_slot;
    Ref self;
    std::uint32_t index;

    [[nodiscard]] executor_type get_executor() const noexcept { return self->work_.get_executor(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
      return self->signals_[index].slot();
    }
    template <class Error>
    void operator()(const Error& error, Result<Value> result) {
      PartialCall& batch = *self;
      const bool good =
          !error && result && batch.pipeline_.classifier().of_result(*result, {}).verdict == Verdict::success;
      batch.ended(good ? &*result : nullptr, index);
      settle(std::move(self));
    }
  };

  static void start(Ref self) {
    PartialCall& batch = *self;
    const bool any = batch.partial_.decision() == Partial::Decision::undecided && !batch.cancelled_;
    const std::uint32_t calls = any ? batch.partial_.calls() : 0;
    batch.running_ = calls;
    batch.made_ = calls;
    for (std::uint32_t index = 0; index < calls; ++index) batch.call_one(self, index);
    // An operation may have cancelled the batch while it was begun.
    if (batch.cancelled_) batch.tell(boost::asio::cancellation_type::terminal);
    settle(std::move(self));
  }

  void call_one(const Ref& self, std::uint32_t index) {
    AsyncCallOptions options = options_;
    if (!keys_.empty()) options.key = keys_[index];
    const auto guarded = [&](auto op) {
      async_try_call<T, Time>(work_.get_executor(), pipeline_, options, std::move(op), OnCall{self, index},
                              time_);
    };
    if constexpr (requires(Op & op, const AsyncAttempt& attempt) { op(index, attempt); }) {
      guarded([this, index](const AsyncAttempt& attempt) { return op_(index, attempt); });
    } else {
      guarded([this, index](const AsyncAttempt& attempt, auto&& token) {
        return op_(index, attempt, std::forward<decltype(token)>(token));
      });
    }
  }

  void ended(Value* good, std::uint32_t index) {
    --running_;
    if (cancelled_ || partial_.decision() != Partial::Decision::undecided) return;  // came all the same
    if (good != nullptr) answers_.push_back({index, std::move(*good)});
    if (partial_.record(good != nullptr ? Verdict::success : Verdict::failure) !=
        Partial::Decision::undecided)
      tell(boost::asio::cancellation_type::terminal);
  }

  void cancel(boost::asio::cancellation_type_t type) {
    if (partial_.decision() != Partial::Decision::undecided) return;
    cancelled_ = true;
    tell(type);
  }

  /// To those that are over it means nothing.
  void tell(boost::asio::cancellation_type_t type) {
    for (boost::asio::cancellation_signal& signal : signals_) signal.emit(type);
  }

  /// Completes when all calls have: their operations may use the caller's frame.
  static void settle(Ref self) {
    if (self->running_ != 0) return;
    const auto executor = self->handler_work_.get_executor();
    boost::asio::dispatch(executor, [self = std::move(self)]() mutable { deliver(std::move(self)); });
  }

  static void deliver(Ref self) {
    PartialCall& batch = *self;
    if (auto slot = boost::asio::get_associated_cancellation_slot(batch.handler_); slot.is_connected())
      slot.clear();
    PartialAnswers<Value> answers{batch.partial_.decision(), std::move(batch.answers_), batch.made_};
    boost::system::error_code code;
    if (answers.decision == Partial::Decision::undecided) code = make_error_code(Reason::cancelled);
    const auto work = std::move(batch.work_);
    const auto handler_work = std::move(batch.handler_work_);
    Handler handler = std::move(batch.handler_);
    self.reset();
    std::move(handler)(code, std::move(answers));
  }

  boost::asio::executor_work_guard<Ex> work_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, Ex>> handler_work_;
  P pipeline_;
  AsyncCallOptions options_;       ///< of every call
  std::vector<std::string> keys_;  ///< of each, when the batch has one
  Partial partial_;
  Op op_;
  Handler handler_;
  Time time_;
  std::vector<boost::asio::cancellation_signal> signals_;
  std::vector<typename PartialAnswers<Value>::Item> answers_;
  std::size_t running_ = 0;
  std::size_t made_ = 0;
  bool cancelled_ = false;
};

template <class T, class Ex>
struct InitiatePartial {
  Ex executor;

  template <class Handler, class P, class Op, class Time>
  void operator()(Handler&& handler, P&& pipeline, const AsyncCallOptions& options, const Partial& partial,
                  Op&& op, Time&& time) const {
    using H = std::decay_t<Handler>;
    using Batch = PartialCall<T, std::decay_t<P>, std::decay_t<Op>, H, Ex, std::decay_t<Time>>;
    const auto allocator = boost::asio::get_associated_allocator(handler);
    Batch::begin(std::allocate_shared<Batch>(allocator, executor, std::forward<P>(pipeline), options, partial,
                                             std::forward<Op>(op), std::forward<Handler>(handler),
                                             std::forward<Time>(time)));
  }
};

}  // namespace detail

/// Makes `calls` calls at once, each through the pipeline, until it is certain that successes / calls ≥
/// min_success_ratio, or that it cannot become so; then cancels the rest. Completes with (error_code,
/// PartialAnswers<T>) when the last of them is gone, because until then they may use their caller's memory.
/// The error is set only when the caller cancelled before the decision: Reason::cancelled. A rejection, a
/// failure and an exception are not successes, and are swallowed. `made` is `calls`, or 0 when no success is
/// needed.
///
///     async_partial<Reply>(executor, pipeline, replicas.size(), 0.5,
///         [&](std::uint32_t index, const AsyncAttempt& attempt) { return ask(replicas[index], attempt); },
///         [](error_code ec, PartialAnswers<Reply> batch) { … });
///
/// `op(index, attempt)` is a coroutine, `op(index, attempt, token)` takes a token, as in async_call(); so is
/// all that is said there of executors, cancellation and lifetime. One copy of `op` serves all calls.
/// `options` are those of every call, but for the report, and for the key, to which each call's index is
/// added. Throws std::invalid_argument for more calls than Partial::most_calls and for a ratio outside 0..1.
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, class Op, class Token>
auto async_partial(const Ex& executor, const P& pipeline, const AsyncCallOptions& options,
                   std::uint32_t calls, double min_success_ratio, Op&& op, Token&& token, Time time = {}) {
  using Signature = void(boost::system::error_code, PartialAnswers<detail::ValueOf<T>>);
  return boost::asio::async_initiate<Token, Signature>(
      detail::InitiatePartial<T, Ex>{executor}, token, P(pipeline), options,
      Partial{calls, min_success_ratio}, std::forward<Op>(op), std::move(time));
}
template <class T, class Time = AsioTime, AsioExecutor Ex, PipelineLike P, class Op, class Token>
auto async_partial(const Ex& executor, const P& pipeline, std::uint32_t calls, double min_success_ratio,
                   Op&& op, Token&& token, Time time = {}) {
  return async_partial<T, Time>(executor, pipeline, AsyncCallOptions{}, calls, min_success_ratio,
                                std::forward<Op>(op), std::forward<Token>(token), std::move(time));
}

}  // namespace switchgear
