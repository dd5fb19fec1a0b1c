// The dashboard as cells.
#pragma once

#include "app/top/canvas.hpp"
#include "app/top/screen.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

/// The whole screen, in its size. Precondition: settle() was called after the last change.
[[nodiscard]] Canvas draw(const Screen& screen, TimePoint now);

}  // namespace switchgear::top
