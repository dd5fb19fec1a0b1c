// Everything that the program is at a moment, in one JSON document: for people and scripts (GET /status), for
// a dashboard of their own (GET /dashboard-data), and as the beginning of the event stream. Never here: HTTP.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/admin/added_resource.hpp"
#include "switchgear/admin/breaker_look.hpp"
#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/admin/circuit_source.hpp"
#include "switchgear/admin/program.hpp"
#include "switchgear/admin/server_counts.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/health.hpp"

namespace switchgear::admin {

/// Borrows all it is given. Threads: one at a time.
class Overview {
 public:
  /// GET /dashboard-data has the curves of so many circuits, those with the lowest health score.
  static constexpr std::size_t most_graphs = 20;

  /// `started`: when the server was made.
  Overview(const Program& program, const CircuitSource& circuits, const BreakerViews& views,
           TimePoint started)
      : program_(program), circuits_(circuits), views_(views), started_(started) {}

  /// `{"at", "health", "circuit_breakers"}`.
  [[nodiscard]] boost::json::object snapshot(TimePoint now) const;
  [[nodiscard]] boost::json::object status(const ServerCounts& counts, TimePoint now) const;

  /// `{"timestamp", "summary", "breakers", "alerts", "graphs"}`. `since`: how far back the curves go.
  [[nodiscard]] boost::json::object dashboard_data(Duration since, TimePoint now) const;

  [[nodiscard]] std::vector<Standing> standings(TimePoint now) const;
  [[nodiscard]] std::string_view health(TimePoint now) const;

 private:
  using Conditions = CircuitSource::Conditions;

  [[nodiscard]] boost::json::array breakers(const Conditions& conditions, TimePoint now) const;
  [[nodiscard]] boost::json::object system_health(const Conditions& conditions, TimePoint now) const;
  [[nodiscard]] boost::json::object graphs(const Conditions& conditions, Duration since, TimePoint now) const;
  [[nodiscard]] std::string wall_text(TimePoint at) const;

  const Program& program_;
  const CircuitSource& circuits_;
  const BreakerViews& views_;
  const TimePoint started_;
};

/// `{"closed": 3, "open": 1, …}`: every state.
[[nodiscard]] boost::json::object count_by_state(const std::vector<Standing>& seen);
[[nodiscard]] Health health_of(const std::vector<Standing>& seen);
/// How many of them the fleet refuses calls, or holds back the probes of.
[[nodiscard]] std::uint64_t held_by_fleet(const std::vector<Standing>& seen);

/// GET /dashboard-data. Borrows `overview`.
[[nodiscard]] AddedResource dashboard_data_resource(const Overview& overview,
                                                    std::function<TimePoint()> clock);

}  // namespace switchgear::admin
