// The books of a run, read from the shop when it is over, beside what its callers were told.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace switchgear::stage {
class StopSignal;
}

namespace switchgear::shop {

struct Books {
  bool read = false;     ///< the database could be asked
  bool settled = false;  ///< nothing open, nothing waiting, everything booked once
  std::int64_t confirmed = 0, cancelled = 0, open = 0, waiting = 0, booked = 0, mails = 0;
};

/// Waits until all work is done, no longer than half a minute, or until it is told to stop. `admin`: the port
/// of the shop's admin server. `look` is called often.
[[nodiscard]] Books settle(
    std::uint16_t admin, stage::StopSignal& stop, const std::function<void()>& look = [] {});

struct Told {
  std::int64_t confirmed = 0;  ///< calls that were told that their order is confirmed
  std::int64_t unsure = 0;     ///< calls that were told nothing, or that they shall try again

  /// Of callers that were not listened to.
  [[nodiscard]] static Told nothing() { return {0, std::numeric_limits<std::int64_t>::max()}; }
};

/// Of books that are right, for people.
[[nodiscard]] std::string in_words(const Books& books);
/// What is wrong, for people; empty: nothing was lost or doubled.
[[nodiscard]] std::string problem_of(const Books& books, const Told& told);

}  // namespace switchgear::shop
