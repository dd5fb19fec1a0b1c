// One circuit breaker: a sans-I/O state machine shared by any number of threads.
//
//   closed ──a trip rule holds──▶ open ──open_duration over, next acquire──▶ half_open ──recovered──▶ closed
//                                  ▲                                            │
//                                  └──────────────────relapsed──────────────────┘
//
// A health check may open it, and end an opening, before calls do. A fleet of processes may advise it. A
// multi-level breaker may go one level up (breaker_levels.hpp) in open_locked(), so with every opening.
//
// | from      | to          | where                                                                  |
// |-----------|-------------|------------------------------------------------------------------------|
// | closed    | open        | trip(), when trip_rules.hpp names a rule that holds; on_check();        |
// |           |             | end_step_locked(), when a controlled ramp fails at its smallest share   |
// | open      | half_open   | try_probe() at or after the end; settle() when probe_automatically;     |
// |           |             | on_check()                                                             |
// | closed,   | half_open   | probe_for_fleet()                                                      |
// | open      |             |                                                                        |
// | half_open | open        | try_record_probe() (a probe failed) or settle() (one has hung)         |
// | half_open | closed      | try_record_probe()                                                     |
// | closed    | closed      | descend_locked(): a multi-level breaker comes down one level           |
// | any       | any         | command(): reset, force_open, force_close, disable, metrics_only       |
// | any       | forced_open | force_for_fleet(), and back by release_for_fleet()                     |
// | any       | any         | restore(): what another breaker, or this one, was saved as             |
//
// How it is shared. `word_` holds state, flags and generation in one atomic: a reader sees all three of one
// moment. A thread counts in a cell of its own (call_cells.hpp); what the trip rules use is in `evidence_`,
// which keeps its own invariants (evidence.hpp); what only transitions touch is behind `mutex_`, which no
// call takes while the breaker is closed, nor when it is refused by an open one; during a controlled ramp a
// record takes it, as a probe's does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/core/command.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/adaptation.hpp"
#include "switchgear/policy/breaker_levels.hpp"
#include "switchgear/policy/breaker_snapshot.hpp"
#include "switchgear/policy/breaker_word.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/evidence.hpp"
#include "switchgear/policy/fleet_advice.hpp"
#include "switchgear/policy/health_rows.hpp"
#include "switchgear/policy/probe_round.hpp"
#include "switchgear/policy/ramp.hpp"
#include "switchgear/policy/ramp_controller.hpp"
#include "switchgear/policy/saved_breaker.hpp"
#include "switchgear/striped/call_cells.hpp"
#include "switchgear/striped/call_starts.hpp"

namespace switchgear {

/// Whether a breaker's sink hears of every call that ends, or only of transitions and rejections.
enum class CallEvents : std::uint8_t { off, on };

/// What a breaker gets besides its options. All of it is borrowed or copied; nothing is read from the
/// environment.
struct BreakerContext {
  EventSink* sink = nullptr;  ///< must outlive the breaker
  std::uint64_t seed = 0;     ///< for jitter
  WallAnchor anchor{};        ///< puts dates on events
  TimePoint created{};        ///< start of the first `closed` period
  CallEvents call_events = CallEvents::off;
};

/// Guards the calls to one dependency.
///
///     CircuitBreaker breaker{"payment", options};
///     auto permit = breaker.try_acquire(steady_clock::now());
///     if (!permit) return refuse(permit.rejection());                    // which policy, why, until when
///     bool ok = call_payment();
///     auto now = steady_clock::now();
///     std::move(*permit).record(ok ? Verdict::success : Verdict::failure, now);
///
/// Not for: local work (files, SQLite), limiting load (a bulkhead does), or waiting (it never waits).
/// Threads: every method from any thread. Lifetime: must outlive its permits. Neither copied nor moved.
/// Allocates only when constructed. Memory: see memory_bytes(); with the default count window of 100 at most
/// 2 KiB. Time: a `now` smaller than the latest this thread showed to this breaker is read as that latest.
class CircuitBreaker {
 public:
  class Permit;

  /// Throws std::invalid_argument naming every problem when `options` are not valid (see validate()).
  CircuitBreaker(std::string name, const CircuitBreakerOptions& options, const BreakerContext& context = {});
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  /// Requests one call. Returns a permit, or the rejection that says why and when to come back. Never blocks
  /// on a closed or an open breaker, never allocates.
  [[nodiscard]] Result<Permit> try_acquire(TimePoint now) noexcept;

