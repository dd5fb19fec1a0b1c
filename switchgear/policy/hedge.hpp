// A second attempt beside a slow first one: when to send it. The first answer wins; the losers are cancelled
// and ignored. (Jeffrey Dean, Luiz André Barroso: "The Tail at Scale", CACM 2013: "hedged requests", with the
// 95th percentile of the latency as the delay.)
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/striped/recent_latencies.hpp"

namespace switchgear {

/// The latency that this share of the recent successes stayed at or below; above 0 and below 1.
struct Quantile {
  double share = 0.95;

  friend bool operator==(const Quantile&, const Quantile&) = default;
};

struct HedgeOptions {
  /// How long an attempt may take before the next is sent beside it; a fixed length, 0s or longer, or a
  /// quantile of the latencies recorded in the last 34 … 69 s. The quantile follows the dependency by itself.
  std::variant<Duration, Quantile> delay = Quantile{};
  std::uint32_t max_hedges = 1;  ///< further attempts of one call; 1 … Hedge::most
  /// Stands for the quantile until enough successes are known (Hedge::needed_samples); 0s: no hedge before.
  Duration initial_delay{};

  friend bool operator==(const HedgeOptions&, const HedgeOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const HedgeOptions& options);

/// Since construction.
struct HedgeTotals {
  std::uint64_t hedges = 0;   ///< further attempts decided on
  std::uint64_t refused = 0;  ///< by the budget
};

struct HedgeSnapshot {
  HedgeTotals totals;
};

/// The hedges of all calls to one dependency. For idempotent calls only: that is the caller's to know.
///
///     Hedge hedge{"payment", {.delay = Quantile{0.95}}, &budget};
///     auto wait = hedge.delay(now);                             // at the start, and again after every hedge
///     … still unanswered after *wait, and hedged < max_hedges:
///     if (auto in_flight = hedge.try_hedge(now)) start_another_attempt(*std::move(in_flight));
///     … the first success:
///     hedge.record(now - started, now);
///
/// Not for: failures (a retry's work), or a dependency that is slow because it is overloaded, unless a budget
/// bounds what hedges add to it.
/// Threads: every method from any thread; record() is wait-free for the first threads. Lifetime: must outlive
/// its calls; the budget must outlive it. Neither copied nor moved. Allocates only where options are taken:
/// about 8 KiB for each of those threads, at most 9 × 8 KiB, and nothing while the delay has always been
/// fixed. The budget counts calls by RetryBudget::on_call(), which a Retry that shares it does; where there
/// is none, the driver must.
class Hedge {
 public:
  static constexpr std::uint32_t most = 10;  ///< of max_hedges

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  Hedge(std::string name, const HedgeOptions& options, RetryBudget* budget = nullptr);
  Hedge(const Hedge&) = delete;
  Hedge& operator=(const Hedge&) = delete;

  /// From the start of a call, or from its previous hedge, to the next one. Empty: not now, because the
  /// quantile is not known yet. The quantile is brought up to date every 100 ms (of `now`): the call that
  /// does so pays some microseconds, all others a load.
  [[nodiscard]] std::optional<Duration> delay(TimePoint now) const noexcept {
    Duration wait{-1};
    if (RecentLatencies* const known = quantile_of_.load(std::memory_order_acquire))
      wait = known->quantile(now);
    if (wait < Duration::zero()) wait = Duration{standing_.load(std::memory_order_relaxed)};
    if (wait < Duration::zero()) return std::nullopt;
    return wait;
  }

  /// Requests one hedge; spends the budget. Empty: exhausted, the attempts that run go on alone. Keep what it
  /// returns until the hedge has ended. Listeners
  /// are told the hedge's `number` in its call, from 1, and how long the first attempt has been under way.
  [[nodiscard]] std::optional<RetryBudget::InFlight> try_hedge(TimePoint now, std::uint32_t number = 1,
                                                               Duration waited = {}) noexcept;

  /// A call had a good answer (Outcome::is_good) after `latency`, counted from the start of its FIRST attempt
  /// also when a later one won. So a call that was hedged counts as one above the delay, which is all the
  /// quantile needs to know of it; the winner's own latency would drag the delay down from hedge to hedge.
  /// Does nothing when the delay is fixed.
  void record(Duration latency, TimePoint now) noexcept {
    if (RecentLatencies* const known = quantile_of_.load(std::memory_order_acquire))
      known->record(latency, now);
  }

  [[nodiscard]] HedgeTotals totals() const noexcept {
    return {hedges_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] HedgeSnapshot snapshot() const noexcept { return {totals()}; }

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  /// Successes that must be known before a quantile is: 1 / (1 − share), so that one of them lies above it,
  /// but at least 20 and at most 1000.
  [[nodiscard]] static std::uint64_t needed_samples(Quantile quantile) noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] HedgeOptions options() const;
  [[nodiscard]] std::uint32_t max_hedges() const noexcept {
    return max_hedges_.load(std::memory_order_relaxed);
  }

  /// Other options from now on. Latencies that are known stay known; a hedge with its first quantile begins
  /// to learn them, and allocates. Throws std::invalid_argument, and changes nothing, when they are not
  /// valid.
  void set_options(const HedgeOptions& options);
  [[nodiscard]] RetryBudget* budget() const noexcept { return budget_; }

 private:
  std::atomic<RecentLatencies*> quantile_of_{nullptr};  ///< null when the delay is fixed
  /// The fixed delay, or what stands for an unknown quantile; negative: nothing does.
  std::atomic<Duration::rep> standing_{-1};
  std::atomic<std::uint32_t> max_hedges_{1};
  RetryBudget* const budget_;
  const std::string name_;
  mutable std::mutex mutex_;  ///< over the two that follow
  HedgeOptions options_;
  std::unique_ptr<RecentLatencies> latencies_;  ///< made for the first quantile, and kept
  alignas(64) std::atomic<std::uint64_t> hedges_{0};
  std::atomic<std::uint64_t> refused_{0};
  EventFanout events_;
};

}  // namespace switchgear
