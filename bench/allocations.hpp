// bench/: what a decision costs, beside the machine's own floor in the same run. Needs Google Benchmark;
// never part of the tests.
//
// Counts the allocations of the calling thread, so that a benchmark can show that there are none.
#pragma once

#include <cstdint>

namespace switchgear::bench {
[[nodiscard]] std::uint64_t allocations_of_this_thread() noexcept;
}
