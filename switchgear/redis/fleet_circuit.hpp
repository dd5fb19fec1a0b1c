// One circuit of a fleet as one member has it: what it would tell the store, what the store said, and what
// that means for the member's own breaker. No I/O: time, replies and chance come in as arguments.
//
//   F1  The breaker's calls look at the breaker alone; nothing here is on their path.
//   F2  A view whose epoch is below the highest one seen is ignored, whatever its incarnation.
//   F3  Advice ends `fresh` after the command was sent whose reply it came from: that calls be refused, and
//   that the probes of an own opening be held back. The latter ends earlier, by a part of its own for each
//   member, so that members that lose the store do not probe in one instant.
//   F4  A new incarnation is no news: neither a closing nor an opening. Advice from before it runs out.
//   F5  A lease is counted from when it was asked for, so it is over here before it is over in the store.
//   F6  A member whose own calls show the dependency to work is never refused for the fleet.
//   F7  An operator's command ends at its `until` here, whether the store is there or not. While it lasts,
//   only a later one replaces it; once it is over, whatever the store has counts. A breaker that it has
//   forced open goes back to what the last command to this member alone made of it.
//   F8  No opening is believed to last longer than the breaker's own policy allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/redis/fleet_options.hpp"
#include "switchgear/redis/fleet_view.hpp"

namespace switchgear::redis {

/// What a member tells of its own calls.
struct FleetReport {
  FleetVote vote = FleetVote::abstains;
  std::uint64_t calls = 0, failures = 0;
  bool dissents = false;  ///< its own calls show the dependency to work

  friend bool operator==(const FleetReport&, const FleetReport&) = default;
};

/// What an operator has said of the whole fleet.
struct FleetCommand {
  std::uint64_t epoch = 0;  ///< 0: the store has not heard of it yet, if there is one
  bool open = false;        ///< force_open; false: release
  TimePoint until{};
  std::string by;
  // Of one that was given here:
  TimePoint given{};
  std::uint64_t base = 0;   ///< the highest epoch of a command that this member had seen
  std::uint64_t order = 0;  ///< which one of this member's
  bool told = false;        ///< the store has it, or a later one, which the next view shows
};

/// What a circuit takes along into a fleet that follows this one in the same process.
struct FleetCircuitMemory {
  std::uint64_t epoch = 0;
  std::optional<FleetCommand> command;
  std::uint64_t command_epoch = 0;
  const CircuitBreaker* breaker = nullptr;  ///< never looked into
  bool forces = false;
  bool command_followed = false;
};

/// The store's clock as a member reckons it from the last view: never ahead, and at most `within` behind.
struct FleetClock {
  std::chrono::milliseconds now{}, within{};
};

/// The right to probe for all.
struct FleetLease {
  enum class Result : std::uint8_t { none, ok, failed, unused };

  std::string incarnation;
  std::uint64_t epoch = 0;
  std::uint64_t fence = 0;
  TimePoint from{}, until{}, asked{};
  std::uint64_t generation = 0;  ///< of the breaker's half-open period
  bool begun = false;            ///< it has made a probe
  bool probing = false;          ///< one is under way
  Result result = Result::none;
};

/// Threads: one at a time.
class FleetCircuit {
 public:
  /// `options` must outlive it.
  FleetCircuit(const FleetOptions& options, std::uint64_t seed, FleetCircuitMemory memory = {});

  /// Looks at the breaker, and does to it what is due.
  void look(CircuitBreaker& breaker, TimePoint now);
  /// Takes back what the breaker was told.
  void leave(CircuitBreaker& breaker, TimePoint now);
  /// Takes the advice back, but leaves what an operator has forced to the fleet that follows.
  [[nodiscard]] FleetCircuitMemory hand_over(CircuitBreaker& breaker);

  // --- What should go to the store now.
  [[nodiscard]] bool wants_vote(TimePoint now) const noexcept;
  [[nodiscard]] bool wants_probe(TimePoint now) const noexcept;
  /// Whether it waits for a call to probe with, and so asks for the lease again: a probe that hangs does not.
  [[nodiscard]] bool wants_to_keep_lease(TimePoint now) const noexcept;
  /// Until its next probe, as it would tell the store: see fleet_scripts::acquire_probe().
  [[nodiscard]] Duration probe_gap(TimePoint now) const noexcept;
  [[nodiscard]] bool wants_result() const noexcept {
    return lease_ && lease_->result != FleetLease::Result::none;
  }
  /// It goes out while the view is fresh: after a loss of the store, only when the first view has come,
  /// because the store that is back may have another clock.
  [[nodiscard]] bool wants_command(TimePoint now) const noexcept;
  [[nodiscard]] bool wants_anything(TimePoint now) const noexcept {
    return wants_vote(now) || wants_result() || wants_command(now) || wants_probe(now) ||
           wants_to_keep_lease(now);
  }
  /// Whether it should be looked at between two reports.
  [[nodiscard]] bool busy(TimePoint now) const noexcept;