  /// A permit for a call that is under way already, in place of the probe's that it gave back when it was set
  /// aside: as a probe if the breaker wants one, as a call of the window if the breaker has closed meanwhile.
  /// Else one that records nothing: the call goes on in any case. Takes a mutex.
  [[nodiscard]] Permit rejoin(TimePoint now) noexcept;

  /// Makes happen what is due by itself: a probe that has been out for `max_wait` has failed, and, with
  /// `probe_automatically`, an opening that is over becomes half-open; the step of a controlled ramp ends; a
  /// multi-level breaker that has been calm comes down.
  /// Calling it late, often or never harms nothing: every other call does the same, and a transition carries
  /// the instant it was due. While nothing is due by itself, now or later, it does nothing at all: polling
  /// does not count as use and does not advance the breaker's clock. While something is due later, `now`
  /// counts as shown by this thread.
  void advance(TimePoint now) noexcept;

  /// When advance() has something to do next; empty when nothing is due by itself. Transitions and probes
  /// change it.
  [[nodiscard]] std::optional<TimePoint> next_due() const noexcept;

  /// An active health check of the dependency has come to its answer. `rows.unhealthy` bad ones in a row open
  /// a closed breaker; `rows.healthy` good ones in a row end an opening, into half-open: only calls can close
  /// it. A row begins anew with every transition and command. In the other states an answer changes nothing.
  /// A check is not a call: it is in no window and in no total. Takes a mutex. Threads: any; what is told at
  /// the same time by several threads counts in some order.
  void on_check(CheckAnswer answer, const HealthRows& rows, TimePoint now) noexcept;

  /// What the other processes have found. It changes no state and no window: while the breaker is closed, or
  /// has come to its probes, a call that the advice refuses gets Reason::fleet_open. It ends by itself, at
  /// its own instants. Every call of this replaces the advice before. Takes a mutex; the first one allocates.
  void advise(const FleetAdvice& advice);

  /// The fleet lets this process probe, or has recovered: ends the advice, and an opening, into half-open. A
  /// closed breaker becomes half-open only from `Probing::also_closed`, to probe in place of the others.
  /// False if nothing changed. Takes a mutex.
  bool probe_for_fleet(Probing which, TimePoint now) noexcept;

  /// An operator has forced the circuit open in all processes: as Command::force_open. It is the fleet's, so
  /// save() gives, and restore() changes, only what the breaker goes back to when it ends. False, and nothing
  /// changes, if the breaker is forced open already. Takes a mutex; may allocate.
  bool force_for_fleet(TimePoint now);

  /// That is over: back to what the last command to this breaker alone made of it. Does nothing if a command
  /// has come since. Takes a mutex.
  void release_for_fleet(TimePoint now) noexcept;

  /// An operator's command, effective for the next acquire. Permits handed out before become late.
  void command(Command command, TimePoint now) noexcept;

  /// What restore() needs to go on where this breaker stands. `clocks` are readings of both clocks, made at
  /// the same time: {SteadyTime::now(), std::chrono::system_clock::now()}. Changes nothing. Takes a mutex.
  [[nodiscard]] SavedBreaker save(const WallAnchor& clocks) const;

  /// Puts the breaker where `saved` was, an opening with its relapses and the rest of its time. One that is
  /// over by now, or was half-open, comes back as open and due to probe. No opening ends later after its
  /// start than this breaker's own options allow, whatever the wall clock has done meanwhile. As a command: a
  /// new generation, an empty window; what changes the state is a transition with Rule::restored. The name in
  /// `saved` is not looked at. What a fleet has forced open stays so: see force_for_fleet().
  void restore(const SavedBreaker& saved, const WallAnchor& clocks) noexcept;

  /// Whether the sink's on_call() is called for every call that ends from here on. While off, it costs a call
  /// nothing; while on, every call takes the slow path and calls the sink. Takes a mutex.
  void tell_calls(CallEvents events) noexcept;

  /// A view of everything; see BreakerSnapshot. Changes nothing, not even what is due. Takes the locks of a
  /// transition and, for a moment, of calls that failed, were slow or are high; other calls go on.
  [[nodiscard]] BreakerSnapshot snapshot(TimePoint now) const noexcept;

