// The loop around the machine: makes the attempts, waits, and knows the clock.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

#include "switchgear/core/result.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/sync/attempt.hpp"
#include "switchgear/sync/parking.hpp"

namespace switchgear::detail {

/// A clock that can wait says so (testing::ManualTime does); for the others the thread is parked.
template <class Time>
void wait_until(Time& time, Parking& parking, TimePoint until) {
  if constexpr (requires { time.wait(parking, until); }) {
    time.wait(parking, until);
  } else {
    const TimePoint now = time.now();
    if (until > now) parking.wait_for(saturating_sub(until, now));
  }
}

/// The use of both causes when the fallback has failed too.
enum class BothCauses : std::uint8_t {
  reported,  ///< the caller gets what there is without the fallback; the report has both
  thrown,    ///< as a FallbackError
};

/// The loop around the machine.
template <BothCauses both, class Time, class P, class F>
class BlockingCall {
 public:
  using T = AnswerOf<F>;

  BlockingCall(Time& time, const P& pipeline, const CallOptions& options, F& f)
      : time_(time),
        pipeline_(pipeline),
        options_(options),
        f_(f),
        execution_(pipeline.policies(), options, &Parking::mine(), &answer_) {
    static_assert(
        !P::Machine::hedges,
        "a blocking call makes one attempt at a time: a hedge needs async_call (switchgear/async/)");
    static_assert(
        P::Machine::template takes<T>,
        "a cache or a fallback of this pipeline keeps answers of another type than the function returns");
  }

  void run() {
    now_ = time_.now();
    finish(execution_.start(now_));
  }

  // Taking over from the fast lane, at the place where the call turned out not to be plain. `started` is when
  // its one attempt began, or would have.
  BlockingCall(Time& time, const P& pipeline, const CallOptions& options, F& f, typename P::Fast&& begun,
               TimePoint started)
      : time_(time),
        pipeline_(pipeline),
        options_(options),
        f_(f),
        now_(started),
        limit_(begun.limit()),
        execution_(std::move(begun), &answer_) {}
  [[gnu::cold]] Result<T> after_refusal() {
    finish(execution_.go_on(now_));
    return take();
  }
#if defined(__cpp_exceptions)
  [[gnu::cold]] Result<T> after_exception() {
    finish(thrown(limit_, now_));
    return take();
  }
#endif
  [[gnu::cold]] Result<T> after_outcome(T&& value, const Outcome& outcome, TimePoint now) {
    now_ = now;
    latency_ = outcome.latency;
    answer_.value.emplace(std::move(value));
    if (given_up()) {
      finish(for_nobody());
    } else {
      finish(now >= limit_ ? too_late() : execution_.on_outcome(0, outcome, now));
    }
    return take();
  }

  Result<T> take() {
    const Ending::How how = execution_.ending().how;
#if defined(__cpp_exceptions)
    if constexpr (both == BothCauses::thrown) {
      if (auto failure = answer_.both_causes(execution_.ending())) throw FallbackError(std::move(failure));
    }
#endif
    if (how != Ending::How::refused && how != Ending::How::cancelled) {
      if (answer_.value) return Result<T>(std::move(*answer_.value));
      fail();
    }
    const std::optional<Rejection>& refused = execution_.last_rejection();
    if (refused) return Result<T>(*refused);
    return Result<T>(Reason::cancelled, "caller", std::nullopt);
  }

 private:
  void finish(Step step) {
    while (step.kind != Step::Kind::done) {
      step = step.kind == Step::Kind::attempt ? attempt(step) : wait(step);
    }
    if (options_.report != nullptr) report();
  }

  Step attempt(const Step& step) {
    const TimePoint started = now_;
#if defined(__cpp_exceptions)
    try {
      make(step);
    } catch (...) {
      return thrown(step.until, started);
    }
#else
    make(step);
#endif
    now_ = time_.now();
    latency_ = saturating_sub(now_, started);
    if (given_up()) [[unlikely]]
      return for_nobody();
    if (now_ >= step.until) [[unlikely]]
      return too_late();
    const Outcome outcome = pipeline_.classifier().of_result(*answer_.value, latency_);
    return execution_.on_outcome(0, outcome, now_);
  }

  void make(const Step& step) {
    if constexpr (std::is_void_v<AttemptResult<F>>) {
      make_attempt(f_, step.number, step.until, options_);
      answer_.value.emplace();
    } else {
      answer_.value.emplace(make_attempt(f_, step.number, step.until, options_));
    }
  }

#if defined(__cpp_exceptions)
  Step thrown(TimePoint limit, TimePoint started) {
    now_ = time_.now();
    latency_ = saturating_sub(now_, started);
    answer_.forget();
    if (now_ >= limit && !given_up()) return too_late();
    answer_.exception = std::current_exception();
    if (given_up()) return for_nobody();
    return execution_.on_outcome(0, pipeline_.classifier().of_current_exception(latency_), now_);
  }
#endif

  Step too_late() {
    answer_.forget();
    return execution_.on_timeout(0, latency_, now_);
  }

  /// The caller has gone away while the attempt ran: the result is its own, and no policy counts it.
  [[nodiscard]] bool given_up() const noexcept { return options_.stop.stop_requested(); }
  Step for_nobody() { return execution_.on_outcome(0, Outcome::ignored(latency_), now_); }

  Step wait(const Step& step) {
    if (given_up()) return execution_.cancel(now_);
    if (step.until > now_) {
      Parking& parking = Parking::mine();
      std::optional<std::stop_callback<WakeOnStop>> on_stop;
      if (options_.stop.stop_possible()) on_stop.emplace(options_.stop, WakeOnStop{&parking});
      wait_until(time_, parking, step.until);
      now_ = time_.now();
    }
    if (given_up()) return execution_.cancel(now_);
    answer_.forget();
    return execution_.on_timer(now_);
  }

  /// No value and no refusal: what the last attempt threw, or reported.
  void fail() {
#if defined(__cpp_exceptions)
    if (answer_.exception) std::rethrow_exception(answer_.exception);
    if (answer_.details && answer_.details->code) throw std::system_error(answer_.details->code);
#endif
  }

  void report() const {
    CallReport& told = *options_.report;
    told = {.attempts = execution_.attempts(), .latency = latency_, .chaos = execution_.chaos()};
    if (!answer_.details) return;
    told.source = answer_.details->source;
    told.age = answer_.details->age;
    told.queued_as = answer_.details->queued_as;
    told.failure = answer_.both_causes(execution_.ending());
  }

  struct WakeOnStop {
    Parking* parking;
    void operator()() const noexcept { parking->wake(); }
  };

  Time& time_;
  const P& pipeline_;
  const CallOptions& options_;
  F& f_;
  TimePoint now_{};
  Duration latency_{};
  TimePoint limit_{};  ///< of the fast lane's attempt
  Answer<T> answer_;
  typename P::Machine execution_;
};

/// The answer to a caller that had gone away before its call began.
template <class T>
[[nodiscard]] Result<T> stopped_before(const CallOptions& options) {
  if (options.report != nullptr) *options.report = {};
  return {Reason::cancelled, "caller", std::nullopt};
}

/// A call as a whole.
template <BothCauses both, class Time, class P, class F>
[[gnu::noinline]] Result<AnswerOf<F>> general_call(Time& time, const P& pipeline, const CallOptions& options,
                                                   F& f) {
  if (options.stop.stop_requested()) return stopped_before<AnswerOf<F>>(options);
  BlockingCall<both, Time, P, F> running{time, pipeline, options, f};
  running.run();
  return running.take();
}

}  // namespace switchgear::detail
