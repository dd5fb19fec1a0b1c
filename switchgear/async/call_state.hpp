// One awaited call: the loop around its execution, cut into the pieces between which Asio runs.
//
//   begin() ─▶ run(step) ─▶ attempt: start_attempt() ┄┄▶ on_attempt_end() ─▶ run()
//                │    └───▶ wait:    arm()           ┄┄▶ on_wait(), on_wake() ─▶ run()
//                └────────▶ done:    end() ─▶ settle() ─▶ finish() ─▶ deliver()
//
// Invariants: 1. everything but wake() happens on the executor, one piece at a time. 2. The state belongs to
// the handlers that will come back to it (a Ref each); while the call waits for a policy alone, that is a
// timer's, so that a context that is destroyed takes its calls with it. 3. run() is not entered twice: what
// comes back while it works leaves a mark that it looks for. 4. The handler is called once, and never from
// within the initiating function or the emission of a cancellation.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/recycling_allocator.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "switchgear/async/async_error.hpp"
#include "switchgear/async/attempt_op.hpp"
#include "switchgear/async/attempt_outcome.hpp"
#include "switchgear/async/call_delivery.hpp"
#include "switchgear/async/call_options.hpp"
#include "switchgear/async/handler_memory.hpp"
#include "switchgear/async/runs_inside.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/flights.hpp"
#include "switchgear/pipeline/pipeline.hpp"

namespace switchgear::detail {

template <class T, Gives gives, class P, class Op, class Handler, class Ex, class Time>
class CallState final : public Waker, private AttemptCall {
 public:
  using Value = ValueOf<T>;
  using Ref = boost::intrusive_ptr<CallState>;
  using Running = RunningAttempt<Value>;
  using Executor = Ex;
  using UserAllocator = boost::asio::associated_allocator_t<Handler, boost::asio::recycling_allocator<void>>;
  using Error = ErrorOf<Op>;

  /// Begins the call: at once when this thread runs the executor, else as soon as it does.
  static void begin(const Ex& executor, P pipeline, const AsyncCallOptions& options, Op op, Handler handler,
                    Time time) {
    Ref self =
        make(executor, std::move(pipeline), options, std::move(op), std::move(handler), std::move(time));
    if (auto slot = boost::asio::get_associated_cancellation_slot(self->handler_); slot.is_connected()) {
      self->can_be_cancelled_ = true;
      slot.template emplace<OnCancel>(OnCancel{self.get()});
    }
    if (runs_inside(executor)) {
      start(std::move(self), Completes::later);
    } else {
      boost::asio::post(executor, OnStart{{std::move(self)}});
    }
  }

  /// The handler of an attempt was called.
  static void on_attempt_end(Ref self, Running& running) {
    CallState& call = *self;
    if (call.stepping_) return call.flights_.note_landed(running.branch);
    if (call.is_over()) {
      static_cast<void>(call.land(running));
      return settle(std::move(self), Completes::now);
    }
    const std::optional<Step> step = call.take(self, running);
    run(std::move(self), step, Completes::now);
  }

  /// Threads: any; a policy holds its lock.
  void wake() noexcept override {
    if (wake_posted_.exchange(true, std::memory_order_acq_rel)) return;
    unsigned references = references_.load(std::memory_order_relaxed);
    do {
      // No longer in use: its context was destroyed, and its destructor is about to leave this very policy.
      if (references == 0) return;
    } while (!references_.compare_exchange_weak(references, references + 1, std::memory_order_relaxed));
    boost::asio::post(executor(), OnWake{{Ref(this, false)}});
  }

  [[nodiscard]] Ex executor() const noexcept { return work_.get_executor(); }
  [[nodiscard]] UserAllocator user_allocator() const noexcept { return user_allocator_; }

  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;
  ~CallState() = default;

