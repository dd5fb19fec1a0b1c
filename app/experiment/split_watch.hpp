// The trial of one split, and how it stands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/experiment/arm_watch.hpp"
#include "app/experiment/split.hpp"
#include "app/experiment/trial.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/duration_histogram.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::experiment {

enum class Halt : std::uint8_t {
  none,
  by_operator,
  harmful,  ///< by the guardrail
  held,     ///< not by anyone, but it is not known yet whether it was stopped before this process
};
[[nodiscard]] const char* to_string(Halt halt) noexcept;

struct SplitBreaker {
  std::string circuit;
  State state = State::closed;
  std::uint64_t opened = 0;  ///< since the split began
  ArmOpenings openings;      ///< of these, what is known
};

struct SplitArm {
  std::string policy;
  Block block;  ///< of all calls
  std::uint64_t refused = 0;
  DurationHistogramSnapshot durations;
  std::optional<SplitBreaker> breaker;
};

/// The finding after some blocks.
struct SplitPoint {
  WallAnchor::Wall at{};
  std::uint64_t blocks = 0;
  Where difference{};
  double current_rate = 0, candidate_rate = 0;
};

/// How long it takes to find a difference of a fifth of the rate of bad calls, as the traffic is.
struct SplitNeed {
  double difference = 0;
  double blocks = 0;
};

struct SplitStanding {
  config::SplitOptions options;
  std::string service;
  WallAnchor::Wall since{};
  Halt halt = Halt::none;
  std::optional<WallAnchor::Wall> halted;
  Finding finding;
  SplitArm current, candidate;
  std::vector<SplitPoint> history;  ///< oldest first; at most SplitWatch::most_points
  std::uint64_t left_out = 0;       ///< requests while an operator's command held a breaker of an arm
  double values = 0;                ///< different ones of the header, estimated
  std::optional<SplitNeed> need;
};

/// Threads: one at a time.
class SplitWatch {
 public:
  static constexpr std::size_t most_points = 240;

  /// A split that is held or stopped is halted from the beginning. `registry` is borrowed.
  SplitWatch(std::shared_ptr<Split> split, BreakerRegistry& registry, TimePoint now);

  [[nodiscard]] const std::shared_ptr<Split>& split() const noexcept { return split_; }
  [[nodiscard]] TimePoint next_look() const noexcept { return next_; }
  /// The verdict, if this look has changed it.
  [[nodiscard]] std::optional<Verdict> look(TimePoint now);
  void halt(Halt why, TimePoint now);
  /// It was stopped at that time, before this process.
  void halt_as_before(Halt why, WallAnchor::Wall at);
  [[nodiscard]] Halt halted() const noexcept { return halt_; }
  [[nodiscard]] SplitStanding standing(TimePoint now) const;
  [[nodiscard]] Finding finding() const { return trial_.finding(); }

 private:
  void note_commands(TimePoint now);
  void look_at_turns(TimePoint now);
  void take(const Split::Totals& totals);
  void judge(const Split::Totals& totals, TimePoint now);
  void keep_point(TimePoint now);
  [[nodiscard]] std::optional<SplitBreaker> breaker_of(const std::string& circuit,
                                                       std::uint64_t opened_before, const ArmWatch* watch,
                                                       const ArmOpenings& before, TimePoint now) const;
  void end_watching(TimePoint now);
  [[nodiscard]] std::optional<SplitNeed> need(const Finding& finding, const Split::Totals& totals) const;

  const std::shared_ptr<Split> split_;
  BreakerRegistry& registry_;
  const std::string current_circuit_, candidate_circuit_;
  const TimePoint since_;
  const std::uint64_t current_opened_, candidate_opened_;      ///< before it began
  std::unique_ptr<ArmWatch> current_watch_, candidate_watch_;  ///< null once it is halted
  ArmOpenings current_openings_, candidate_openings_;          ///< then
  Trial trial_;
  TimePoint next_;
  std::int64_t turn_;  ///< the latest block of time that was seen
  Split::Totals last_;
  Block current_, candidate_;  ///< since the trial got its last block
  Halt halt_ = Halt::none;
  std::optional<WallAnchor::Wall> halted_;
  std::vector<SplitPoint> history_;
  std::uint64_t stride_ = 1;  ///< of blocks between points
};

}  // namespace switchgear::experiment
