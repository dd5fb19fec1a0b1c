#include "switchgear/registry/housed_breaker.hpp"

#include <string>
#include <utility>

namespace switchgear::detail {
namespace {

BreakerContext with_sink(BreakerContext context, EventSink& sink) noexcept {
  context.sink = &sink;
  return context;
}

}  // namespace

HousedBreaker::HousedBreaker(std::shared_ptr<EventFanout> own, std::shared_ptr<EventFanout> everybody,
                             std::string_view name, const CircuitBreakerOptions& options,
                             BreakerContext context)
    : own_(std::move(own)),
      everybody_(std::move(everybody)),
      breaker_(std::string{name}, options, with_sink(context, *this)) {
  own_->watch(*this);
  everybody_->watch(*this);
}

HousedBreaker::~HousedBreaker() {
  everybody_->unwatch(*this);
  own_->unwatch(*this);
}

std::shared_ptr<CircuitBreaker> HousedBreaker::door(std::shared_ptr<HousedBreaker> house) noexcept {
  CircuitBreaker* const breaker = &house->breaker_;
  return {std::move(house), breaker};
}

void HousedBreaker::on_transition(const Transition& transition) {
  own_->on_transition(transition);
  everybody_->on_transition(transition);
}

void HousedBreaker::on_rejection(const RejectionEvent& rejection) {
  own_->on_rejection(rejection);
  everybody_->on_rejection(rejection);
}

void HousedBreaker::on_call(const CallEvent& call) {
  own_->on_call(call);
  everybody_->on_call(call);
}

void HousedBreaker::on_ramp(const RampEvent& ramp) {
  own_->on_ramp(ramp);
  everybody_->on_ramp(ramp);
}

void HousedBreaker::on_level(const LevelEvent& level) {
  own_->on_level(level);
  everybody_->on_level(level);
}

void HousedBreaker::on_adapted(const AdaptedEvent& adapted) {
  own_->on_adapted(adapted);
  everybody_->on_adapted(adapted);
}

void HousedBreaker::on_wish_changed() noexcept {
  const std::scoped_lock lock{wishes_};
  const bool wanted = own_->wants(Interest::calls) || everybody_->wants(Interest::calls);
  breaker_.tell_calls(wanted ? CallEvents::on : CallEvents::off);
}

}  // namespace switchgear::detail
