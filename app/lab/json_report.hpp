// A replay for programs: JSON lines as docs/replay.md lists them. Times are exact decimals of seconds.
#pragma once

#include <ostream>
#include <string_view>

#include "app/lab/json_object.hpp"
#include "app/lab/replay_report.hpp"

namespace switchgear::lab {

class JsonReport : public ReplayReport {
 public:
  explicit JsonReport(std::ostream& out) : out_(out) {}

  void about(const EventOwner& owner) override { owner_ = owner; }
  void on_operation(const Operation& operation) override;
  void on_transition(const Transition& transition) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;
  void on_end(const ReplaySummary& summary) override;

 private:
  /// An object with the field `event`, and whose it is.
  [[nodiscard]] JsonObject event(std::string_view word, TimePoint at) const;

  std::ostream& out_;
  EventOwner owner_;
};

}  // namespace switchgear::lab
