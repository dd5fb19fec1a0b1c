// What is not written yet: little while the disk works, and never more than a bound while it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/history/tables.hpp"

namespace switchgear::history {

/// Bounded without losing counts: when there are too many stretches, neighbours are added up, so that they
/// become longer. Of transitions, instances and commands the oldest are dropped, and counted. Threads: one.
class Pending {
 public:
  static constexpr std::size_t most_stretches = 12;
  static constexpr std::size_t most_samples = 60'000;  ///< in all stretches; about 25 MB
  static constexpr std::size_t most_transitions = 10'000;
  static constexpr std::size_t most_instances = 5'000;  ///< lines about them
  static constexpr std::size_t most_commands = 1'000;
  static constexpr std::size_t most_levels = 5'000;  ///< changes

  void add(const Stretch& stretch, Samples samples);
  void add(LoggedTransition transition);
  void add(LoggedInstance instance);
  void add(TimedCommand command);
  void add(TimedLevel level);

  [[nodiscard]] bool empty() const noexcept {
    return stretches_.empty() && transitions_.empty() && instances_.empty() && commands_.empty() &&
           levels_.empty();
  }
  /// Within a transaction.
  void write_to(Tables& tables) const;
  void clear();
  /// Adds what belongs to the history's circuit and to the span.
  void add_to(CircuitHistory& history, WallAnchor::Wall from, WallAnchor::Wall to) const;
  /// Adds what happened to the service's instances in the span.
  void add_to(std::vector<LoggedInstance>& instances, std::string_view service, WallAnchor::Wall from,
              WallAnchor::Wall to) const;
  /// Adds the commands of the span; `circuit`: only what was commanded of it.
  void add_to(std::vector<TimedCommand>& commands, const std::optional<std::string>& circuit,
              WallAnchor::Wall from, WallAnchor::Wall to) const;

  /// Lines dropped since the last call.
  [[nodiscard]] std::uint64_t take_lost() noexcept;

 private:
  struct OfStretch {
    Stretch stretch;
    Samples samples;
  };
  template <class Line>
  void keep(std::deque<Line>& lines, Line line, std::size_t most);
  void fold();
  [[nodiscard]] std::size_t samples() const noexcept;

  std::deque<OfStretch> stretches_;
  std::deque<LoggedTransition> transitions_;
  std::deque<LoggedInstance> instances_;
  std::deque<TimedCommand> commands_;
  std::deque<TimedLevel> levels_;
  std::uint64_t lost_ = 0;
};

}  // namespace switchgear::history
