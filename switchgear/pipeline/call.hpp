// pipeline/: policies in the user's order around one call. Execution is the state machine of that call; it
// lives on its caller's stack and is driven from outside. Never here: a clock, a thread, a socket, a policy's
// own decision (policy/ has those).
//
// The words that the layers of one call share, and that they answer with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/core/waker.hpp"
#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {

/// Whether making the call twice may do harm. Retries and hedges leave such calls alone.
enum class Repeatable : std::uint8_t { yes, no };

/// Whose limit the deadline of a call is. Decides how breakers and adaptive limits count an attempt that is
/// cut off there.
enum class DeadlineOf : std::uint8_t {
  /// Of the caller. If a timeout or deadline of the pipeline would have given the attempt more time, it is
  /// ignored; else it is a failure.
  caller,
  /// Of a caller that gave less time than the program would have waited in any case: ignored.
  hurried_caller,
  /// Of the program itself, as a client's option is: a failure, as at a Timeout.
  program,
};

/// Where an answer came from.
enum class Source : std::uint8_t { call, cache, fallback };

/// How an attempt has used up its time.
enum class CutOff : std::uint8_t {
  at_limit,        ///< at the dependency
  after_own_wait,  ///< it waited longer for something of its caller's own, and says nothing of the dependency
};

/// What happened to one call; filled in if the caller requests it.
struct CallReport {
  std::uint32_t attempts = 0;  ///< made, hedges included; 0: answered or refused without any
  Duration latency{};          ///< of the last attempt
  Source source = Source::call;
  Duration age{};                                    ///< of an answer that was remembered
  bool chaos = false;                                ///< a fault was injected
  std::optional<std::uint64_t> queued_as{};          ///< stored for later, under this id
  std::shared_ptr<const FallbackFailure> failure{};  ///< both causes, when the fallback failed too
};

/// About one call; all of it may be left out. Borrowed for as long as the call runs.
struct CallOptions {
  TimePoint deadline = TimePoint::max();  ///< of the caller that this call is made for; in the driver's clock
  /// For caches and cached fallbacks: the same key, the same answer. Empty: neither remembered nor answered
  /// from memory.
  std::string_view key{};
  std::string_view payload{};  ///< for queues: what to store when the call is made later
  std::string_view value{};    ///< for breakers by value: whose call it is; empty: no one's in particular
  Repeatable repeatable = Repeatable::yes;
  DeadlineOf deadline_of = DeadlineOf::caller;
  std::stop_token stop{};        ///< the caller goes away; for drivers that block
  CallReport* report = nullptr;  ///< filled in when the call has ended

  /// The program waits until `end` in any case; `deadline`, if its caller gave one, is what that caller
  /// waits.
  void end_at(TimePoint end) noexcept {
    const bool hurried = deadline < end;
    deadline_of = hurried ? DeadlineOf::hurried_caller : DeadlineOf::program;
    if (!hurried) deadline = end;
  }
};

/// What the layers of one call share. A layer reads and writes it only while one of its functions runs.
/// Every member that is written before the first attempt costs each call a store: hence the pointers.
struct Call {
  Call(const CallOptions& about, Waker* woken, void* answered) noexcept
      : options(&about), waker(woken), answer(answered), limit(about.deadline) {}

  const CallOptions* options;
  Waker* waker;  ///< called when a wait may be over; null: nothing waits for another call
  void* answer;  ///< Answer<T> of the driver, for layers that know T
  /// When the attempt must have ended: the narrowest deadline or timeout around here. max(): never.
  TimePoint limit;
  const std::string* limited_by = nullptr;  ///< the name of the policy that set it; null: the caller did
  /// Set by a layer that returns `wait`, or `again`: poll again then, or when `waker` is called.
  TimePoint until;
  std::uint32_t attempts = 0;
  bool committed = false;  ///< the answer has begun to reach the caller: nothing can be made again
  bool chaos = false;
  bool shortened = false;  ///< the call's deadline left less time than a limit of a policy would have
  /// The attempt was cut off at such a deadline, or most of its time went into a wait of its caller's own:
  /// that says nothing about the dependency.
  bool hurried = false;
  bool refused_alone = false;          ///< by a policy that may admit the same call of another caller
  std::optional<Outcome> injected;     ///< set by a layer that says `inject`, or that changes an outcome
  std::optional<Rejection> rejection;  ///< the last one; of use while the ending says so

