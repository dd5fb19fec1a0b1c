// A circuit's past made up event by event, the samples that a history would have kept of it, and both as
// JSON for the plain model of the figures (figures_model.py).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "switchgear/observe/figures/figures.hpp"

namespace switchgear::model {

/// One call, as it happened.
struct PastCall {
  enum class End : std::uint8_t { success, failure, ignored, refused };
  enum class Fallback : std::uint8_t { none, answered, queued, failed };
  figures::Wall at{};  ///< when it ended
  End end = End::success;
  FailureType type = FailureType::exception;
  Duration took{};
  Fallback fallback = Fallback::none;
};

struct Past {
  std::vector<PastCall> calls;
  CircuitHistory history;  ///< whose samples are made of `calls`
  figures::Span span;
  figures::Present present;
};

/// The same for the same seed. Some have no call, no transition, or nothing at all.
[[nodiscard]] Past random_past(std::uint64_t seed);

/// One line: the raw events, the borders of the samples, the present values, and `found` as `figures`.
void write_json(std::ostream& to, std::uint64_t seed, const Past& past, const figures::Figures& found);

}  // namespace switchgear::model