  /// The state alone; one atomic load.
  [[nodiscard]] State state() const noexcept { return word().state(); }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const CircuitBreakerOptions& options() const noexcept { return options_; }
  /// What is in force at a level; its options when it has no levels.
  [[nodiscard]] const CircuitBreakerOptions& options_at(BreakerLevel level) const noexcept {
    return levels() ? levels()->in_force(level) : options_;
  }

  /// Whether only an old window would be lost with this breaker: it is closed, at its first level, under no
  /// operator's mode, not ramping, has nothing in flight, and no thread has used it after `at`. A controlled
  /// ramp that has not been used for its `duration` by then is not in the way. Takes a mutex. Exact when no
  /// call is going on; O(threads), because last use is read from where the calls have left it anyway.
  [[nodiscard]] bool idle_since(TimePoint at) const noexcept;

  /// The latest time a caller, an operator, a health check or advance() has shown, or when the state was
  /// entered if that is later. Taking a snapshot does not count as use. O(threads).
  [[nodiscard]] TimePoint last_used() const noexcept;

  /// This object and everything it owns, in bytes.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class CircuitBreakerTestPeer;

  /// FleetAdvice, and the calls that it refused; and, behind the mutex, what else is the fleet's.
  struct Advised {
    std::atomic<Duration::rep> refuse_until{0};
    std::atomic<Duration::rep> hold_until{0};
    std::atomic<std::uint64_t> refused{0};
    std::optional<std::uint64_t> forced;   ///< the generation in which it was forced open
    std::optional<std::uint64_t> probing;  ///< and that in which it probed for others, from closed
    Command goes_back_to = Command::reset;
  };
  enum class CommandOf : std::uint8_t { operator_here, fleet };

  [[nodiscard]] BreakerWord word(std::memory_order order = std::memory_order_acquire) const noexcept {
    return BreakerWord{word_.load(order)};
  }

  // The call's path. Everything here is inline for the closed state; *_slow handle all states.
  Result<Permit> try_acquire_slow(CallCell& cell, TimePoint now) noexcept;
  void record(BreakerEra era, std::uint32_t slot, const Outcome& outcome, TimePoint now) noexcept;
  void drop(BreakerEra era, std::uint32_t slot) noexcept;
  void record_slow(CallCell& cell, BreakerEra era, std::uint32_t slot, const Outcome& outcome,
                   TimePoint now) noexcept;
  void book(CallCell& cell, BreakerEra era, std::uint32_t slot, const Outcome& outcome, Duration latency,
            TimePoint now) noexcept;
  [[nodiscard]] bool try_record_plain_success(CallCell& cell, BreakerEra era, Duration latency,
                                              TimePoint now) noexcept;
  Result<Permit> refuse(CallCell& cell, BreakerWord word, Reason reason, std::optional<Duration> retry_after,
                        TimePoint now) noexcept;
  /// For how long the fleet's advice refuses a call in this state; empty: it does not.
  [[nodiscard]] std::optional<Duration> advised_wait(BreakerWord word, TimePoint now) const noexcept;
  [[nodiscard]] std::optional<Result<Permit>> try_admit_closed(CallCell& cell, BreakerWord word,
                                                               TimePoint now) noexcept;
  [[nodiscard]] std::optional<Result<Permit>> try_probe(CallCell& cell, TimePoint now) noexcept;