  /// A vote goes out: with the number returned.
  std::uint64_t vote_sent(TimePoint now) noexcept;

  // --- What came back for something that was sent at `sent`.
  void on_view(const FleetView& view, TimePoint sent, TimePoint now);
  void on_lease(std::uint64_t fence, Duration length, TimePoint sent, CircuitBreaker& breaker, TimePoint now);
  void on_no_lease(TimePoint now);  ///< also: another member has taken it
  void vote_lost() noexcept { sent_at_ = TimePoint::min(); }
  /// The store has had the result, whether it counted or not.
  void result_told() noexcept {
    if (wants_result()) lease_.reset();
  }
  /// The store has had the command of that order; what it then has comes with on_view().
  void command_told(std::uint64_t order) noexcept;

  /// An operator's command on this member: effective here with the next look().
  void command(bool open, TimePoint until, std::string by, TimePoint now);

  // --- To show, and to send.
  [[nodiscard]] const FleetReport& report() const noexcept { return report_; }
  [[nodiscard]] const std::optional<FleetLease>& lease() const noexcept { return lease_; }
  [[nodiscard]] const std::optional<FleetCommand>& command() const noexcept { return command_; }
  [[nodiscard]] const std::string& incarnation() const noexcept { return view_.incarnation; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] const FleetView& view() const noexcept { return view_; }  ///< the last that counted
  [[nodiscard]] FleetClock store_clock(TimePoint now) const noexcept;
  [[nodiscard]] bool fresh(TimePoint now) const noexcept { return now < fresh_until_; }
  [[nodiscard]] bool fleet_open(TimePoint now) const noexcept {
    return view_.open && now < open_fresh_until_;
  }
  [[nodiscard]] TimePoint open_until() const noexcept { return open_until_; }
  [[nodiscard]] bool forced(TimePoint now) const noexcept {
    return command_ && command_->open && now < command_->until;
  }

 private:
  void take_stock(const CircuitBreaker& breaker, const BreakerSnapshot& seen, TimePoint now);
  void note_arrival(TimePoint now) noexcept;
  [[nodiscard]] FleetReport report_on(const CircuitBreaker& breaker, const BreakerSnapshot& seen,
                                      TimePoint now) const;
  void follow_command(CircuitBreaker& breaker, TimePoint now);
  void follow_lease(const BreakerSnapshot& seen, TimePoint now);
  void follow_recovery(CircuitBreaker& breaker, TimePoint now);
  void advise(CircuitBreaker& breaker, TimePoint now);
  void adopt_command(const FleetView& view, TimePoint sent, TimePoint now);
  [[nodiscard]] bool held_by_another(TimePoint now) const noexcept;
  [[nodiscard]] Duration upto(Duration most) { return uniform_between(random_, Duration::zero(), most); }

  const FleetOptions& options_;
  Random random_;

  // The member's own calls.
  const CircuitBreaker* looked_at_ = nullptr;
  Duration open_duration_{}, longest_{}, ramp_{};
  std::uint64_t calls_seen_ = 0, refusals_seen_ = 0;
  std::optional<TimePoint> last_call_, last_refusal_, last_arrival_;
  std::optional<Duration> gap_;  ///< between looks that found new calls, refused or not: on average
  bool has_opened_ = false;      ///< and has not closed since
  FleetReport report_;

  // What the store has been told.
  std::uint64_t seq_ = 0;
  FleetReport sent_;
  TimePoint sent_at_ = TimePoint::min();

  // What it has said.
  FleetView view_;
  TimePoint view_sent_{}, view_came_{};
  std::uint64_t epoch_ = 0;                        ///< the highest seen
  TimePoint open_fresh_until_ = TimePoint::min();  ///< as fresh_until_, of views that said open
  TimePoint moved_at_ = TimePoint::min();          ///< the epoch was seen first
  TimePoint fresh_until_ = TimePoint::min(), open_until_ = TimePoint::min(), bid_at_ = TimePoint::min();
  TimePoint probed_until_ = TimePoint::min();  ///< by the lease that the view shows
  Duration spread_{};
  FleetAdvice advice_;
  std::optional<FleetLease> lease_;
  std::optional<TimePoint> recover_at_;
  bool led_recovery_ = false;  ///< this member's probes closed the fleet

  std::optional<FleetCommand> command_;
  std::uint64_t command_epoch_ = 0;  ///< the highest seen
  std::uint64_t commands_given_ = 0;
  bool store_forgot_command_ = false;
  TimePoint put_back_at_ = TimePoint::min();
  const CircuitBreaker* remembered_ = nullptr;  ///< the one that the next two speak of, before the first look
  bool forces_ = false;                         ///< it has forced the breaker open, and not released it
  bool command_followed_ = false;
};

}  // namespace switchgear::redis
