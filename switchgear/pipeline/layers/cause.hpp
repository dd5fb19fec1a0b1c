// Why a call has no good answer, for the layers that know the type of the answer.
#pragma once

#include "switchgear/core/cause.hpp"
#include "switchgear/pipeline/answer.hpp"
#include "switchgear/pipeline/call.hpp"

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

}  // namespace switchgear
