// So many calls per second, with a burst: a token bucket, kept as one instant instead of a count.
//
// This is GCRA (the generic cell rate algorithm; ITU-T I.371, annex A): `tat`, the theoretical arrival time,
// is when the bucket would be full again. A call may go at tat − (burst − 1) · interval, and moves tat on by
// one interval, counted from now when tat is past.
//
// No drift. An interval is kept as a fraction of nanoseconds (3 per second: 1'000'000'000 / 3) and tat in
// units of the fraction's denominator, so that sums are exact: 1 ns / unit_. That takes more bits than 292
// years of nanoseconds leave free, so tat counts from a base that follows the time:
//
//   state_   tag (4 bits) · tat in units since the base of frames_[tag mod 2] (60 bits)
//
// Other options are a move to the next tag as well: its frame then has another unit, interval and slack, and
// tat is what the tokens taken so far mean in them.
//
// Invariants: 1. the frame of a tag is written, under mutex_, before the tag appears in state_; a change of
// state_ by compare-exchange therefore was decided with its own frame. 2. tat never goes back, but when the
// last token is given back. 3. tat − now ≤ burst · interval + max_wait < 2^58 units, and now − base ≤ 2^59.
// A reader of a frame that is being written for the tag after the next has a mixture, and uses nothing of it:
// state_ has changed by then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/striped/pause.hpp"
#include "switchgear/striped/tally.hpp"

namespace switchgear {

struct RateLimiterOptions {
  /// Calls per second in the long run; 1e-8 … 1e9. Read as the simplest fraction that a double can mean:
  /// 1.0 / 60 is exactly one a minute. A rate that is not a simple fraction is never exceeded by more than a
  /// double rounds off, and reached to 1 in 10 million.
  double rate = 100;
  /// Calls that may come at once after a quiet time; 1 … 1'000'000'000, or 0: `rate`, rounded up. 1: calls
  /// come one by one, an interval apart.
  std::uint32_t burst = 0;
  /// How long a caller waits for its token at most; 0s: no waiting. burst / rate + max_wait: at most five
  /// years.
  Duration max_wait{};

  /// What `burst: 0` stands for, filled in.
  [[nodiscard]] std::uint32_t burst_or_rate() const noexcept;

  friend bool operator==(const RateLimiterOptions&, const RateLimiterOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const RateLimiterOptions& options);

/// Since construction: each reserve() is in `admitted` or in `rejected`.
struct RateLimiterTotals {
  std::uint64_t admitted = 0;    ///< those that had to wait among them
  std::uint64_t delayed = 0;     ///< had to wait
  std::uint64_t rejected = 0;    ///< would have had to wait for longer than max_wait
  std::uint64_t given_back = 0;  ///< admitted, and gave the token back
};

struct RateLimiterSnapshot {
  std::uint32_t available = 0;  ///< tokens to be had at once
  Duration backlog{};           ///< how long a caller would wait now; 0 while tokens are available
  RateLimiterTotals totals;
};

/// Keeps the calls to one dependency below a rate: in every stretch of time w, at most rate · w + burst.
///
///     RateLimiter limiter{"payment", {.rate = 100, .burst = 50, .max_wait = 200ms}};
///     auto token = limiter.reserve(now);
///     if (!token) return refuse(token.rejection());                 // with the time of the next token
///     if (token->at > now && !sleep_until(token->at)) {             // cancelled while it waited
///       limiter.give_back(*token);
///       return;
///     }
///     call_payment();
///
/// Waiting is first come, first served: a token is reserved once, for an instant of its own, and no caller
/// has to be woken. Not for: limiting calls that run at once (a bulkhead does), or a rate shared by several
/// processes. Threads: every method from any thread; no lock, but for one caller every few minutes or years
/// (how often depends on the rate). Neither copied nor moved; allocates only when constructed. Time: a `now`
/// smaller than the latest seen finds no more tokens than there were then. Starts with a full bucket.
class RateLimiter {
 public:
  /// One token, reserved. A plain value: to drop it is to use it.
  struct Token {
    TimePoint at{};  ///< when the caller may go; at <= now: at once

    Token() = default;

   private:
    friend class RateLimiter;
    Token(TimePoint when, std::uint64_t before, std::uint64_t after) noexcept
        : at(when), before_(before), after_(after) {}
    std::uint64_t before_ = 0;  ///< state_ without this token
    std::uint64_t after_ = 0;   ///< state_ with it
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  explicit RateLimiter(std::string name, const RateLimiterOptions& options = {});
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Takes the next token, which may lie up to max_wait in the future, but not at or after `before`, when the
  /// caller would not wait any more. Else the rejection (rate_limited) says when it lies: a caller that comes
  /// back exactly then gets it, if no other caller did. A token for now is taken whatever `before` is.
  [[nodiscard]] Result<Token> reserve(TimePoint now, TimePoint before = TimePoint::max()) noexcept;

  /// Returns a token that was not used, once. False, and the token is spent, when others reserved after it:
  /// they know their instants already, and no two callers may get the same one. A token that was returned
  /// twice could be another's.
  bool give_back(const Token& token) noexcept;

  [[nodiscard]] RateLimiterSnapshot snapshot(TimePoint now) const noexcept;

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] RateLimiterOptions options() const;

  /// Other options from `now` on. Tokens that were taken stay taken: what is left of the burst stays, at most
  /// the new one, and where callers wait, the next token is due one interval of the new rate after the last
  /// one reserved. They keep their instants, and cannot give them back any more. Throws
  /// std::invalid_argument, and changes nothing, when the options are not valid.
  void set_options(const RateLimiterOptions& options, TimePoint now);

 private:
  enum Count : std::uint8_t { admitted, delayed, rejected, given_back, counts };

