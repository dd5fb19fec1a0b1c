// Marks the places between two steps of a lock-free structure where a thread may be pre-empted, so that a
// stress test can pre-empt it there on purpose. Nothing in a normal build.
#pragma once

namespace switchgear::detail {

#ifdef SWITCHGEAR_PAUSE_POINTS
/// Defined by the test program that is built with pause points.
void pause_point() noexcept;
#else
inline void pause_point() noexcept {}
#endif

}  // namespace switchgear::detail
