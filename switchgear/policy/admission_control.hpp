// Adaptive throttling at the client: while too many calls fail, a share of the next ones is refused before it
// is sent, and the share follows the success rate.
//
// With n calls that ended in the last `window`, s of them successes:
//
//   share refused = min(max_rejection, max(0, (n − s / success_rate) / (n + 1)) ^ (1 / aggression))
//
// The idea is that of "Handling Overload" in Site Reliability Engineering (2016, ch. 21), the formula that of
// Envoy's admission control filter. As there, a refused call is not among the n: the share would otherwise
// feed on its own refusals.
//
// How it is shared. A thread books the end of a call in buckets of its own. The share is worked out anew when
// it may have changed: after a failure, after any call while calls are refused, and when a bucket leaves the
// window. One thread does so at a time, and no other waits for it: one that finds it at work leaves word in
// `news_`, and the next caller looks again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/striped/bucket_counts.hpp"
#include "switchgear/striped/tally.hpp"

namespace switchgear {

struct AdmissionControlOptions {
  /// Successes per call below which calls are refused; (0, 1]. Lower it for a dependency of which some calls
  /// fail even when it is well.
  double success_rate = 0.95;
  /// How soon the share grows as the success rate falls; 1 … 100. 1: in proportion; 2: its square root.
  double aggression = 1;
  /// How far back it looks; 1s … 1h. Shorter: refuses sooner, recovers sooner, and heeds noise more.
  Duration window = std::chrono::seconds{30};
  /// Never more than this share is refused, so that the rest finds out when the dependency is well again;
  /// (0, 1]. At 1, nothing but the window's end ends an outage.
  double max_rejection = 0.8;
  /// Below this number of calls per second, on average over the window, none is refused; 0 … 1'000'000.
  /// Raise it if a few failures in a quiet hour must not turn callers away.
  double min_per_second = 0;

  friend bool operator==(const AdmissionControlOptions&, const AdmissionControlOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const AdmissionControlOptions& options);

/// The share of calls to refuse, 0 … 1, when of `calls` that ended in the window `successes` succeeded.
/// Precondition: valid options, successes ≤ calls.
[[nodiscard]] double rejection_share(const AdmissionControlOptions& options, std::uint64_t calls,
                                     std::uint64_t successes) noexcept;

/// Since construction.
struct AdmissionControlTotals {
  std::uint64_t admitted = 0;
  std::uint64_t rejected = 0;
};

struct AdmissionControlSnapshot {
  std::uint64_t successes = 0;  ///< in the window
  std::uint64_t failures = 0;   ///< in the window
  double rejection_share = 0;   ///< of the calls that come now
  AdmissionControlTotals totals;
};

/// Refuses a share of the calls to one dependency while too many of them fail.
///
///     AdmissionControl admission{"search", {.success_rate = 0.9}, seed};
///     auto permit = admission.try_acquire(now);
///     if (!permit) return refuse(permit.rejection());
///     bool ok = search();
///     std::move(*permit).record(ok ? Verdict::success : Verdict::failure, later);
///
/// Not for: a dependency that must get no calls at all while it is down (a breaker gives it none), nor for
/// limiting calls to a known rate (a rate limiter does).
/// Ignored calls, and those whose permit is dropped, count for nothing. A result counts for as long as it is
/// surely inside the window: at least 87 % of it. Threads: every method from any thread; never blocks. While
/// nothing fails, an admitted call writes to memory of its thread alone. Lifetime: must outlive its permits.
/// Neither copied nor moved; allocates only when constructed: 1 KiB for each core, and three times that.
/// Time: a `now` earlier than the latest one seen is read as that one. Chance: the n-th draw is a function of
/// the seed and n; none is made while the share is 0.
class AdmissionControl {
 public:
  class Permit;

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  explicit AdmissionControl(std::string name, const AdmissionControlOptions& options = {},
                            std::uint64_t seed = 0);
  AdmissionControl(const AdmissionControl&) = delete;
  AdmissionControl& operator=(const AdmissionControl&) = delete;
  ~AdmissionControl() = default;

  /// Requests one call. Refuses (throttled) with the probability rejection_share(); there is no retry_after,
  /// because the next call may be admitted.
  [[nodiscard]] Result<Permit> try_acquire(TimePoint now) noexcept;

  [[nodiscard]] AdmissionControlSnapshot snapshot(TimePoint now) const noexcept;

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const AdmissionControlOptions& options() const noexcept { return options_; }

 private:
  enum Count : std::uint8_t { admitted, rejected, counts };

  static constexpr Duration::rep never = TimePoint::max().time_since_epoch().count();
  static constexpr Duration::rep at_once = TimePoint::min().time_since_epoch().count();

  void record(const Outcome& outcome, TimePoint now) noexcept;
  void look_again(TimePoint now) noexcept;
  void work_out(TimePoint now) noexcept;
  [[nodiscard]] bool drawn_for_refusal(double share) noexcept;
  void tell_rejected(TimePoint now) noexcept;

  // --- what every call reads
  std::atomic<double> share_{0};               ///< of calls that are refused
  std::atomic<Duration::rep> look_at_{never};  ///< when share_ may be out of date, by time alone
  std::atomic<bool> successes_matter_{false};  ///< one more of them may change share_
  Tally<counts> tally_;
  BucketCounts successes_;
  BucketCounts failures_;

  // --- what calls write while some fail
  alignas(64) std::atomic<std::uint64_t> drawn_{0};
  std::atomic<std::uint64_t> news_{0};  ///< results booked that share_ may not know
  std::atomic<bool> at_work_{false};    ///< a thread works the share out, and owns the three that follow
  std::uint64_t current_ = 0;           ///< the latest bucket that was seen
  std::uint64_t closed_successes_ = 0;  ///< in the buckets of the window before it
  std::uint64_t closed_failures_ = 0;

  const std::uint64_t seed_;
  const std::uint64_t buckets_;  ///< that surely lie in the window, the current, partial one among them
  const AdmissionControlOptions options_;
  const std::string name_;
  EventFanout events_;
};

/// The right to make one call. Hand it the outcome once; dropped unrecorded the call counts for nothing.
/// Move-only. May be recorded on another thread than it was acquired on.
class [[nodiscard]] AdmissionControl::Permit {
 public:
  Permit(Permit&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    admission_ = std::exchange(other.admission_, nullptr);
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() = default;

  /// Ends the call. A second record of the same permit, or of one that was moved from, does nothing.
  void record(const Outcome& outcome, TimePoint now) && noexcept {
    if (AdmissionControl* admission = std::exchange(admission_, nullptr)) admission->record(outcome, now);
  }
  void record(Verdict verdict, TimePoint now, FailureType type = FailureType::exception) && noexcept {
    std::move(*this).record(Outcome{verdict, type, Duration::zero(), std::nullopt}, now);
  }

 private:
  friend class AdmissionControl;
  explicit Permit(AdmissionControl* admission) noexcept : admission_(admission) {}

  AdmissionControl* admission_;
};

inline Result<AdmissionControl::Permit> AdmissionControl::try_acquire(TimePoint now) noexcept {
  if (ticks_of(now) >= look_at_.load(std::memory_order_relaxed)) [[unlikely]]
    look_again(now);
  const double share = share_.load(std::memory_order_relaxed);
  if (share > 0 && drawn_for_refusal(share)) [[unlikely]] {
    tally_.add(rejected);
    if (events_.wants(Interest::rejections)) [[unlikely]]
      tell_rejected(now);
    return {Reason::throttled, name_, std::nullopt};
  }
  tally_.add(admitted);
  return Permit{this};
}

}  // namespace switchgear
