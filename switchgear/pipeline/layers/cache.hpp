// Remembered answers, and one call per key. Needs policy/cache.hpp only where a pipeline has a cache.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>

#include "switchgear/core/quietly.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/cause.hpp"

namespace switchgear {

template <class T>
class Cache;

template <class Kept, class T>
inline constexpr bool takes_answer<Cache<Kept>, T> = std::is_same_v<Kept, T>;

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
  /// was injected; a refusal that another caller might not have met.
  static bool is_its_callers_alone(const Call& call, const Ending& ending) noexcept {
    if (ending.came_back() && ending.outcome->verdict == Verdict::success) return true;
    const Answer<T>& given = detail::answer_of<T>(call);
    const bool failed = ending.failed();
    if (failed && (given.value || (given.details && given.details->failure != nullptr))) return true;
    const bool refused = ending.how == Ending::How::refused;
    return (call.chaos && (failed || refused)) || (call.refused_alone && refused);
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

}  // namespace switchgear
