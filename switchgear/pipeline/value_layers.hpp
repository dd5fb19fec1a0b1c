// The layers that know the type of the answer: they give one of their own, or remember the call's.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include "switchgear/core/quietly.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/classifier.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"

namespace switchgear {

namespace detail {
template <class T>
Answer<T>& answer_of(const Call& call) noexcept {
  return *static_cast<Answer<T>*>(call.answer);
}

/// Why the call has no good answer, as far as it is known here.
template <class T>
Cause cause_of(const Call& call, const Ending& ending) {
  Cause cause;
  if (ending.how == Ending::How::refused) cause.rejection = call.rejection;
  if (ending.came_back()) {
    const Answer<T>& answer = answer_of<T>(call);
    cause.exception = answer.exception;
    if (answer.details) cause.code = answer.details->code;
    // Cut off, or injected: what the driver has of it is nothing, and who was at it is known.
    if (!answer.value && !answer.exception && !cause.code) cause.rejection = call.rejection;
  }
  cause.type = ending.outcome->type;
  return cause;
}
}  // namespace detail

template <class Kept, class T>
inline constexpr bool takes_answer<Cache<Kept>, T> = std::is_same_v<Kept, T>;
template <class Kept, class T>
inline constexpr bool takes_answer<Fallback<Kept>, T> = std::is_same_v<Kept, T>;

/// An answer that is young enough ends the call here. Otherwise one caller per key goes on, and the others
/// wait for what becomes of it. Calls without a key pass, and so do those whose driver keeps no answers.
template <class T>
class Layer<Cache<T>> {
 public:
  Gate enter(Cache<T>& cache, Call& call, TimePoint now) noexcept {
    if (call.options->key.empty() || call.answer == nullptr) return Gate::go;
    if (auto hit = cache.find(call.options->key, now)) return answer(call, *hit->value, hit->age);
    ticket_.emplace();
    if (cache.join(call.options->key, *ticket_, call.waker, now) == Cache<T>::Role::leader) return Gate::go;
    return resume(cache, call, now);
  }

  Gate resume(Cache<T>& cache, Call& call, TimePoint now) noexcept {
    auto poll = cache.poll(*ticket_, now);
    switch (poll.state) {
      case Cache<T>::Poll::waiting:
        if (now < call.limit) {
          call.until = call.limit;
          return Gate::wait;
        }
        ticket_.reset();
        call.refuse_for_limit(Reason::deadline_exceeded);
        return Gate::refuse;
      case Cache<T>::Poll::leads:
        return Gate::go;
      case Cache<T>::Poll::answered:
        ticket_.reset();
        return answer(call, *poll.value, poll.age);
      case Cache<T>::Poll::failed:
        break;
    }
    ticket_.reset();
    return fail(call, poll.cause);
  }

  void will_not_share(Cache<T>& cache) noexcept {
    if (ticket_) cache.finish_uncacheable(*ticket_);
    ticket_.reset();
  }

  Turn leave(Cache<T>& cache, Call& call, Ending& ending, TimePoint now) noexcept {
    if (!ticket_) return Turn::outward;
    const Answer<T>& given = detail::answer_of<T>(call);
    const bool own_time_over = now >= call.limit || ending.how == Ending::How::cancelled;
    if (ending.came_back() && ending.outcome->is_good() && given.value) {
      detail::quietly([&] { cache.finish(*ticket_, std::make_shared<const T>(*given.value), now); });
    } else if (is_its_callers_alone(call, ending)) {
      // The callers that waited make their own calls, and not one after the other.
      cache.finish_uncacheable(*ticket_);
    } else if (!own_time_over && (ending.failed() || ending.how == Ending::How::refused)) {
      cache.finish(*ticket_, detail::cause_of<T>(call, ending));
    }
    ticket_.reset();  // a caller whose own time is over, or that went away: the next in line makes the call
    return Turn::outward;
  }

