// The callers of a scenario: they call at the rate that the file says, whether or not the calls before have
// ended, and remember what they felt.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "app/chaos/observations.hpp"
#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

struct Felt {
  std::vector<Call> calls;   ///< as they began; of those that were cut off at the end none
  std::uint64_t unsent = 0;  ///< were due while the most calls were under way
};

/// Threads: the one that made it.
class Callers {
 public:
  /// Calls `url` from `start` on, at times that follow from the scenario's seed. Throws http::Error for a URL
  /// that cannot be called.
  Callers(const Scenario& scenario, const std::string& url, std::chrono::steady_clock::time_point start);
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;
  ~Callers();

  /// Every call has been made and has ended.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Waits for that; returns all.
  Felt finish();

 private:
  struct Loop;

  std::unique_ptr<Loop> loop_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace switchgear::chaos
