// observe/: past events, kept for later queries: transitions, durations, rates, health. Pulled by readers,
// never pushed. Needs nothing but the standard library. Never here: deciding about a call, I/O, a clock.
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

namespace switchgear {

/// A Transition that owns its strings.
struct LoggedTransition {
  std::uint64_t sequence = 0;  ///< of this log, from 1, over all breakers; in the order they arrived
  std::string breaker;
  State from = State::closed;
  State to = State::closed;
  std::uint64_t generation = 0;
  TimePoint at{};
  WallAnchor::Wall wall{};
  Rule rule = Rule::operator_command;
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
  std::optional<LastFailure> last_failure;
};

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
  /// The kept transitions of all breakers with a sequence greater than `sequence`, oldest first.
  [[nodiscard]] std::vector<LoggedTransition> since(std::uint64_t sequence) const;
  [[nodiscard]] std::uint64_t last_sequence() const;
  [[nodiscard]] TransitionCounts counts(std::string_view breaker) const;

  /// Drops every breaker that is not among `names`, which must be sorted.
  void keep_only(std::span<const std::string> names);

 private:
  struct Entries {
    std::deque<LoggedTransition> ring;  ///< oldest first
    TransitionCounts counts{};
  };

  const std::size_t per_breaker_;
  mutable std::mutex mutex_;
  std::uint64_t sequence_ = 0;
  std::map<std::string, Entries, std::less<>> breakers_;
};

}  // namespace switchgear