  /// False when the closed period ended before this call did.
  [[nodiscard]] bool book_closed(CallCell& cell, BreakerEra era, const Outcome& outcome, Duration latency,
                                 TimePoint now) noexcept;
  /// The same in a controlled ramp; empty when that is over, and nothing was booked.
  [[nodiscard]] std::optional<bool> try_book_in_step(BreakerEra era, const CallMarks& marks,
                                                     const std::optional<Duration>& server_wait,
                                                     TimePoint now) noexcept;
  /// False when the half-open period was decided, or this probe given up, before it came back.
  [[nodiscard]] bool try_record_probe(BreakerEra era, ProbeRound::Number probe, const Outcome& outcome,
                                      bool slow, TimePoint now) noexcept;
  void record_late(CallCell& cell, const Outcome& outcome, TimePoint now) noexcept;
  void take_sample(const Outcome& outcome, Duration latency, TimePoint now) noexcept;
  [[nodiscard]] std::optional<TrippedRule> stuck_rule(BreakerEra era, TimePoint now) noexcept;
  void trip(BreakerEra era, const TrippedRule& tripped, std::optional<Duration> server_wait,
            TimePoint now) noexcept;
  [[nodiscard]] bool is_slow(Duration latency) const noexcept { return latency > slow_above_; }
  /// By the thresholds of the level that `word` shows.
  [[nodiscard]] bool is_slow(BreakerWord word, Duration latency) const noexcept {
    if (word.has(BreakerWord::raised)) [[unlikely]]
      return latency > levels()->slow_above(*word.level());
    return is_slow(latency);
  }
  [[nodiscard]] bool is_high(BreakerWord word, Duration latency) const noexcept {
    if (word.has(BreakerWord::raised)) [[unlikely]]
      return latency >= levels()->high_from(*word.level());
    return latency >= high_from_;
  }

  // Transitions. Each *_locked needs mutex_ and returns the event to send once it is released.
  void settle(TimePoint now) noexcept {
    if (ticks_of(now) >= due_.load(std::memory_order_acquire)) make_due_transitions(now);
  }
  void make_due_transitions(TimePoint now) noexcept;
  [[nodiscard]] Transition open_locked(TimePoint at, const TrippedRule& why,
                                       const std::optional<Duration>& server_wait) noexcept;
  [[nodiscard]] Transition half_open_locked(TimePoint at) noexcept;
  [[nodiscard]] Transition half_open_locked(TimePoint at, const TrippedRule& why) noexcept;
  [[nodiscard]] Transition close_locked(TimePoint at, double value) noexcept;
  /// The step of a controlled ramp ends. Returns a transition if that opens the breaker.
  [[nodiscard]] std::optional<Transition> end_step_locked(TimePoint at,
                                                          const std::optional<Duration>& server_wait,
                                                          RampDecision& made) noexcept;
  /// The breaker opens: one level up if what makes it open says so.
  [[nodiscard]] std::optional<LevelChange> escalate_locked(TimePoint at, const TrippedRule& why) noexcept;
  /// One level down, from closed to closed.
  [[nodiscard]] LevelChange descend_locked(TimePoint at) noexcept;
  /// Closed, at `at`: sets due_ to the end of the level's calm, if it is a raised one. The end of a
  /// controlled ramp calls it, because such a ramp has a due_ of its own.
  void await_calm_locked(TimePoint at) noexcept;
  [[nodiscard]] std::optional<LevelFigures> level_figures_locked(BreakerWord word) const noexcept;
  [[nodiscard]] std::uint64_t ramp_flags() const noexcept {
    if (!options_.ramp) return 0;
    return BreakerWord::ramping | (controller() ? BreakerWord::controlled : 0);
  }
  enum class Window : std::uint8_t { keep, empty };
  [[nodiscard]] Transition enter_locked(State to, std::uint64_t flags, Window window, TimePoint at,
                                        const TrippedRule& why) noexcept {
    return enter_locked(to, flags, window, at, at, why);
  }
  [[nodiscard]] Transition enter_locked(State to, std::uint64_t flags, Window window, TimePoint at,
                                        TimePoint since, const TrippedRule& why) noexcept;
  void start_window_locked(std::uint64_t generation, TimePoint at) noexcept;
  /// False: it is the fleet's, and has nothing to change.
  bool obey(CommandOf whose, Command command, TimePoint now) noexcept;
  [[nodiscard]] bool forced_by_fleet_locked(BreakerWord word) const noexcept {
    return advised_ && word.state() == State::forced_open && advised_->forced == word.generation();
  }
  [[nodiscard]] Duration open_for_locked() noexcept;
  /// Of an opening, from its start; jitter included.
  [[nodiscard]] Duration longest_opening() const noexcept;
  [[nodiscard]] bool ramps_at(BreakerWord word, TimePoint now) const noexcept {
    const TimePoint since = time_of(since_.load(std::memory_order_relaxed));
    return word.has(BreakerWord::ramping) &&
           (word.has(BreakerWord::controlled) || saturating_sub(now, since) < options_.ramp->duration);
  }
  /// When a probe is given up is the only thing that is due in half-open.
  void look_again_locked() noexcept {
    due_.store(ticks_of(round_.next_given_up()), std::memory_order_release);
  }
  [[nodiscard]] WindowSnapshot window_at_locked(TimePoint now) const noexcept;
  [[nodiscard]] std::optional<LastFailure> last_failure() const noexcept;
  void send(const Transition& transition) noexcept;
  void send_call(const Outcome& outcome, Duration latency, TimePoint now) noexcept;
  void send_adapted(const std::optional<AdaptedFigures>& changed, TimePoint now) noexcept;
  void send_ramp(const RampDecision& made, TimePoint at) noexcept;
  void send_level(const LevelChange& change, State state, std::uint64_t generation) noexcept;
  void send_rejection(State state, Reason reason, std::optional<Duration> retry_after, TimePoint now,
                      std::optional<BreakerLevel> level = std::nullopt) noexcept;

