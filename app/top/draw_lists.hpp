// The three lists, from the row of their titles to the last row above the foot.
#pragma once

#include "app/top/canvas.hpp"
#include "app/top/screen.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

void draw_breakers(Canvas& canvas, const Screen& screen, TimePoint now);
void draw_services(Canvas& canvas, const Screen& screen);
void draw_alerts(Canvas& canvas, const Screen& screen);

}  // namespace switchgear::top
