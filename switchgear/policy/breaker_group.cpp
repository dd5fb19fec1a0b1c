#include "switchgear/policy/breaker_group.hpp"

#include <ranges>
#include <string>

#include "switchgear/core/raise.hpp"

namespace switchgear {

BreakerGroup::BreakerGroup(std::initializer_list<CircuitBreaker*> outermost_first) {
  if (outermost_first.size() < 1 || outermost_first.size() > max_depth) {
    detail::raise_invalid("breaker group: " + std::to_string(outermost_first.size()) +
                          " breakers are not from 1 to " + std::to_string(max_depth));
  }
  for (CircuitBreaker* breaker : outermost_first) {
    if (breaker == nullptr) detail::raise_invalid("breaker group: a breaker is null");
    path_[depth_++] = breaker;
  }
}

Result<BreakerGroup::Permits> BreakerGroup::try_acquire(TimePoint now) const noexcept {
  Permits taken;
  for (std::size_t i = 0; i < depth_; ++i) {
    auto permit = path_[i]->try_acquire(now);
    if (!permit) return permit.rejection();  // `taken` goes back as ignored
    taken.permits_[i].emplace(std::move(*permit));
  }
  return taken;
}

void BreakerGroup::take_up(Permits& permits, TimePoint now) const noexcept {
  for (std::size_t i = 0; i < depth_; ++i) {
    std::optional<CircuitBreaker::Permit>& permit = permits.permits_[i];
    if (!permit) continue;
    permit->gave_place_back() ? void(permit = path_[i]->rejoin(now)) : permit->take_up(now);
  }
}

std::optional<Rejection> BreakerGroup::readmit(Permits& permits, TimePoint now) const noexcept {
  for (std::size_t i = 0; i < depth_; ++i) {
    std::optional<CircuitBreaker::Permit>& permit = permits.permits_[i];
    if (!permit) continue;
    if (!permit->gave_place_back()) {
      permit->take_up(now);
      continue;
    }
    auto again = path_[i]->try_acquire(now);
    if (!again) return again.rejection();
    permit = *std::move(again);
  }
  return std::nullopt;
}

void BreakerGroup::Permits::set_aside(TimePoint now) noexcept {
  for (auto& permit : permits_) {
    if (permit) permit->set_aside(now);
  }
}

void BreakerGroup::Permits::set_aside(const Outcome& so_far, TimePoint now) noexcept {
  for (auto& permit : std::views::reverse(permits_)) {
    if (permit) permit->set_aside(so_far, now);
  }
}

void BreakerGroup::Permits::record(const Outcome& outcome, TimePoint now) && noexcept {
  for (auto& permit : std::views::reverse(permits_)) {
    if (permit) std::move(*permit).record(outcome, now);
  }
}

void BreakerGroup::Permits::record(Verdict verdict, TimePoint now, FailureType type) && noexcept {
  for (auto& permit : std::views::reverse(permits_)) {
    if (permit) std::move(*permit).record(verdict, now, type);
  }
}

}  // namespace switchgear
