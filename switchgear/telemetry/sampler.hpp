// Which traces are recorded.
#pragma once

#include <cstdint>

#include "switchgear/telemetry/trace_context.hpp"

namespace switchgear::telemetry {

/// A trace that began elsewhere is recorded if its caller records it: otherwise traces would have holes. Of
/// those that begin here a share is, chosen by the trace's id (OpenTelemetry's consistent sampling), so that
/// every process with the same share chooses the same ones. A value; threads: any.
class Sampler {
 public:
  /// `share`: of traces that begin here, from 0 to 1; held at these ends.
  explicit constexpr Sampler(double share = 0) noexcept
      : refused_below_(share >= 1 ? 0
                       : share > 0
                           ? numbers - static_cast<std::uint64_t>(share * static_cast<double>(numbers))
                           : numbers) {}

  [[nodiscard]] constexpr bool samples(TraceId begun) const noexcept {
    return (begun.low & (numbers - 1)) >= refused_below_;
  }
  [[nodiscard]] static constexpr bool samples(const TraceContext& continued) noexcept {
    return continued.sampled();
  }

 private:
  /// Of a trace's id, the last seven bytes are random.
  static constexpr std::uint64_t numbers = std::uint64_t{1} << 56U;

  std::uint64_t refused_below_;
};

}  // namespace switchgear::telemetry
