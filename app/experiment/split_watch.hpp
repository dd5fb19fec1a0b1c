// The trial of one split.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/experiment/splits.hpp"

namespace switchgear::experiment {

/// Threads: one at a time.
class Splits::Watch {
 public:
  Watch(std::shared_ptr<Split> split, const BreakerRegistry& registry, TimePoint now);

  [[nodiscard]] const std::shared_ptr<Split>& split() const noexcept { return split_; }
  [[nodiscard]] TimePoint next_look() const noexcept { return next_; }
  /// The verdict, if this look has changed it.
  [[nodiscard]] std::optional<Verdict> look(TimePoint now);
  void halt(Halt why, TimePoint now);
  [[nodiscard]] Halt halted() const noexcept { return halt_; }
  [[nodiscard]] SplitStanding standing(TimePoint now) const;
  [[nodiscard]] Finding finding() const { return trial_.finding(); }

 private:
  void look_at_turns(TimePoint now);
  void take(const Split::Totals& totals);
  void judge(const Split::Totals& totals, TimePoint now);
  void keep_point(TimePoint now);
  [[nodiscard]] std::optional<SplitBreaker> breaker_of(const std::string& circuit, std::uint64_t opened_before,
                                                       TimePoint now) const;
  [[nodiscard]] std::optional<SplitNeed> need(const Finding& finding, const Split::Totals& totals) const;

  const std::shared_ptr<Split> split_;
  const BreakerRegistry& registry_;
  const std::string current_circuit_, candidate_circuit_;
  const TimePoint since_;
  const std::uint64_t current_opened_, candidate_opened_;  ///< before it began
  Trial trial_;
  TimePoint next_;
  std::int64_t turn_;  ///< the latest block of time that was seen
  Split::Totals last_;
  Block current_, candidate_;  ///< since the trial got its last block
  Halt halt_ = Halt::none;
  std::optional<TimePoint> halted_;
  std::vector<SplitPoint> history_;
  std::uint64_t stride_ = 1;  ///< of blocks between points
};

}  // namespace switchgear::experiment