  /// What only breakers of a higher kind have.
  struct Higher {
    std::unique_ptr<Adaptation> adaptation;
    std::unique_ptr<RampController> controller;
    std::unique_ptr<BreakerLevels> levels;
  };
  [[nodiscard]] static std::unique_ptr<Higher> higher_parts(const CircuitBreakerOptions& options,
                                                            TimePoint created);
  /// Null: it is not adaptive; a ramp grows by time alone; it has no levels.
  [[nodiscard]] Adaptation* adaptation() const noexcept {
    return higher_ ? higher_->adaptation.get() : nullptr;
  }
  [[nodiscard]] RampController* controller() const noexcept {
    return higher_ ? higher_->controller.get() : nullptr;
  }
  [[nodiscard]] BreakerLevels* levels() const noexcept { return higher_ ? higher_->levels.get() : nullptr; }

  static constexpr Duration::rep nothing_due = TimePoint::max().time_since_epoch().count();

  // --- Read by every call, written by transitions only. First in the object: offsets below 128 make shorter
  // code, which is worth 5 to 10 % of a call.
  alignas(64) std::atomic<std::uint64_t> word_;
  std::atomic<Duration::rep> due_;    ///< when settle() has something to do
  std::atomic<Duration::rep> until_;  ///< end of the opening; of use while word_ says open
  Duration slow_above_;               ///< Duration::max() without a slow_call rule
  Duration high_from_;                ///< Duration::max() without a latency rule
  EventSink* const sink_;
  CallCells cells_;

  const std::string name_;
  const CircuitBreakerOptions options_;
  const std::unique_ptr<Higher> higher_;  ///< null: a plain breaker
  /// Made by the first advice; calls look at it only when they see BreakerWord::advised, which comes after.
  std::unique_ptr<Advised> advised_;
  [[no_unique_address]] Evidence evidence_;  // so that checks_ takes no room of its own
  CheckRow checks_;

