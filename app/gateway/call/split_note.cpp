#include "app/gateway/call/split_note.hpp"

#include <chrono>
#include <utility>

namespace switchgear::gateway {

ServicePtr SplitNote::divide(ServicePtr service, const http::FieldList& fields) {
  const ServiceSplit& division = *service->split();
  const experiment::Split& split = *division.split;
  choice_ = split.by_value() ? split.choose(single_value(fields, split.subject().options.header))
                             : split.choose(std::chrono::system_clock::now());
  if (!choice_.counts) return service;
  seen_ = {};
  has_answer_ = false;
  commanded_ = commanded(*service);
  whole_ = std::move(service);
  return choice_.arm == experiment::Arm::candidate ? division.candidate : whole_;
}

/// By the service's own policy in both arms: with a yardstick of its own, a candidate that calls fewer
/// statuses failures would look better for it.
void SplitNote::answered(unsigned status, http::Support method, TimePoint now) noexcept {
  has_answer_ = true;
  seen_.took = now - began_;
  const Outcome judged = whole_->classifier().of_status(status, seen_.took, std::nullopt, method);
  if (judged.verdict == Verdict::failure) failed();
}

void SplitNote::end() {
  const ServicePtr whole = std::exchange(whole_, nullptr);
  if (!has_answer_) return;
  const ServiceSplit& division = *whole->split();
  if (commanded_ || commanded(*whole)) return division.split->leave_out(*division.lane);
  division.split->record(*division.lane, choice_, seen_);
}

bool SplitNote::commanded(const Service& whole) noexcept {
  const auto holds = [](const Service& arm) {
    const CircuitBreaker* const breaker = arm.policies().policies().breaker.get();
    if (breaker == nullptr) return false;
    const State state = breaker->state();
    return state == State::forced_open || state == State::disabled;
  };
  const ServiceSplit& division = *whole.split();
  return division.split->commanded() || holds(whole) || holds(*division.candidate);
}

}  // namespace switchgear::gateway
