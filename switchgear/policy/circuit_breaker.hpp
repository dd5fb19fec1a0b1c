// One circuit breaker: a sans-I/O state machine shared by any number of threads.
//
//   closed ──a trip rule holds──▶ open ──open_duration over, next acquire──▶ half_open ──recovered──▶ closed
//                                  ▲                                            │
//                                  └──────────────────relapsed──────────────────┘
//
// | from      | to          | where                                                                    |
// |-----------|-------------|--------------------------------------------------------------------------|
// | closed    | open        | trip(), when trip_rules.hpp finds a rule that holds after a record       |
// | open      | half_open   | acquire_slow() at or after the end; advance() when probe_automatically   |
// | half_open | open        | record_probe() (failed probes) or settle() (max_wait over)               |
// | half_open | closed      | record_probe()                                                           |
// | any       | any         | command(): reset, force_open, force_close, disable, metrics_only         |
//
// How it is shared. `word_` holds state, flags and generation in one atomic: whoever reads it sees all three of one moment.
// A thread counts in a cell of its own (call_cells.hpp); what only transitions touch is behind `mutex_`, which no call
// takes while the breaker is closed, nor when it is refused by an open one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/core/event.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/call_cells.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/in_flight.hpp"
#include "switchgear/policy/window.hpp"

namespace switchgear {

/// What an operator may tell a breaker. Every command starts a new generation; every one but `disable` empties the window.
enum class Command : std::uint8_t {
  reset,         ///< closed, no relapses, all modes off; totals stay
  force_close,   ///< the same as reset
  force_open,    ///< refuses every call until told otherwise
  disable,       ///< permits every call and records nothing
  metrics_only,  ///< closed, and from here on the machine runs in full but refuses nothing
};

/// What a breaker is given besides its options. All of it is borrowed or copied; nothing is read from the environment.
struct BreakerContext {
  EventSink* sink = nullptr;  ///< must outlive the breaker
  std::uint64_t seed = 0;     ///< for jitter
  WallAnchor anchor{};        ///< puts dates on events
  TimePoint created{};        ///< start of the first `closed` period
};

/// All a breaker knows about itself at one moment.
struct BreakerSnapshot {
  struct HalfOpen {
    std::uint32_t permitted = 0, in_flight = 0, recorded = 0, failed = 0;
  };

  State state = State::closed;
  bool metrics_only = false;
  bool ramping = false;
  std::uint64_t generation = 0;
  TimePoint since{};                    ///< when the state was entered
  std::optional<Duration> retry_after;  ///< left of an opening; empty in other states
  std::uint32_t relapses = 0;           ///< since last closed
  Duration time_open{};                 ///< spent in `open` so far
  CallTotals totals{};
  WindowSnapshot window{};  ///< of the current closed period, or the last one
  HalfOpen half_open{};
  std::optional<LastFailure> last_failure;
};

/// Guards the calls to one dependency.
///
///     CircuitBreaker breaker{"payment", options};
///     auto permit = breaker.try_acquire(steady_clock::now());
///     if (!permit) return refuse(permit.rejection());                    // who, why, when to come back
///     bool ok = call_payment();
///     auto now = steady_clock::now();
///     std::move(*permit).record(ok ? Verdict::success : Verdict::failure, now);
///
/// Not for: local work (files, SQLite), limiting load (a bulkhead does), or waiting (it never waits).
/// Threads: every method from any thread. Lifetime: must outlive its permits. Neither copied nor moved.
/// Allocates only when constructed. Memory: see memory_bytes(); with the default count window of 100 at most 2 KiB.
/// Time: a `now` smaller than the latest this thread showed to this breaker is read as that latest.
class CircuitBreaker {
 public:
  class Permit;

  /// Throws std::invalid_argument naming every problem when `options` are not valid (see validate()).
  CircuitBreaker(std::string name, const CircuitBreakerOptions& options, const BreakerContext& context = {});
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  /// Asks for one call.
  /// Returns a permit, or the rejection that says why and when to come back. Never blocks on a closed or an open breaker,
  /// never allocates.
  [[nodiscard]] Result<Permit> try_acquire(TimePoint now) noexcept;

  /// Makes the transitions that are due by themselves: half-open not decided within `max_wait`, and, with
  /// `probe_automatically`, open to half-open. Calling it late, often or never harms nothing: every other call does the
  /// same, and the transition carries the instant it was due.
  void advance(TimePoint now) noexcept;

  /// When advance() has something to do next; empty when nothing is due by itself. A transition may change it.
  [[nodiscard]] std::optional<TimePoint> next_due() const noexcept;

  /// An operator's command, effective for the next acquire. Permits handed out before become late.
  void command(Command command, TimePoint now) noexcept;

  /// A consistent view of everything, without stopping callers. Changes nothing, not even what is due.
  [[nodiscard]] BreakerSnapshot snapshot(TimePoint now) const noexcept;

  /// The state alone; one atomic load.
  [[nodiscard]] State state() const noexcept { return state_of(word_.load(std::memory_order_acquire)); }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const CircuitBreakerOptions& options() const noexcept { return options_; }

  /// This object and everything it owns, in bytes.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
