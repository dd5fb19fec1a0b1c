// A function wrapped once: what comes back is called like it, and goes through a pipeline. Part of call.hpp.
#pragma once

#include <concepts>
#include <functional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "switchgear/sync/call_terms.hpp"
#include "switchgear/sync/try_call.hpp"

#if defined(__cpp_exceptions)

namespace switchgear {

namespace detail {

/// Checks what `f` returns as soon as it is wrapped, where that does not depend on how it will be called.
template <class F>
consteval bool returns_an_answer() {
  if constexpr (requires(F f) { std::function{f}; }) {
    using Result = typename decltype(std::function{std::declval<F>()})::result_type;
    static_cast<void>(sizeof(Kept<std::decay_t<Result>>));
  }
  return true;
}

/// What guard() makes.
template <class Time, class P, class F, class Key = NoKey>
class Guarded {
  static_assert(returns_an_answer<F>());

 public:
  Guarded(P pipeline, F f, CallTerms<Key> terms = {}, Time* time = nullptr)
      : pipeline_(std::move(pipeline)), f_(std::move(f)), terms_(std::move(terms)), time_(time) {}

  /// Says which calls have the same answer, for a cache or a cached fallback in the pipeline. `key` is a
  /// function of the call's arguments (without the Attempt) that returns text or a whole number, or text
  /// alone when no answer depends on the arguments. An empty key is none: neither remembered nor answered
  /// from memory.
  template <class Other>
  [[nodiscard]] auto key(Other key) && {
    using Kept = std::conditional_t<KeyText<Other>, std::string, Other>;
    return Guarded<Time, P, F, Kept>{std::move(pipeline_), std::move(f_),
                                     CallTerms<Kept>{std::move(terms_), Kept(std::move(key))}, time_};
  }
  /// The same for all calls: when they must have ended, in the clock of `Time`. It is their caller's:
  /// breakers ignore an attempt that it gives less time than the pipeline would.
  [[nodiscard]] Guarded deadline(TimePoint deadline) && {
    terms_.deadline = deadline;
    return std::move(*this);
  }
  /// How long each call may take, its waits and attempts together. A limit like a Deadline in the pipeline:
  /// an attempt that is cut off there is a failure.
  [[nodiscard]] Guarded deadline(Duration within) && {
    terms_.within = within;
    return std::move(*this);
  }
  /// Ends the waits of all calls, and lets none begin, once `token` is asked for.
  [[nodiscard]] Guarded stop(std::stop_token token) && {
    terms_.stop = std::move(token);
    return std::move(*this);
  }
  /// Calls `to` at the end of each call, on its thread, whether it answers or throws.
  [[nodiscard]] Guarded report(std::function<void(const CallReport&)> to) && {
    terms_.report = std::move(to);
    return std::move(*this);
  }
  /// Reads `clock`, which is borrowed, instead of Time: testing::ManualTime, for one.
  template <class Clock>
  [[nodiscard]] auto time(Clock& clock) && {
    return Guarded<Clock, P, F, Key>{std::move(pipeline_), std::move(f_), std::move(terms_), &clock};
  }

  template <class... Arguments>
  requires(std::invocable<F&, Arguments&...> || std::invocable<F&, const Attempt&, Arguments&...>) auto
  operator()(Arguments&&... arguments) {
    return run(f_, arguments...);
  }
  template <class... Arguments>
  requires(std::invocable<const F&, Arguments&...> ||
           std::invocable<const F&, const Attempt&, Arguments&...>) auto
  operator()(Arguments&&... arguments) const {
    return run(f_, arguments...);
  }

 private:
  template <class G, class... Arguments>
  auto run(G& f, Arguments&... arguments) const {
    if (time_ != nullptr) return run_in(*time_, f, arguments...);
    if constexpr (std::default_initializable<Time>) {
      Time time;
      return run_in(time, f, arguments...);
    } else {
      return run_in(*time_, f, arguments...);
    }
  }

  template <class G, class... Arguments>
  auto run_in(Time& time, G& f, Arguments&... arguments) const {
    const auto key = terms_.key_of(arguments...);
    CallOptions options = terms_.options(key.view(), time);
    const auto attempt_of = [&](const Attempt& attempt) -> decltype(auto) {
      if constexpr (std::invocable<G&, Arguments&...>) {
        return std::invoke(f, arguments...);
      } else {
        return std::invoke(f, attempt, arguments...);
      }
    };
    if (!terms_.report) [[likely]]
      return call(pipeline_, options, attempt_of, time);
    const Reported reported{terms_.report, options};
    return call(pipeline_, options, attempt_of, time);
  }

  /// Tells the report when the call has ended, however it has.
  class Reported {
   public:
    Reported(const std::function<void(const CallReport&)>& to, CallOptions& options) : to_(to) {
      options.report = &report_;
    }
    Reported(const Reported&) = delete;
    Reported& operator=(const Reported&) = delete;
    ~Reported() { to_(report_); }

   private:
    const std::function<void(const CallReport&)>& to_;
    CallReport report_;
  };

  P pipeline_;
  F f_;
  CallTerms<Key> terms_;
  Time* time_;  ///< null: one that is made for each call
};

}  // namespace detail

/// Wraps a function once: what comes back is called like it, and goes through the pipeline.
///
///     auto charge = guard(pipeline, charge_card);
///     Receipt receipt = charge(card, amount);            // throws Rejected, or what charge_card throws
///
/// `f` is anything std::invoke takes: a function, a member function (called with its object first), a lambda.
/// One that cannot be called with the arguments alone gets `const Attempt&` before them. Arguments are handed
/// on as lvalues, because there may be a second attempt. Copies the pipeline (pointers) and keeps `f`.
///
///     auto user = guard(pipeline, load_user)
///                     .key([](int id) { return id; })    // remembered by id, and given to nobody else
///                     .deadline(2s)                      // of each call
///                     .stop(token)                       // ends waits, lets no further call begin
///                     .report([](const CallReport& r) { log(r.attempts, r.latency); });   // must not throw
///
/// Without a key no answer is remembered, nor given from memory. In tests, .time(manual_time) is the clock.
/// Threads: as many as `f`, and functions that make keys or take reports, can bear.
template <std::default_initializable Time = SteadyTime, BlockingPipeline P, class F>
[[nodiscard]] auto guard(P pipeline, F f) {
  return detail::Guarded<Time, P, F>{std::move(pipeline), std::move(f)};
}
/// The same around a single policy.
template <std::default_initializable Time = SteadyTime, SinglePolicy Policy, class F>
[[nodiscard]] auto guard(Policy& policy, F f) {
  return guard<Time>(Pipeline{policy}, std::move(f));
}

}  // namespace switchgear

#endif
