// testing/: what a user's own tests of guarded code need, shipped with the library. Never here: anything a
// program in service would link.
#pragma once

#include "switchgear/core/time.hpp"

namespace switchgear::testing {

/// Time that moves only when told to. Starts one hour in, so that a test may also go back.
class ManualTime {
 public:
  [[nodiscard]] TimePoint now() const noexcept { return now_; }

  /// Moves by `step`, which may be negative, and returns the new time.
  TimePoint advance(Duration step) noexcept { return now_ = saturating_add(now_, step); }
  /// Waits, for drivers that wait: the time comes at once. `Parking` is the object they would have waited on.
  template <class Parking>
  void wait(Parking& /*parking*/, TimePoint until) noexcept {
    if (until > now_) now_ = until;
  }

 private:
  TimePoint now_{std::chrono::hours{1}};
};

}  // namespace switchgear::testing