 private:
  static constexpr bool hedges = P::Machine::hedges;
  static_assert(P::Machine::template takes<Value>,
                "a cache or a fallback of this pipeline keeps answers of another type than the call gives");
  static_assert(
      !Unfinished<Value>,
      "the operation gives a coroutine or a future: its work may yet fail. Await it within the operation");
  static constexpr std::size_t most_attempts = hedges ? Hedge::most + 1 : 1;
  using HandlerExecutor = boost::asio::associated_executor_t<Handler, Ex>;
  /// Memory of an allocator that the user has chosen is given back before the handler runs, as Asio promises.
  static constexpr bool own_allocator = !is_everybodys<UserAllocator>;
  using Allocator = StateAllocator<CallState, UserAllocator>;

  enum class Completes : std::uint8_t { now, later };
  enum class Stage : std::uint8_t {
    running,   ///< or about to
    over,      ///< the execution has ended; attempts may still be in the air
    finished,  ///< the handler has been called, or is about to be
  };
  [[nodiscard]] bool is_over() const noexcept { return stage_ != Stage::running; }

  /// What the call posts to itself. Its memory is the state's own.
  struct Own {
    using allocator_type = HandlerAllocator<void>;
    Ref self;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(self->memory_); }
  };
  struct OnStart : Own {
    void operator()() { start(std::move(this->self), Completes::now); }
  };
  struct OnWake : Own {
    void operator()() { on_wake(std::move(this->self)); }
  };
  struct OnFinish : Own {
    void operator()() { finish(std::move(this->self)); }
  };
  struct OnDeliver : Own {
    void operator()() { deliver(std::move(this->self)); }
  };
  struct OnWait : Own {
    using executor_type = Ex;
    std::uint32_t number;
    [[nodiscard]] executor_type get_executor() const noexcept { return this->self->executor(); }
    void operator()(const boost::system::error_code& code) { on_wait(std::move(this->self), number, code); }
  };
  /// The caller goes away. Holds no Ref: the slot is cleared before the handler runs.
  struct OnCancel {
    CallState* call;
    void operator()(boost::asio::cancellation_type_t type) {
      if (call->same_executor_) return on_cancel(Ref(call), type);
      boost::asio::dispatch(call->executor(), [self = Ref(call), type] { on_cancel(self, type); });
    }
  };