 private:
  /// An answer that the driver keeps to itself (too large, private); one that is worth another attempt, or a
  /// failure that is a value or two causes, which only its own caller can read; a failure or a refusal that
  /// was injected.
  static bool is_its_callers_alone(const Call& call, const Ending& ending) noexcept {
    if (ending.came_back() && ending.outcome->verdict == Verdict::success) return true;
    const Answer<T>& given = detail::answer_of<T>(call);
    const bool failed = ending.failed();
    if (failed && (given.value || (given.details && given.details->failure != nullptr))) return true;
    return call.chaos && (failed || ending.how == Ending::How::refused);
  }
  /// An answer that cannot be copied is as good as none.
  static Gate answer(Call& call, const T& value, Duration age) noexcept {
    Answer<T>& given = detail::answer_of<T>(call);
    given.forget();  // what another attempt of a race may have left
    detail::quietly([&] { given.value.emplace(value); });
    if (!given.value) return Gate::go;
    given.detail().source = Source::cache;
    given.detail().age = age;
    return Gate::answer;
  }
  /// The leader's failure is shared by all, as if each had made the call.
  static Gate fail(Call& call, const Cause& cause) noexcept {
    call.rejection = cause.rejection;
    if (cause.rejection && cause.rejection->reason != Reason::timed_out) return Gate::refuse;
    Answer<T>& given = detail::answer_of<T>(call);
    given.exception = cause.exception;
    given.detail().code = cause.code;
    call.injected = Outcome::failure(cause.type, {});
    return Gate::inject;
  }

  std::optional<typename Cache<T>::Ticket> ticket_;
};

/// Stands in when the call was refused or has failed for good. A call that was cancelled gets nothing, nor
/// does one whose driver keeps no answers. A call without a key gets no remembered answer, and leaves none.
template <class T>
class Layer<Fallback<T>> {
 public:
  Gate enter(Fallback<T>&, Call&, TimePoint) noexcept { return Gate::go; }
  Gate resume(Fallback<T>&, Call&, TimePoint) noexcept { return Gate::go; }

  Turn leave(Fallback<T>& fallback, Call& call, Ending& ending, TimePoint now) noexcept {
    if (call.answer == nullptr) return Turn::outward;
    Answer<T>& given = detail::answer_of<T>(call);
    if (ending.came_back() && ending.outcome->is_good() && given.value) {
      fallback.on_success(call.options->key, *given.value, now);
      return Turn::outward;
    }
    if (call.committed ||
        (!ending.failed() && ending.how != Ending::How::refused && !was_refused_inside(ending, given)))
      return Turn::outward;
    const Cause cause = detail::cause_of<T>(call, ending);
    if (!Fallback<T>::applies_to(cause)) return Turn::outward;
    auto substitute = fallback.substitute(call.options->key, cause, call.options->payload, now);
    if (given.details) given.details->failure.reset();  // of a fallback further in
    if (substitute.value) {
      given.value.emplace(*std::move(substitute.value));
      given.detail().source = Source::fallback;
      given.detail().age = substitute.age;
      given.detail().queued_as = substitute.queued_as;
      ending.how = Ending::How::answered;
      ending.outcome = &Ending::success;
    } else if (substitute.rejection) {
      call.refuse(*substitute.rejection);
      given.detail().queued_as = substitute.queued_as;
      ending.how = Ending::How::refused;
      ending.outcome = &Ending::nothing;
    } else if (substitute.failure) {
      given.detail().failure = std::make_shared<const FallbackFailure>(*std::move(substitute.failure));
    }
    return Turn::outward;
  }

 private:
  /// The attempt made a guarded call of its own, and that was refused: no failure for anyone out here, and no
  /// answer either. Not when the caller went away, nor when that call is stored.
  static bool was_refused_inside(const Ending& ending, const Answer<T>& given) noexcept {
    if (ending.how != Ending::How::completed || ending.outcome->verdict != Verdict::ignored) return false;
    const auto reason =
        detail::refusal_inside(given.exception, given.details ? given.details->code : std::error_code{});
    return reason && reason != Reason::cancelled && reason != Reason::queued;
  }
};

}  // namespace switchgear