  [[nodiscard]] bool repeatable() const noexcept { return options->repeatable == Repeatable::yes; }

  /// Whether the call's deadline gave less time than there would have been without its caller.
  [[nodiscard]] bool caller_hurries() const noexcept {
    if (options->deadline_of == DeadlineOf::caller) return shortened;
    return options->deadline_of == DeadlineOf::hurried_caller;
  }

  void refuse(const Rejection& why) noexcept { rejection.emplace(why); }
  void refuse(Reason reason, std::string_view policy, std::optional<Duration> retry_after) noexcept {
    rejection.emplace(Rejection{reason, policy, retry_after});
  }
  /// Refuses in the name of the policy that set the limit.
  void refuse_for_limit(Reason reason) noexcept {
    refuse(reason, limited_by == nullptr ? std::string_view{"caller"} : *limited_by, {});
  }
  /// The attempt has used up its time.
  void blame_limit(CutOff how) noexcept {
    hurried = how == CutOff::after_own_wait || (limited_by == nullptr && caller_hurries());
    refuse_for_limit(Reason::timed_out);
  }
};

/// How a call, or a part of one, ended.
struct Ending {
  enum class How : std::uint8_t {
    completed,  ///< an attempt was made; `outcome` is its outcome
    refused,    ///< a policy refused; `Call::rejection` says why
    answered,   ///< a policy had an answer of its own
    injected,   ///< chaos: as if `outcome` had come back
    cancelled,  ///< the caller went away
  };
  How how = How::completed;
  /// Never null; ignored or success if there was no attempt. Borrowed from the caller of leave().
  const Outcome* outcome = &nothing;

  static constexpr Outcome nothing = Outcome::ignored();
  static constexpr Outcome success = Outcome::success(Duration::zero());

  /// Whether the dependency, or chaos in its place, has failed.
  [[nodiscard]] bool failed() const noexcept {
    return (how == How::completed || how == How::injected) && outcome->verdict == Verdict::failure;
  }
  [[nodiscard]] bool came_back() const noexcept { return how == How::completed || how == How::injected; }
};

/// A layer's decision about a call on its way in.
enum class Gate : std::uint8_t {
  go,      ///< on to the next layer
  wait,    ///< call resume() at `Call::until`, or when woken
  refuse,  ///< `Call::rejection` says why; this layer holds nothing of the call
  answer,  ///< `Call::answer` holds it; this layer holds nothing of the call
  defer,   ///< of the fast lane: nothing was done, call enter()
  inject,  ///< chaos: `Call::injected` stands for an attempt; this layer holds nothing of the call
};

/// A layer's decision about an ending on its way out.
enum class Turn : std::uint8_t {
  outward,  ///< on to the next layer
  again,    ///< back in at `Call::until`
};

/// The next step of an execution's driver.
struct Step {
  enum class Kind : std::uint8_t {
    attempt,  ///< make the call, and report its outcome for `branch`; it must have ended by `until`
    wait,     ///< call on_timer() at `until`, or when woken, whichever is first; `until` may have passed
    done,     ///< the execution is over; ending() says how
  };
  Kind kind = Kind::done;
  std::uint8_t branch = 0;   ///< which of the attempts that run at once; 0 without a hedge
  std::uint16_t losers = 0;  ///< bit b: the attempt of branch b is not needed any more; cancel it
  std::uint32_t number = 0;  ///< of the attempt, from 1
  TimePoint until = TimePoint::max();
};

}  // namespace switchgear