  CallState(const Ex& executor, P&& pipeline, const AsyncCallOptions& options, Op&& op, Handler&& handler,
            Time&& time)
      : work_(executor),
        user_allocator_(
            boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>())),
        same_executor_(is_same(executor, boost::asio::get_associated_executor(handler, executor))),
        pipeline_(std::move(pipeline)),
        options_(options),
        op_(std::move(op)),
        handler_(std::move(handler)),
        time_(std::move(time)),
        execution_(pipeline_.policies(), options_, this, &kept_.answer) {
    if (!same_executor_) handler_work_.emplace(boost::asio::get_associated_executor(handler_, executor));
  }

  static Ref make(const Ex& executor, P&& pipeline, const AsyncCallOptions& options, Op&& op,
                  Handler&& handler, Time&& time) {
    using Traits = std::allocator_traits<Allocator>;
    Allocator allocator = state_allocator<CallState>(
        boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>()));
    CallState* const memory = Traits::allocate(allocator, 1);
    try {
      return Ref(::new (static_cast<void*>(memory)) CallState(
          executor, std::move(pipeline), options, std::move(op), std::move(handler), std::move(time)));
    } catch (...) {
      Traits::deallocate(allocator, memory, 1);
      throw;
    }
  }
  friend void intrusive_ptr_add_ref(CallState* call) noexcept {
    call->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(CallState* call) noexcept {
    if (call->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    Allocator allocator = state_allocator<CallState>(call->user_allocator_);
    std::destroy_at(call);
    std::allocator_traits<Allocator>::deallocate(allocator, call, 1);
  }

  template <class Other>
  static bool is_same(const Ex& executor, const Other& other) noexcept {
    if constexpr (std::is_same_v<Ex, Other>) {
      return executor == other;
    } else {
      return false;
    }
  }

  static void start(Ref self, Completes when) {
    CallState& call = *self;
    if (call.cancelled_ != boost::asio::cancellation_type::none) return end(std::move(self), when);
    call.begun_ = true;
    call.now_ = call.time_.now();
    const Step step = call.execution_.start(call.now_);
    run(std::move(self), step, when);
  }

  /// Does what the execution says until there is nothing left to do at once.
  static void run(Ref self, std::optional<Step> next, Completes when) {
    CallState& call = *self;
    call.stepping_ = true;
    for (;;) {
      if (!next) next = call.take_next(self);
      if (!next) break;
      const Step step = *next;
      next.reset();
      if (step.losers != 0) call.flights_.drop(step.losers, call.canceller(call.losers_hear()));
      if (step.kind == Step::Kind::done) {
        call.stepping_ = false;
        return end(std::move(self), when);
      }
      if (step.kind == Step::Kind::attempt) {
        call.flights_.stop_waiting();
        call.launch(self, step);
        if constexpr (hedges) next = call.on_timer();
      } else {
        call.flights_.wait(step.until);
        if (step.until <= call.now_) next = call.on_timer();
      }
      if (!next && call.cancelled_ != boost::asio::cancellation_type::none) next = call.cancel();
    }
    call.stepping_ = false;
    call.arm(self);
  }

  Step on_timer() {
    if constexpr (!hedges) kept_.forget();  // whatever the last attempt brought is not the call's
    return execution_.on_timer(now_);
  }

  void launch(const Ref& self, const Step& step) {
    if (hedges && step.branch == 0) kept_.forget();  // a new race
    if (!flights_.try_launch(step, now_)) return;
    Running& running = running_[step.branch];
    running.begin(step, *this);
    running.cancellable = hedges || can_be_cancelled_ || step.until != TimePoint::max();
    try {
      start_attempt<CallState>(self, op_, running);
    } catch (...) {
      running.exception = std::current_exception();
      flights_.note_landed(step.branch);
    }
  }

  /// The next thing that has happened while run() was at work.
  std::optional<Step> take_next(const Ref& self) {
    while (const auto branch = flights_.take_landed()) {
      if (auto step = take(self, running_[*branch])) return step;
    }
    return std::nullopt;
  }

  /// Tells the execution what came of an attempt. Empty when that changes nothing for the call.
  std::optional<Step> take(const Ref& self, Running& running) {
    now_ = time_.now();
    const Landing landing = land(running);
    if (landing == Landing::unwanted) return begin_successor(self, running.branch);
    const bool waits = running.waits_since.has_value();
    if (waits) (void)running.end_own_wait(now_, now_);
    latency_ = saturating_sub(now_, flights_.started(running.branch)) - running.waited;
    kept_.forget();
    if (cancelled_ != boost::asio::cancellation_type::none) {
      static_cast<void>(kept_.take(running, pipeline_.classifier(), latency_));
      return execution_.on_outcome(running.branch, Outcome::ignored(latency_), now_);
    }
    if (running.refused) {
      running.forget();
      return execution_.on_refusal(running.branch, now_);
    }
    if (landing == Landing::too_late) {
      running.forget();
      return execution_.on_timeout(running.branch, latency_, now_,
                                   running.waited > latency_ ? CutOff::after_own_wait : CutOff::at_limit);
    }
    if (waits) execution_.take_up(running.branch, now_);
    return execution_.on_outcome(running.branch, kept_.take(running, pipeline_.classifier(), latency_), now_);
  }

  // --- an attempt waits for something of the program's own

  void begin_own_wait(unsigned branch) noexcept override {
    Running& running = running_[branch];
    if (running.waits_since || is_over() || !flights_.is_wanted(branch)) return;
    running.waits_since = time_.now();
    execution_.set_aside(branch, *running.waits_since);
  }

  bool end_own_wait(unsigned branch, TimePoint served_since) noexcept override {
    Running& running = running_[branch];
    if (is_over() || !flights_.is_wanted(branch)) return false;
    if (!running.waits_since) return true;
    const TimePoint now = time_.now();
    const auto until = execution_.readmit(branch, running.end_own_wait(served_since, now), now);
    running.refused = !until;
    if (!until) return false;
    running.attempt.deadline = *until;
    flights_.postpone(branch, *until);
    return true;
  }

  Landing land(Running& running) noexcept {
    const Landing landing = flights_.land(running.branch, now_);
    if (landing == Landing::unwanted) running.forget();
    return landing;
  }

  std::optional<Step> begin_successor(const Ref& self, unsigned branch) {
    const std::optional<Step> step = flights_.take_successor(branch);
    if (!step) return std::nullopt;
    if (now_ >= step->until) return execution_.on_timeout(branch, {}, now_);
    const bool outside = !std::exchange(stepping_, true);
    launch(self, *step);
    if (outside) stepping_ = false;
    return std::nullopt;
  }

  auto canceller(boost::asio::cancellation_type_t type) {
    return [this, type](unsigned branch) { running_[branch].cancel.emit(type); };
  }
  [[nodiscard]] boost::asio::cancellation_type_t losers_hear() const noexcept {
    const bool by_caller = cancelled_ != boost::asio::cancellation_type::none;
    return by_caller ? cancelled_ : boost::asio::cancellation_type::terminal;
  }

  // --- waits

  /// Sees to it that the call comes back at the next instant that matters.
  void arm(const Ref& self) {
    const TimePoint nearest = flights_.next_due();
    const bool needs_owner = flights_.in_the_air() == 0;  // see invariant 2
    if (nearest == TimePoint::max() && !needs_owner) return;
    if (armed_ != 0 && armed_until_ <= nearest) return;
    if (!timer_) timer_.emplace(work_.get_executor(), time_);
    armed_ = ++waits_;
    armed_until_ = nearest;
    ++waits_pending_;
    timer_->wait(nearest, OnWait{{self}, armed_});
  }

  static void on_wait(Ref self, std::uint32_t number, const boost::system::error_code& code) {
    CallState& call = *self;
    --call.waits_pending_;
    if (call.is_over()) return settle(std::move(self), Completes::now);
    if (number == call.armed_) call.armed_ = 0;
    if (code == boost::asio::error::operation_aborted) return;  // another wait stands in its place
    call.now_ = call.time_.now();
    call.stepping_ = true;
    std::optional<Step> step = call.cut_off();
    call.stepping_ = false;
    if (!step && call.flights_.wait_is_over(call.now_)) step = call.on_timer();
    run(std::move(self), step, Completes::now);
  }

  std::optional<Step> cut_off() {
    const auto overdue = flights_.cut_off(now_, canceller(boost::asio::cancellation_type::terminal));
    if (!overdue) return std::nullopt;
    kept_.forget();
    return execution_.on_timeout(overdue->branch, {}, now_);
  }

  static void on_wake(Ref self) {
    CallState& call = *self;
    call.wake_posted_.exchange(false, std::memory_order_acq_rel);
    if (call.is_over()) return settle(std::move(self), Completes::now);
    if (!call.flights_.waiting()) return;
    call.now_ = call.time_.now();
    const Step step = call.on_timer();
    run(std::move(self), step, Completes::now);
  }

  // --- the caller goes away

  static void on_cancel(Ref self, boost::asio::cancellation_type_t type) {
    CallState& call = *self;
    if (call.is_over() || type == boost::asio::cancellation_type::none) return;
    call.cancelled_ = type;
    for (Running& running : call.running_) running.told = false;
    if (call.stepping_ || !call.begun_) return;  // run() sees it, or start()
    call.now_ = call.time_.now();
    call.stepping_ = true;
    const std::optional<Step> step = call.cancel();
    call.stepping_ = false;
    run(std::move(self), step, Completes::later);
  }

  /// A wait ends at once; so does a race, whose attempts become losers. A single attempt is told, and its
  /// outcome awaited.
  std::optional<Step> cancel() {
    if (hedges || flights_.waiting()) return execution_.cancel(now_);
    if (!std::exchange(running_[0].told, true) && flights_.can_be_cancelled(0)) canceller(cancelled_)(0);
    return std::nullopt;
  }

  // --- the end

  static void end(Ref self, Completes when) {
    CallState& call = *self;
    call.stage_ = Stage::over;
    if (call.armed_ != 0) call.timer_->cancel();
    while (const auto branch = call.flights_.take_landed())
      static_cast<void>(call.land(call.running_[*branch]));
    settle(std::move(self), when);
  }

  /// Completes the call when nothing is left that it has to wait for.
  static void settle(Ref self, Completes when) {
    CallState& call = *self;
    if (call.stage_ == Stage::finished) return;
    if (call.flights_.in_the_air() != 0 && call.options_.stragglers == Stragglers::waited_for) return;
    if (own_allocator && call.options_.stragglers == Stragglers::waited_for &&
        (call.waits_pending_ != 0 || call.wake_posted_.load(std::memory_order_acquire)))
      return;
    call.stage_ = Stage::finished;
    if (when == Completes::now) return finish(std::move(self));
    boost::asio::post(call.executor(), OnFinish{{std::move(self)}});
  }

  static void finish(Ref self) {
    if (self->same_executor_) return deliver(std::move(self));
    auto executor = self->handler_work_->get_executor();
    boost::asio::dispatch(executor, OnDeliver{{std::move(self)}});
  }

  static void deliver(Ref self) {
    CallState& call = *self;
    Delivery<Error> delivery = call.begun_ ? delivery_of<gives, Error>(call.execution_, call.kept_)
                                           : refused<gives, Error>({Reason::cancelled, "caller", {}});
    call.report(delivery.rejection);
    if (call.can_be_cancelled_) boost::asio::get_associated_cancellation_slot(call.handler_).clear();

    // From here on the handler may destroy the caller's frame, and the state may be gone before it runs.
    std::optional<Value> value = std::move(delivery.error ? call.kept_.beside_code : call.kept_.answer.value);
    const auto work = std::move(call.work_);
    const auto handler_work = std::move(call.handler_work_);
    Handler handler = std::move(call.handler_);
    self.reset();
    complete<T, gives>(std::move(handler), std::move(delivery), std::move(value));
  }

  void report(const std::optional<Rejection>& rejection) {
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

  std::atomic<unsigned> references_{0};
  std::atomic<bool> wake_posted_{false};
  boost::asio::executor_work_guard<Ex> work_;
  [[no_unique_address]] UserAllocator user_allocator_;
  const bool same_executor_;  ///< the handler runs where the call does
  bool can_be_cancelled_ = false;
  bool begun_ = false;
  bool stepping_ = false;
  Stage stage_ = Stage::running;
  boost::asio::cancellation_type_t cancelled_ = boost::asio::cancellation_type::none;
  std::uint32_t waits_ = 0;
  std::uint32_t armed_ = 0;  ///< the number of the wait that counts; 0: none
  std::uint32_t waits_pending_ = 0;
  TimePoint armed_until_;
  TimePoint now_;
  Duration latency_{};
  std::optional<boost::asio::executor_work_guard<HandlerExecutor>> handler_work_;  ///< when it is another's
  P pipeline_;
  AsyncCallOptions options_;
  Op op_;
  Handler handler_;
  [[no_unique_address]] Time time_;
  KeptAnswer<Value> kept_;
  HandlerMemory memory_;
  typename P::Machine execution_;
  Flights<most_attempts> flights_;
  std::array<Running, most_attempts> running_;
  std::optional<typename Time::template Timer<Ex>> timer_;
};

}  // namespace switchgear::detail
