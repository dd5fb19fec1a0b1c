// The breakers of a gateway as its stream of events tells them.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/control/server_events.hpp"
#include "app/top/rate_history.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

struct Circuit {
  std::string name;   ///< as the server has it: a key
  std::string shown;  ///< the same for a terminal
  std::string state;
  bool metrics_only = false;
  bool ramping = false;
  std::optional<double> ramp_share;  ///< of calls that a controlled ramp lets through; empty without one
  bool fleet_open = false;
  std::string level;          ///< `critical`; empty unless it is a multi-level breaker above its first level
  std::optional<int> health;  ///< 0 to 100; empty if the server is too old to give it
  Rates rates;
  double failure_rate = 0;  ///< of its window
  boost::json::object document;
  RateHistory history;

  /// Seconds that are left of an opening.
  [[nodiscard]] std::optional<double> retry_in(TimePoint now) const;
  /// Seconds since it came into its state.
  [[nodiscard]] std::optional<double> in_state_for(TimePoint now) const;
  /// True if it refuses every call.
  [[nodiscard]] bool refuses() const { return state == "open" || state == "forced_open" || fleet_open; }
  /// `half_open`, `closed (ramp)`, `closed (22%)` on a controlled one, `fleet_open`, `open (m)` for metrics
  /// only, `open (c)` at level critical.
  [[nodiscard]] std::string state_text() const;

  std::optional<double> retry_after;  ///< when it was received
  std::optional<double> age;          ///< of its state, then
  TimePoint received{};
};

/// Threads: one.
class Circuits {
 public:
  using Map = std::map<std::string, Circuit, std::less<>>;

  /// Throws std::exception for data that is not what an admin API sends.
  void apply(const control::ServerEvent& event, TimePoint now);

  /// Adds to every history what has become due since the last time: a second each, unknown while the data is
  /// `stale`.
  enum class Data { live, stale };
  void sample(TimePoint now, Data data);

  [[nodiscard]] const Map& all() const noexcept { return circuits_; }
  [[nodiscard]] const Circuit* find(std::string_view name) const;
  [[nodiscard]] std::size_t refusing() const;
  [[nodiscard]] const std::string& health() const noexcept { return health_; }  ///< `degraded`

 private:
  void update(const boost::json::object& breaker, double at, TimePoint now);

  Map circuits_;
  std::string health_;
  std::optional<TimePoint> sampled_;
};

}  // namespace switchgear::top
