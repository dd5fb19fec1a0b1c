// Counters striped by thread. A thread whose slot is below `owned` writes a cell of its own with plain loads and stores
// (1 ns, no shared cache line); all other threads share the last cell and pay for atomic adds. Readers sum the cells.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/thread_slot.hpp"

namespace switchgear {

/// Lifetime totals of one breaker. They never go back, whatever an operator does.
/// Once nothing is in flight: calls = successes + failures + ignored.
struct CallTotals {
  std::uint64_t calls = 0;  ///< admitted; calls that passed a disabled or metrics_only breaker unrecorded are not among them
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::array<std::uint64_t, failure_types.size()> failures_by_type{};
  std::uint64_t slow_successes = 0;
  std::uint64_t slow_failures = 0;
  std::uint64_t ignored = 0;
  std::uint64_t rejected = 0;
  std::array<std::uint64_t, rejection_reasons.size()> rejected_by_reason{};
  std::uint64_t would_reject = 0;  ///< passed only because of metrics_only
  std::uint64_t late = 0;          ///< results from an earlier generation; counted above as well
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t half_opened = 0;

  [[nodiscard]] std::uint64_t slow() const noexcept { return slow_successes + slow_failures; }
};
