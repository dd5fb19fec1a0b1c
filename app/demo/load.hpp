// The callers of the shop: keep-alive HTTP clients that order, or look a user up, wait a little, call again,
// and remember what they felt. Everything they report was measured at their own socket.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace switchgear::demo {

enum class Asked : std::uint8_t { orders, users };

/// One call, as its caller felt it.
struct Felt {
  std::chrono::steady_clock::time_point at;  ///< when it ended
  std::chrono::nanoseconds latency{};
  unsigned status = 0;      ///< 0: no answer at all
  bool by_breaker = false;  ///< a breaker refused, and the answer said when to come back
};

/// Some calls in numbers. Quantiles are nearest-rank, zero without calls.
struct Feeling {
  std::size_t calls = 0;
  std::chrono::nanoseconds p50{};
  std::chrono::nanoseconds p99{};
};

enum class Kind : std::uint8_t { answered, refused, failed };

/// `answered`: 2xx. `refused`: a breaker's refusal. Else `failed`.
[[nodiscard]] Kind kind_of(const Felt& felt) noexcept;

/// Threads: one thread of its own makes the calls; every method may be called from any thread.
class Load {
 public:
  /// Starts calling the gateway on loopback at `port`; the pauses between calls follow from `seed`.
  Load(std::uint16_t port, std::uint64_t seed);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();  ///< stops

  /// The calls for `what` that ended at or after `since`. Only the last few thousand are remembered.
  [[nodiscard]] std::vector<Felt> calls(Asked what, std::chrono::steady_clock::time_point since) const;

  /// Those of them that ended as `kind`.
  [[nodiscard]] Feeling feeling(Asked what, Kind kind, std::chrono::steady_clock::time_point since) const;

  /// Since the start: orders that callers were told of, and those that they asked for.
  [[nodiscard]] std::int64_t confirmed() const noexcept { return confirmed_; }
  [[nodiscard]] std::int64_t asked() const noexcept { return asked_; }

  /// Makes no more calls, and waits for none.
  void stop();

 private:
  struct Clients;

  void remember(Asked what, const Felt& felt);

  mutable std::mutex mutex_;
  std::array<std::deque<Felt>, 2> felt_;
  std::atomic<std::int64_t> confirmed_{0}, asked_{0};
  std::unique_ptr<Clients> clients_;
  std::thread thread_;
};

}  // namespace switchgear::demo
