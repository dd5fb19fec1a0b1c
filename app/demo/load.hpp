// The callers of the checkout shop: keep-alive HTTP clients that call, wait a little, call again, and
// remember what they felt. Everything they report was measured at their own socket.
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

inline constexpr std::array<const char*, 3> service_names{"payment", "inventory", "recommendation"};
inline constexpr std::size_t payment = 0;

/// One call, as its caller felt it.
struct Felt {
  std::chrono::steady_clock::time_point at;  ///< when it ended
  std::chrono::nanoseconds latency{};
  unsigned status = 0;       ///< 0: no answer at all
  bool retry_after = false;  ///< the answer said when to come back
};

/// Some calls in numbers. Quantiles are nearest-rank, zero without calls.
struct Feeling {
  std::size_t calls = 0;
  std::chrono::nanoseconds p50{};
  std::chrono::nanoseconds p99{};
};

enum class Kind : std::uint8_t { answered, refused, failed };

/// `answered`: 2xx. `refused`: 503 with Retry-After, which only the breaker's refusal carries here. Else
/// `failed`.
[[nodiscard]] Kind kind_of(const Felt& felt) noexcept;

/// Threads: one thread of its own makes the calls; every method may be called from any thread.
class Load {
 public:
  /// Starts calling the gateway on loopback at `port`; the pauses between calls follow from `seed`.
  Load(std::uint16_t port, std::uint64_t seed);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();  ///< stops

  /// The calls to `service` that ended at or after `since`. Only the last few thousand are remembered.
  [[nodiscard]] std::vector<Felt> calls(std::size_t service,
                                        std::chrono::steady_clock::time_point since) const;

  /// Those of them that ended as `kind`.
  [[nodiscard]] Feeling feeling(std::size_t service, Kind kind,
                                std::chrono::steady_clock::time_point since) const;

 private:
  struct Clients;

  void remember(std::size_t service, const Felt& felt);

  mutable std::mutex mutex_;
  std::array<std::deque<Felt>, service_names.size()> felt_;
  std::unique_ptr<Clients> clients_;
  std::thread thread_;
};

}  // namespace switchgear::demo
