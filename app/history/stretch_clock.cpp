#include "app/history/stretch_clock.hpp"

#include <algorithm>

namespace switchgear::history {

namespace {

using namespace std::chrono;

[[nodiscard]] sys_seconds border_before(WallAnchor::Wall at, seconds resolution) {
  const seconds since = floor<seconds>(at).time_since_epoch();
  return sys_seconds{since - since % resolution};
}

}  // namespace

StretchClock::StretchClock(seconds resolution, Reading start, std::optional<sys_seconds> recorded_until)
    : resolution_(resolution), last_(start) {
  begin(start);
  // In whole seconds: a broken file may have any number there, and nanoseconds of it would overflow.
  constexpr seconds at_most = duration_cast<seconds>(step);
  if (recorded_until && *recorded_until > from_ && *recorded_until < from_ + at_most) from_ = *recorded_until;
}

void StretchClock::begin(Reading now) {
  from_ = ceil<seconds>(now.wall);
  began_ = now.steady;
}

StretchClock::Tick StretchClock::tick(Reading now) {
  Tick made;
  const Duration drift = WallAnchor::between(last_.wall, now.wall) - (now.steady - last_.steady);
  last_ = now;
  const bool back = from_ - now.wall >= step;  // also by several smaller steps
  if (back || drift >= step) {
    made.set = back ? std::min(drift, Duration{now.wall - from_}) : drift;
    const seconds passed = floor<seconds>(now.steady - began_);
    if (passed > seconds{0}) made.ended = Stretch{from_, passed};
    begin(now);
    return made;
  }
  const sys_seconds border = border_before(now.wall, resolution_);
  if (border > from_) {
    made.ended = Stretch{from_, border - from_};
    from_ = border;
    began_ = now.steady;
  }
  return made;
}

Stretch StretchClock::finish(Reading now) const {
  const seconds length =
      std::min(floor<seconds>(now.wall) - from_, floor<seconds>(now.steady - began_) + resolution_);
  return {from_, std::max(length, seconds{1})};
}

Duration StretchClock::until_next(Reading now) const {
  const sys_seconds border = border_before(std::max(now.wall, WallAnchor::Wall{from_}), resolution_);
  const Duration left = WallAnchor::Wall{border + resolution_} - now.wall;
  return std::clamp<Duration>(left, milliseconds{1}, Duration{resolution_});
}

}  // namespace switchgear::history
