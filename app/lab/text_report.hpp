// A replay for people: a line per transition with its evidence, then a table of totals.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "app/lab/replay_report.hpp"

namespace switchgear::lab {

class TextReport : public ReplayReport {
 public:
  /// `out` is borrowed.
  explicit TextReport(std::ostream& out) : out_(out) {}

  void about(const EventOwner& owner) override {
    owner_ = owner.route_policy.empty() ? owner.value : owner.route_policy;
  }
  void on_operation(const Operation& operation) override;
  void on_transition(const Transition& transition) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;
  void on_end(const ReplaySummary& summary) override;

 private:
  /// A line of what happened at a time; `what` and, behind it, why.
  void line(TimePoint at, std::string_view what, std::string_view why);

  /// A line of a table.
  void row(std::string_view name, std::uint64_t count, const std::string& remark = {});
  void totals(const BreakerSnapshot& breaker, Duration length);
  void totals(const ValueSummary& values);

  std::ostream& out_;
  std::string owner_;  ///< whose breaker events are of; empty: the service's
  bool any_transition_ = false;
};

}  // namespace switchgear::lab