  static constexpr int tag_shift = 60;
  static constexpr std::uint64_t tat_mask = (std::uint64_t{1} << tag_shift) - 1;
  static constexpr std::int64_t most_elapsed = std::int64_t{1} << 59U;  ///< units between base and now
  [[nodiscard]] static constexpr std::uint64_t tag_of(std::uint64_t state) noexcept {
    return state >> tag_shift;
  }
  [[nodiscard]] static constexpr std::int64_t tat_of(std::uint64_t state) noexcept {
    return static_cast<std::int64_t>(state & tat_mask);
  }

  /// What options come to.
  struct Measure {
    std::int64_t unit = 1;      ///< units in a nanosecond
    std::int64_t interval = 1;  ///< units
    std::int64_t slack = 0;     ///< (burst − 1) · interval
    Duration::rep most_behind;  ///< most_elapsed in ns: at a later `now`, the base must follow
    std::uint64_t reciprocal;   ///< with its shift: division by unit, which would cost more than all the rest
    std::int64_t reciprocal_shift;
    Duration::rep max_wait;

    [[nodiscard]] std::int64_t burst() const noexcept { return slack + interval; }  ///< of tokens, in units
  };
  /// `room` is how far tat may be ahead because of earlier options.
  [[nodiscard]] static Measure measure_of(const RateLimiterOptions& options, Duration room);

  /// What state_ counts in while it has one tag. Stored with release and loaded with acquire, so that a
  /// reader that has seen a part of a later frame does not find the earlier state again.
  struct alignas(64) Frame {
    std::atomic<Duration::rep> base, most_behind, max_wait;
    std::atomic<std::int64_t> unit, interval, slack, reciprocal_shift;
    std::atomic<std::uint64_t> reciprocal;

    void fill(Duration::rep from, const Measure& measure) noexcept;
  };
  [[nodiscard]] const Frame& frame_of(std::uint64_t state) const noexcept {
    return frames_[tag_of(state) & 1U];
  }

  /// What state_ means at one moment, in units since its base.
  struct View {
    std::uint64_t state;
    Duration::rep base;
    Duration::rep behind;       ///< from base to now, in ns
    Duration::rep most_behind;  ///< Measure's
    std::int64_t elapsed;  ///< as behind, in units, never negative; meaningless when the base must follow
    std::int64_t tat;      ///< never before now
    std::int64_t interval, slack;  ///< Measure's

    /// `state` with one token less.
    [[nodiscard]] std::uint64_t after() const noexcept {
      return (state & ~tat_mask) | static_cast<std::uint64_t>(tat + interval);
    }
  };
  [[nodiscard]] View view(TimePoint now) const noexcept {
    const std::uint64_t state = state_.load(std::memory_order_acquire);
    const Frame& frame = frame_of(state);
    const Duration::rep base = frame.base.load(std::memory_order_acquire);
    const Duration::rep most_behind = frame.most_behind.load(std::memory_order_acquire);
    const Duration::rep behind = saturating_sub(now, time_of(base)).count();
    // Unsigned: a mixture of two frames may overflow.
    const auto units =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(behind) *
                                  static_cast<std::uint64_t>(frame.unit.load(std::memory_order_acquire)));
    // Unsigned: one comparison for both ends.
    const bool within = static_cast<std::uint64_t>(behind) <= static_cast<std::uint64_t>(most_behind);
    const std::int64_t elapsed = within ? units : 0;
    return {state,
            base,
            behind,
            most_behind,
            elapsed,
            tat_of(state) > elapsed ? tat_of(state) : elapsed,
            frame.interval.load(std::memory_order_acquire),
            frame.slack.load(std::memory_order_acquire)};
  }
  [[nodiscard]] bool try_change(const View& seen, std::uint64_t to) noexcept {
    std::uint64_t expected = seen.state;
    return state_.compare_exchange_strong(expected, to, std::memory_order_acq_rel, std::memory_order_relaxed);
  }
  Result<Token> reserve_slow(TimePoint now, TimePoint before) noexcept;
  /// Lets the base follow the time, unless another thread already did.
  void rebase(TimePoint now) noexcept;
  /// From `now`, or the base if that is later, to the instant of the last token reserved; rounded up.
  [[nodiscard]] Duration backlog_locked(TimePoint now) const noexcept;
  /// Moves on to the next tag, whose frame begins at `now` and has `measure`.
  void move_locked(TimePoint now, const Measure& measure) noexcept;
  [[nodiscard]] static std::int64_t carried(std::int64_t ahead, const Measure& from,
                                            const Measure& to) noexcept;
  /// The first whole nanosecond at or after `due` units.
  [[nodiscard]] static TimePoint instant(const Frame& frame, std::int64_t due) noexcept;

  // --- what every call writes
  alignas(64) std::atomic<std::uint64_t> state_{0};

  // --- what every call reads, on cache lines that other threads seldom write
  std::array<Frame, 2> frames_;
  alignas(64) Tally<counts> tally_;
  const std::string name_;

  // --- the rest
  alignas(64) mutable std::mutex mutex_;  ///< over the two that follow, and all moves to another tag
  RateLimiterOptions options_;
  Measure measure_;  ///< of the latest frame
  EventFanout events_;
};

inline Result<RateLimiter::Token> RateLimiter::reserve(TimePoint now, TimePoint before) noexcept {
  const View seen = view(now);
  if (seen.tat - seen.slack <= seen.elapsed && seen.behind <= seen.most_behind) [[likely]] {
    const std::uint64_t after = seen.after();
    if (try_change(seen, after)) [[likely]] {
      tally_.add(admitted);
      return Token{now, seen.state, after};
    }
    pause_after_lost_race();
  }
  return reserve_slow(now, before);
}

}  // namespace switchgear
