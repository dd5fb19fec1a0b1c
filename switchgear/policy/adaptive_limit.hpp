// A bulkhead that finds its own size: as many calls at once as the dependency answers without queueing them.
//
// The rule is Gradient2 of Netflix's concurrency-limits (Apache-2.0, described in "Performance Under Load",
// 2018); Envoy's adaptive concurrency filter steers by the same ratio, but measures the unloaded latency in
// pauses of its own. Once in a window of samples, with
//   short = the window's mean latency, long = a slow exponential mean of the shorts:
//
//   gradient = clamp(tolerance · long / short, 0.5, 1)      1: no queue is growing there
//   limit   ← (1 − smoothing) · limit + smoothing · (gradient · limit + headroom), within min … max
//
// and not at all when fewer than half of the limit were ever in flight: then nothing was learnt about it.
// When long is more than twice short, long is what an outage left behind and forgets 5 % a window.
//
// How it is shared. The calls in flight are one atomic; a sample is one atomic addition (count and sum in one
// word). The thread that records the first call after a window's end works the rule out under `mutex_`, which
// no other call waits for.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/striped/pause.hpp"
#include "switchgear/striped/tally.hpp"

namespace switchgear {

struct AdaptiveLimitOptions {
  std::uint32_t initial = 20;  ///< calls at once before anything is known; min_limit … max_limit
  /// The limit never falls below this; 1 … 1'000'000. Enough calls for a sample in every window.
  std::uint32_t min_limit = 5;
  std::uint32_t max_limit = 1'000;  ///< the limit never rises above this; min_limit … 1'000'000
  /// How far the limit goes to its new value in one window; (0, 1]. Smaller: calmer and slower.
  double smoothing = 0.2;
  /// Latency, as a multiple of the long mean, up to which the limit is not lowered; 1 … 10. Raise it for a
  /// dependency whose calls differ much.
  double tolerance = 1.5;
  /// Calls that may queue in the dependency, which is what the limit grows by to try for more; 1 … 1'000.
  std::uint32_t headroom = 4;
  /// How long samples are gathered before the limit moves; longer than 0s.
  Duration sample_window = std::chrono::seconds{1};
  /// Samples that a window needs; with fewer it goes on. 1 … 10'000.
  std::uint32_t min_samples = 10;
  /// Windows that the long mean covers; 10 … 100'000. Longer: a lasting overload counts as normal later.
  std::uint32_t long_window = 600;

  friend bool operator==(const AdaptiveLimitOptions&, const AdaptiveLimitOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const AdaptiveLimitOptions& options);

/// Since construction.
struct AdaptiveLimitTotals {
  std::uint64_t admitted = 0;
  std::uint64_t rejected = 0;
};

struct AdaptiveLimitSnapshot {
  std::uint32_t limit = 0;
  std::uint32_t in_flight = 0;  ///< may be above the limit after that fell
  Duration short_latency{};     ///< the mean of the last window; 0: none yet
  Duration long_latency{};      ///< 0: none yet
  std::uint64_t windows = 0;    ///< after which the limit was worked out
  AdaptiveLimitTotals totals;
};

/// Limits the calls in flight to one dependency, by the latency it answers with.
///
///     AdaptiveLimit limit{"search", {.max_limit = 200}};
///     auto permit = limit.try_acquire(now);
///     if (!permit) return refuse(permit.rejection());
///     bool ok = search();
///     std::move(*permit).record(ok ? Verdict::success : Verdict::failure, later);
///
/// Not for: a number that is known (a bulkhead keeps it), queueing (it never waits), or calls whose own work
/// makes latency differ by orders of magnitude.
/// Samples: good answers (Outcome::is_good), and failures of type timeout and slow_response. Other failures,
/// answers that ask the caller to come back later and ignored calls say nothing about load, and only leave
/// the count in flight. Threads: every method from any thread; never blocks. Lifetime: must outlive its
/// permits. Neither copied nor moved; allocates only when constructed. Time: a `now` that runs backwards
/// makes a window longer.
class AdaptiveLimit {
 public:
  class Permit;

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  explicit AdaptiveLimit(std::string name, const AdaptiveLimitOptions& options = {});
  AdaptiveLimit(const AdaptiveLimit&) = delete;
  AdaptiveLimit& operator=(const AdaptiveLimit&) = delete;
  ~AdaptiveLimit() = default;

  /// Requests one call. Refuses (concurrency_limit) when as many as the limit are in flight.
  [[nodiscard]] Result<Permit> try_acquire(TimePoint now) noexcept;

