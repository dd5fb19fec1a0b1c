#include "switchgear/striped/call_cells.hpp"

namespace switchgear {

static_assert(sizeof(CallCell) == 192, "the memory figures in circuit_breaker.hpp build on this");

CallTotals CallCells::totals() const noexcept {
  CallTotals sum;
  const auto read = [](const CallCell::Counter& counter) { return counter.load(std::memory_order_relaxed); };
  for (const CallCell& cell : *this) {
    // Ends are read before starts, so that a call seen to end was also seen to start.
    sum.plain_successes += read(cell.plain_successes);
    sum.slow_successes += read(cell.slow_successes);
    sum.ignored += read(cell.ignored);
    sum.late += read(cell.late);
    sum.would_reject += read(cell.would_reject);
    for (std::size_t i = 0; i < sum.failures_by_type.size(); ++i) {
      const std::uint64_t plain = read(cell.plain_failures[i]);
      const std::uint64_t slow = read(cell.slow_failures[i]);
      sum.failures_by_type[i] += plain + slow;
      sum.plain_failures += plain;
      sum.slow_failures += slow;
    }
    for (std::size_t i = 0; i < cell.rejected.size(); ++i) {
      const std::uint64_t rejected = read(cell.rejected[i]);
      sum.rejected_by_reason[i] += rejected;
      sum.rejected += rejected;
    }
  }
  sum.successes = sum.plain_successes + sum.slow_successes;
  sum.failures = sum.plain_failures + sum.slow_failures;
  for (const CallCell& cell : *this) sum.calls += read(cell.calls);
  return sum;
}

}  // namespace switchgear