  // --- the rest
  std::unique_ptr<CallStarts> starts_;
  std::atomic<Duration::rep> since_;
  mutable std::mutex mutex_;
  Random random_;
  Duration time_open_{};
  TimePoint opened_at_{};
  std::uint32_t relapses_ = 0;
  Ramp ramp_;
  ProbeRound round_;
  const WallAnchor anchor_;
  std::uint64_t opened_ = 0, closed_ = 0, half_opened_ = 0;
};

/// The right to make one call. Hand it its verdict once; dropped unrecorded it counts as `ignored` and gives
/// its slot back. Move-only. Threads: one at a time, but it may be recorded on another thread than it was
/// acquired on.
class [[nodiscard]] CircuitBreaker::Permit {
 public:
  [[gnu::always_inline]] Permit(Permit&& other) noexcept
      : breaker_(std::exchange(other.breaker_, nullptr)),
        era_(other.era_),
        start_(other.start_),
        slot_(other.slot_) {}
  Permit& operator=(Permit&& other) noexcept {
    if (this != &other) {
      drop();
      breaker_ = std::exchange(other.breaker_, nullptr);
      era_ = other.era_;
      start_ = other.start_;
      slot_ = other.slot_;
    }
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  [[gnu::always_inline]] ~Permit() { drop(); }

  /// Ends the call. A second record of the same permit, or of one that was moved from, does nothing.
  [[gnu::always_inline]] void record(const Outcome& outcome, TimePoint now) && noexcept {
    if (CircuitBreaker* breaker = std::exchange(breaker_, nullptr))
      breaker->record(BreakerEra{era_}, slot_, outcome, now);
  }

  /// The same, with the latency counted from the acquire.
  void record(Verdict verdict, TimePoint now, FailureType type = FailureType::exception) && noexcept {
    std::move(*this).record(Outcome{verdict, type, saturating_sub(now, start_), std::nullopt}, now);
  }

  /// From here on the call waits for its own caller, as one that sends its request slowly, and not for the
  /// dependency: it is not stuck, and a probe gives its place to another. Any other call counts at its end.
  void set_aside(TimePoint now) noexcept;
  /// The same while its caller is slow to take the answer: a probe counts now, as `so_far`, and keeps no
  /// place.
  void set_aside(const Outcome& so_far, TimePoint now) noexcept;
  /// The dependency is waited for again. For a probe that was given back see CircuitBreaker::rejoin().
  void take_up(TimePoint now) noexcept;
  /// It was a probe's, and set_aside() gave its place to another.
  [[nodiscard]] bool gave_place_back() const noexcept {
    return breaker_ == nullptr && slot_ == place_given_back;
  }

  /// When the permit was given.
  [[nodiscard]] TimePoint start() const noexcept { return start_; }

  /// False when nothing will be recorded: disabled, let pass by metrics_only alone, or recorded already.
  [[nodiscard]] bool counts() const noexcept { return breaker_ != nullptr; }

 private:
  friend class CircuitBreaker;
  static constexpr std::uint32_t place_given_back = CallStarts::untracked - 1;
  Permit(CircuitBreaker* breaker, BreakerEra era, TimePoint start, std::uint32_t slot) noexcept
      : breaker_(breaker), era_(era.bits()), start_(start), slot_(slot) {}

  [[gnu::always_inline]] void drop() noexcept {
    if (breaker_ != nullptr) std::exchange(breaker_, nullptr)->drop(BreakerEra{era_}, slot_);
  }

  CircuitBreaker* breaker_;  ///< null: nothing to record
  std::uint64_t era_;        ///< a BreakerEra, which g++ 12 would move through memory
  TimePoint start_;
  std::uint32_t slot_;  ///< closed: in the table of calls in flight; half-open: the number of the probe
};

[[gnu::always_inline]] inline Result<CircuitBreaker::Permit> CircuitBreaker::try_acquire(
    TimePoint now) noexcept {
  CallCell& cell = cells_.mine();
  now = cell.clamp(now);
  const BreakerWord word = this->word();
  if (word.admits_plainly()) [[likely]] {
    cell.add(cell.calls);
    return Permit{this, word.era(), now, CallStarts::untracked};
  }
  if (word.open_plainly()) {
    // `until` belongs to this opening if the word is still the same after it was read.
    const TimePoint until{Duration{until_.load(std::memory_order_acquire)}};
    if (now < until && this->word(std::memory_order_relaxed) == word) {
      cell.add(cell.rejected[static_cast<std::size_t>(Reason::open)]);
      if (sink_ != nullptr) send_rejection(State::open, Reason::open, until - now, now);
      return {Reason::open, name_, until - now};
    }
  }
  return try_acquire_slow(cell, now);
}

// Inlined by force: passed through memory, an Outcome costs more than the decision.
[[gnu::always_inline]] inline bool CircuitBreaker::try_record_plain_success(CallCell& cell, BreakerEra era,
                                                                            Duration latency,
                                                                            TimePoint now) noexcept {
  const BreakerWord word = this->word();
  if (word.era() != era || !word.books_plainly() || is_slow(latency) || latency >= high_from_) return false;
  return evidence_.try_add_success(cell, word.generation(), latency, now);
}

[[gnu::always_inline]] inline void CircuitBreaker::record(BreakerEra era, std::uint32_t slot,
                                                          const Outcome& outcome, TimePoint now) noexcept {
  // Read before the first atomic access, behind which the compiler would have to take them from memory.
  const Verdict verdict = outcome.verdict;
  const Duration latency = outcome.latency;
  CallCell& cell = cells_.mine();
  now = cell.clamp(now);
  if (verdict == Verdict::success && try_record_plain_success(cell, era, latency, now)) [[likely]] {
    cell.add(cell.plain_successes);
    return;
  }
  record_slow(cell, era, slot, outcome, now);
}

}  // namespace switchgear
