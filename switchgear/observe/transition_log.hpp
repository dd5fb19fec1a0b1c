// observe/: past events, kept for later queries: transitions, durations, rates, health; and the queue that
// brings events to their readers. Needs nothing but the standard library. Never here: deciding about a call,
// I/O, a clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear {

/// How often each change of state was seen: `[from][to]`.
using TransitionCounts = std::array<std::array<std::uint64_t, states.size()>, states.size()>;

/// Remembers the last transitions of every breaker, and counts all of them.
///
///     auto log = std::make_shared<TransitionLog>();
///     registry.events().subscribe(log);
///     for (const auto& each : log->of("payment")) …            // newest first
///
/// Threads: every method from any thread. Memory: at most `per_breaker` entries a name; keep_only() ends
/// names.
class TransitionLog final : public EventSink {
 public:
  static constexpr std::size_t most_per_breaker = 1'000'000;

  /// 0 is read as 1. Throws std::invalid_argument above most_per_breaker.
  explicit TransitionLog(std::size_t per_breaker = 100);
  ~TransitionLog() override;

  void on_transition(const Transition& transition) override;

  /// The kept transitions of one breaker, newest first. Those of one breaker that overtook each other on
  /// their way here are put back into order by their generation.
  [[nodiscard]] std::vector<LoggedTransition> of(std::string_view breaker) const;
  [[nodiscard]] std::optional<LoggedTransition> last(std::string_view breaker) const;
  /// How many of the breaker's `last` newest transitions led to open, relapses included. Copies nothing.
  [[nodiscard]] std::size_t openings(std::string_view breaker, std::size_t last) const;
  [[nodiscard]] TransitionCounts counts(std::string_view breaker) const;

  struct LastOpening {
    std::string breaker;
    WallAnchor::Wall at{};
  };
  /// When each breaker went from closed to open last, of those that did among their kept transitions.
  [[nodiscard]] std::vector<LastOpening> last_openings() const;

  /// Drops every breaker that is not among `names`, which must be sorted.
  void keep_only(std::span<const std::string> names);

 private:
  struct Entries {
    std::deque<LoggedTransition> ring;  ///< oldest first
    TransitionCounts counts{};
  };

  const std::size_t per_breaker_;
  mutable std::mutex mutex_;
  std::map<std::string, Entries, std::less<>> breakers_;
};

}  // namespace switchgear
