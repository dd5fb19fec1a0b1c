// A replay for people: a line per transition with its evidence, then a table of totals.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "app/lab/replay_report.hpp"

namespace switchgear::lab {

class TextReport : public ReplayReport {
 public:
  /// `out` is borrowed.
  explicit TextReport(std::ostream& out) : out_(out) {}

  void about(std::string_view value) override { value_ = value; }
  void on_operation(const Operation& operation) override;
  void on_transition(const Transition& transition) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;
  void on_end(const ReplaySummary& summary) override;

 private:
  /// A line of what happened at a time; `what` and, behind it, why.
  void line(TimePoint at, std::string_view what, std::string_view why);

  std::ostream& out_;
  std::string value_;  ///< that events are of
  bool any_transition_ = false;
};

}  // namespace switchgear::lab