  /// Calls that may be in flight at once, now.
  [[nodiscard]] std::uint32_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }

  [[nodiscard]] AdaptiveLimitSnapshot snapshot() const noexcept;

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const AdaptiveLimitOptions& options() const noexcept { return options_; }

 private:
  enum Count : std::uint8_t { admitted, rejected, counts };

  // samples_: their number (15 bits) over the sum of their latencies in units of 64 ns (49 bits). Above
  // `enough` samples no more are taken, so that neither part can overflow, whatever the number of threads.
  static constexpr int latency_shift = 6;
  static constexpr int count_shift = 49;
  static constexpr std::uint64_t one_sample = std::uint64_t{1} << count_shift;
  static constexpr std::uint64_t enough = std::uint64_t{1} << 14U;
  static constexpr Duration longest{(std::int64_t{1} << 40U) - 1};  ///< a sample; 18 min

  void record(const Outcome& outcome, TimePoint now) noexcept;
  void tell_rejected(TimePoint now) noexcept;
  void drop() noexcept { in_flight_.fetch_sub(1, std::memory_order_acq_rel); }
  void note_peak(std::uint32_t in_flight) noexcept;
  void sample(Duration latency, TimePoint now) noexcept;
  void close_window(TimePoint now) noexcept;
  void adapt_locked(double latency, std::uint32_t peak) noexcept;

  // --- what every call writes
  alignas(64) std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint64_t> samples_{0};

  // --- what every call reads
  alignas(64) std::atomic<std::uint32_t> limit_;
  std::atomic<std::uint32_t> peak_{0};  ///< most in flight in this window
  std::atomic<Duration::rep> window_end_;
  Tally<counts> tally_;

  // --- what the end of a window touches
  alignas(64) mutable std::mutex mutex_;
  double exact_limit_;
  double short_latency_ = 0;  ///< ns
  double long_latency_ = 0;   ///< ns
  std::uint64_t windows_ = 0;
  const AdaptiveLimitOptions options_;
  const std::string name_;
  EventFanout events_;
};

/// The right to make one call. Hand it the outcome once; dropped unrecorded the call is ignored. Move-only.
/// May be recorded on another thread than it was acquired on.
class [[nodiscard]] AdaptiveLimit::Permit {
 public:
  [[gnu::always_inline]] Permit(Permit&& other) noexcept
      : limit_(std::exchange(other.limit_, nullptr)), start_(other.start_) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      drop();
      limit_ = std::exchange(other.limit_, nullptr);
      start_ = other.start_;
    }
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  [[gnu::always_inline]] ~Permit() { drop(); }

  /// Ends the call. A second record of the same permit, or of one that was moved from, does nothing.
  void record(const Outcome& outcome, TimePoint now) && noexcept {
    if (AdaptiveLimit* limit = std::exchange(limit_, nullptr)) limit->record(outcome, now);
  }

  /// The same, with the latency counted from the acquire.
  void record(Verdict verdict, TimePoint now, FailureType type = FailureType::exception) && noexcept {
    std::move(*this).record(Outcome{verdict, type, saturating_sub(now, start_), std::nullopt}, now);
  }

 private:
  friend class AdaptiveLimit;
  Permit(AdaptiveLimit* limit, TimePoint start) noexcept : limit_(limit), start_(start) {}

  [[gnu::always_inline]] void drop() noexcept {
    if (limit_ != nullptr) std::exchange(limit_, nullptr)->drop();
  }

  AdaptiveLimit* limit_;
  TimePoint start_;
};

inline Result<AdaptiveLimit::Permit> AdaptiveLimit::try_acquire(TimePoint now) noexcept {
  const std::uint32_t limit = limit_.load(std::memory_order_relaxed);
  std::uint32_t seen = in_flight_.load(std::memory_order_relaxed);
  while (seen < limit) {
    if (in_flight_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
      if (seen >= peak_.load(std::memory_order_relaxed)) note_peak(seen + 1);
      tally_.add(admitted);
      return Permit{this, now};
    }
    pause_after_lost_race();
    seen = in_flight_.load(std::memory_order_relaxed);
  }
  tally_.add(rejected);
  if (events_.wants(Interest::rejections)) [[unlikely]]
    tell_rejected(now);
  // The end of another caller's call cannot be predicted.
  return {Reason::concurrency_limit, name_, std::nullopt};
}

}  // namespace switchgear
