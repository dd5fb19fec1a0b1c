// What stands in for an answer. Needs policy/fallback.hpp only where a pipeline has a fallback.
#pragma once

#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "switchgear/pipeline/classifier.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/pipeline/layers/cause.hpp"

namespace switchgear {

template <class T>
class Fallback;

template <class Kept, class T>
inline constexpr bool takes_answer<Fallback<Kept>, T> = std::is_same_v<Kept, T>;

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
    if (!fallback.has_part_in(cause)) return Turn::outward;
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
