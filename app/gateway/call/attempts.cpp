#include "app/gateway/call/attempts.hpp"

#include <cassert>

namespace switchgear::gateway {

Attempt& Attempts::hedge(unsigned branch) {
  while (hedges_.size() < branch)
    hedges_.push_back(std::make_unique<Attempt>(static_cast<unsigned>(hedges_.size() + 1)));
  return *hedges_[branch - 1];
}

Attempt& Attempts::launch(const Step& step, TimePoint now) {
  Step flight = step;
  flight.until = TimePoint::max();
  [[maybe_unused]] const bool in_its_place = flights_.try_launch(flight, now);
  assert(in_its_place);
  return (*this)[step.branch];
}

void Attempts::land(const Attempt& attempt, TimePoint now) noexcept {
  if (flights_.can_be_cancelled(attempt.branch())) flights_.land(attempt.branch(), now);
}

void Attempts::drop_one(unsigned branch, TimePoint now) noexcept {
  Attempt& dropped = (*this)[branch];
  if (dropped.running()) dropped.abandon();
  land(dropped, now);
}

void Attempts::drop(std::uint16_t losers, TimePoint now) noexcept {
  if (losers != 0) flights_.drop(losers, [&](unsigned branch) { drop_one(branch, now); });
}

void Attempts::drop_all_but(const Attempt& winner, TimePoint now) noexcept {
  for (unsigned branch = 0; branch < size(); ++branch) {
    if (branch != winner.branch()) drop_one(branch, now);
  }
}

void Attempts::drop_all(TimePoint now) noexcept {
  for (unsigned branch = 0; branch < size(); ++branch) drop_one(branch, now);
}

}  // namespace switchgear::gateway
