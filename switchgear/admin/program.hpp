// What the program around an admin server adds to it.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/admin/added_resource.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/diagnosis/circuit_present.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear {
class CallDurations;
class EventQueue;
class TransitionLog;
}  // namespace switchgear

namespace switchgear::admin {

struct ReloadResult {
  bool ok = false;
  std::vector<std::string> messages;  ///< what changed, or what is wrong
};

/// What the program around the server adds to a registry. All of it is optional, and borrowed until the
/// server has stopped. Functions are called on the server's executor, one at a time; they must neither block
/// it for long nor stop the server.
struct Program {
  std::function<bool()> ready = {};                                   ///< GET /readyz; empty: always ready
  std::function<ReloadResult()> reload = {};                          ///< POST /reload; empty: 501
  std::function<std::map<std::string, std::string>()> policies = {};  ///< circuit → name of its policy
  std::function<boost::json::object()> services = {};  ///< of GET /status: service → what it does
  std::function<boost::json::object()> status = {};    ///< further members of GET /status
  telemetry::MetricSource metrics = {};                ///< further families for GET /metrics
  const CallDurations* durations = nullptr;            ///< for the histograms of GET /metrics
  /// Subscribed by its owner, before `events`, so that it also knows what happened before the server was
  /// made. Once a minute the server drops the transitions of breakers that have left the registry. Null: the
  /// server has one of its own.
  std::shared_ptr<TransitionLog> transitions = nullptr;
  /// What the event stream is made from, subscribed to the registry by its owner. The server adds every
  /// request that changes something (LoggedCommand), every client of the event stream that it disconnects
  /// (LoggedSlowClient), every TLS handshake that failed (LoggedHandshake), and every other request that is
  /// refused (LoggedRefusal). Null: the server has one of
  /// its own.
  std::shared_ptr<EventQueue> events = nullptr;
  /// Of reports and diagnoses: the kept past of one circuit from `from` to `to`, oldest first; nothing when
  /// none is kept. Empty: they are made from what is in memory.
  std::function<std::optional<CircuitHistory>(const std::string& circuit, WallAnchor::Wall from,
                                              WallAnchor::Wall to)>
      history = {};
  /// Likewise: circuit → what stands around its breaker.
  std::function<std::map<std::string, CircuitSurroundings>()> surroundings = {};
  std::function<boost::json::array()> alerts = {};  ///< of GET /dashboard-data: those that are not resolved
  std::vector<AddedResource> resources = {};        ///< beside the server's own
};

}  // namespace switchgear::admin
