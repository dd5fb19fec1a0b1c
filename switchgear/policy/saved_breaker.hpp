// A circuit breaker's state as a value that outlives its process, and as a text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/level.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// Where a breaker stood: what CircuitBreaker::save() gives and CircuitBreaker::restore() takes. Plain data,
/// in wall time, to be kept as the program likes. The window, the totals and the probes of a half-open period
/// are not in it: they begin anew.
struct SavedBreaker {
  std::string name;
  State state = State::closed;
  bool metrics_only = false;
  bool ramping = false;                   ///< of `closed`: within its ramp, which began at `since`
  WallAnchor::Wall since{};               ///< when the state was entered
  std::optional<WallAnchor::Wall> until;  ///< of `open`: the end of the opening
  std::uint32_t relapses = 0;             ///< of `open` and `half_open`: since last closed
  std::optional<BreakerLevel> level{};    ///< of a multi-level breaker, above its first level

  friend bool operator==(const SavedBreaker&, const SavedBreaker&) = default;
};

/// A text of a line for each breaker, in whole nanoseconds of Unix time:
///
///     switchgear breakers 1
///     open since=1764141950000000000 until=1764141960000000000 relapses=2 mode=normal name=payment
///     closed since=1764141900000000000 until=- relapses=0 mode=normal name=search
///     closed since=1764141900000000000 until=- relapses=0 mode=normal level=critical name=stock
///     end 3
///
/// The version in the first line changes when an older reader would misread the rest. Left out, because
/// read_saved_breakers() would refuse the text: breakers whose names are longer than 4,096 bytes, and those
/// after the first 1,000,000.
[[nodiscard]] std::string to_text(const std::vector<SavedBreaker>& breakers);

/// What a text says, or why it is not taken: then `problem` is a sentence with its line, and `breakers` are
/// empty.
struct SavedBreakersRead {
  std::vector<SavedBreaker> breakers;
  std::string problem;
};

/// Reads what to_text() has written, and nothing else: a text of another program or a later version, one that
/// was cut short, and one that names a breaker twice are refused as a whole. At most 1,000,000 breakers with
/// names of at most 4,096 bytes.
[[nodiscard]] SavedBreakersRead read_saved_breakers(std::string_view text);

}  // namespace switchgear
