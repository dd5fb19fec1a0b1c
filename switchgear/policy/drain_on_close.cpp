#include "switchgear/policy/drain_on_close.hpp"

#include <utility>

#include "switchgear/core/raise.hpp"

namespace switchgear {

DrainOnClose::DrainOnClose(std::string breaker, std::function<void()> hook, EventSink* next)
    : breaker_(std::move(breaker)), hook_(std::move(hook)), next_(next) {
  if (!hook_) detail::raise_invalid("drain on close of '" + breaker_ + "': has no hook to call");
}

void DrainOnClose::on_transition(const Transition& transition) {
  if (next_ != nullptr) next_->on_transition(transition);
  if (transition.to == State::closed && (breaker_.empty() || breaker_ == transition.breaker)) hook_();
}

void DrainOnClose::on_rejection(const RejectionEvent& rejection) {
  if (next_ != nullptr) next_->on_rejection(rejection);
}

}  // namespace switchgear
