// A breaker alone over the calls of a trace, many times: what a search needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "app/lab/compare/calls.hpp"
#include "app/lab/compare/outages.hpp"
#include "app/lab/compare/simulation.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::lab {

/// What one breaker did in one stretch of time. Sums.
struct Tally {
  double bad_let_through = 0;
  double good_refused = 0;
  double undetected = 0;  ///< seconds from an outage's start until the breaker was open, or until its end
  double doubtful = 0;    ///< openings in no outage

  Tally& operator+=(const Tally& other) noexcept;
};

/// The calls of a trace with the order in which they end, which is the same for every breaker.
class CourseRunner {
 public:
  /// `block`: the length of the stretches that are told apart, the first one from the first call on; those in
  /// which no call begins are left out. Borrows the calls.
  CourseRunner(const Calls& calls, Duration block);

  /// So many calls begin in the first `blocks` blocks.
  [[nodiscard]] std::size_t calls_in(std::size_t blocks) const noexcept;

  /// Plays the calls of the first `blocks` blocks, and returns a tally for each of these. Decides as
  /// Replay does. Precondition: `options` are valid.
  [[nodiscard]] std::vector<Tally> run(const CircuitBreakerOptions& options, std::uint64_t seed,
                                       Unknown unknown, std::size_t blocks);

  [[nodiscard]] std::size_t blocks() const noexcept { return blocks_.size(); }
  [[nodiscard]] Duration block() const noexcept { return block_; }
  [[nodiscard]] const std::vector<Outage>& outages() const noexcept { return outages_; }

 private:
  [[nodiscard]] std::vector<TimePoint> find_blocks() const;
  /// The last block that had begun then, where there is none at that time.
  [[nodiscard]] std::size_t block_of(TimePoint at) const noexcept;

  const Calls& calls_;
  const Duration block_;
  const Duration typical_;
  const std::vector<Outage> outages_;
  const std::vector<TimePoint> blocks_;  ///< where each begins
  std::vector<std::uint32_t> ends_;      ///< indices of calls, in the order in which they end
  std::vector<std::uint32_t> seats_;     ///< of each call: where its permit is; none: it has none
};

}  // namespace switchgear::lab
