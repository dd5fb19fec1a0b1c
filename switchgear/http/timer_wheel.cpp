#include "switchgear/http/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace switchgear::http {

Timer::~Timer() {
  if (armed()) wheel_->disarm(*this);
}

TimerWheel::TimerWheel(TimePoint now) : origin_(now) {}

TimerWheel::~TimerWheel() {
  for (Place& place : wheel_) {
    while (place.first != nullptr) remove(*place.first);
  }
}

void TimerWheel::arm(Timer& timer, TimePoint due) noexcept {
  if (timer.armed()) remove(timer);
  timer.wheel_ = this;
  timer.due_ = due;
  insert(timer);
}

void TimerWheel::disarm(Timer& timer) noexcept {
  if (timer.armed()) remove(timer);
}

void TimerWheel::insert(Timer& timer) noexcept {
  constexpr std::uint64_t horizon = (std::uint64_t{1} << (bits * levels)) - 1;
  const Duration::rep wait = saturating_sub(timer.due_, origin_).count();
  std::uint64_t at = wait <= 0 ? 0 : static_cast<std::uint64_t>((wait - 1) / tick.count()) + 1;
  at = std::max(at, now_ + 1);
  // Beyond the horizon: parked at its end, and put back from there with what is left.
  if ((at ^ now_) > horizon) at = now_ | horizon;
  if (at == now_) at = now_ + 1;  // the last tick of a full turn
  const std::uint64_t differing = at ^ now_;
  const unsigned level =
      std::min<unsigned>(levels - 1, static_cast<unsigned>(std::bit_width(differing) - 1) / bits);
  const unsigned slot = static_cast<unsigned>(at >> (bits * level)) & (places - 1);
  timer.place_ = static_cast<std::uint16_t>(level * places + slot);
  Place& place = wheel_[timer.place_];
  if (place.first == nullptr) {
    timer.previous_ = timer.next_ = &timer;
    place.first = &timer;
    occupied_[level] |= std::uint64_t{1} << slot;
  } else {
    Timer* first = place.first;
    timer.next_ = first;
    timer.previous_ = first->previous_;
    first->previous_->next_ = &timer;
    first->previous_ = &timer;
  }
}

void TimerWheel::remove(Timer& timer) noexcept {
  Place& place = wheel_[timer.place_];
  if (timer.next_ == &timer) {
    place.first = nullptr;
    occupied_[timer.place_ / places] &= ~(std::uint64_t{1} << (timer.place_ % places));
  } else {
    timer.previous_->next_ = timer.next_;
    timer.next_->previous_ = timer.previous_;
    if (place.first == &timer) place.first = timer.next_;
  }
  timer.previous_ = timer.next_ = nullptr;
}

std::optional<std::uint64_t> TimerWheel::next_tick() const noexcept {
  std::optional<std::uint64_t> nearest;
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    // A place at or before the hand of its wheel belongs to the next turn; only a full turn's last tick makes
    // one.
    const unsigned hand = static_cast<unsigned>(now_ >> (bits * level)) & (places - 1);
    const std::uint64_t ahead = std::rotr(occupied_[level], static_cast<int>(hand + 1) % 64);
    const std::uint64_t steps = static_cast<std::uint64_t>(std::countr_zero(ahead)) + 1;
    const std::uint64_t at = ((now_ >> (bits * level)) + steps) << (bits * level);
    nearest = std::min(nearest.value_or(at), at);
  }
  return nearest;
}

std::optional<TimePoint> TimerWheel::next() const noexcept {
  const std::optional<std::uint64_t> at = next_tick();
  if (!at) return std::nullopt;
  return origin_ + tick * static_cast<Duration::rep>(*at);
}

void TimerWheel::advance(TimePoint now) {
  const Duration::rep passed = saturating_sub(now, origin_).count();
  if (passed < 0) return;
  const std::uint64_t target = static_cast<std::uint64_t>(passed / tick.count());
  while (const std::optional<std::uint64_t> at = next_tick()) {
    if (*at > target) break;
    now_ = *at;
    for (unsigned level = levels; level-- > 0;) {
      if ((now_ & ((std::uint64_t{1} << (bits * level)) - 1)) != 0)
        continue;  // this wheel's hand did not move
      const unsigned slot = static_cast<unsigned>(now_ >> (bits * level)) & (places - 1);
      Place& place = wheel_[level * places + slot];
      // Due timers fire, the others move to a finer wheel. What on_timer() arms lands in another place: it
      // lies ahead.
      while (place.first != nullptr) {
        Timer& timer = *place.first;
        remove(timer);
        if (timer.due_ <= origin_ + tick * static_cast<Duration::rep>(now_)) {
          timer.on_timer(now);
        } else {
          insert(timer);
        }
      }
    }
  }
  now_ = std::max(now_, target);
}

}  // namespace switchgear::http
