// What the admin server answers: from a request to a response, without a socket.
// Never here: I/O, threads, the event stream's own traffic (event_stream.hpp).
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/admin/access.hpp"
#include "switchgear/admin/added_resources.hpp"
#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/admin/circuit_source.hpp"
#include "switchgear/admin/overview.hpp"
#include "switchgear/admin/program.hpp"
#include "switchgear/admin/route.hpp"
#include "switchgear/admin/server_counts.hpp"
#include "switchgear/admin/server_options.hpp"
#include "switchgear/observe/transition_log.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::admin {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;

/// Puts the headers on a response that every response carries: nothing is framed, sniffed, referred to or run
/// that this server did not send.
void harden(Response& response);

/// An RFC 9457 problem document.
[[nodiscard]] Response problem(boost::beast::http::status status, std::string_view detail,
                               boost::json::object members = {});

/// A JSON document.
[[nodiscard]] Response json_response(boost::beast::http::status status, const boost::json::value& value);

/// The connection that a request came on.
struct Arrival {
  std::string_view local_address;  ///< both without ports
  std::string_view client_address;
  const tls::ServerContext* tls = nullptr;  ///< that its certificate is from; null: it is not encrypted
};

/// Threads: one at a time.
class Api {
 public:
  /// `program` has a log of transitions and a queue of events, and outlives the Api, as the registry does.
  /// Throws std::invalid_argument when one of its resources cannot be served.
  Api(const ServerOptions& options, BreakerRegistry& registry, const Program& program);

  /// What to do with a request. `stream` is set when the request is a good one for the event stream; the
  /// response is then the one to a HEAD request.
  struct Answer {
    Response response;
    bool stream = false;
    bool audited = false;  ///< it has been reported already
  };
  [[nodiscard]] Answer answer(const Request& request, const Arrival& from, const ServerCounts& counts);

  [[nodiscard]] BreakerViews& views() noexcept { return views_; }
  [[nodiscard]] TimePoint now() const { return clock_(); }
  /// `{"at", "health", "resources", "circuit_breakers"}`; `resources` are the paths of reports and of
  /// what the program has added for reading.
  [[nodiscard]] boost::json::object snapshot_json() const;
  [[nodiscard]] std::string_view health() const { return overview_.health(clock_()); }
  /// Drops the transitions of breakers that have left the registry.
  void forget_removed_breakers() const;
  /// Tells the program of a client of the event stream that is disconnected because it reads too slowly.
  void report_slow_client(std::string_view address) const;
  /// Tells it of a client whose TLS handshake failed. `why`: a clause, `its certificate has expired`.
  void report_handshake(std::string_view address, std::string_view why) const;

 private:
  [[nodiscard]] Answer added(const Request& request, const Arrival& from);
  [[nodiscard]] std::optional<Response> refused(const Request& request, const Route& route,
                                                const Arrival& from) const;
  [[nodiscard]] std::optional<Response> change_refused(const Request& request, const Arrival& from) const;
  [[nodiscard]] std::optional<Response> reading_refused(const Request& request) const;
  /// Of a server for probes alone.
  [[nodiscard]] Response probe_response(const Request& request, const Routed& routed) const;
  [[nodiscard]] Response read(const Request& request, const Route& route, const ServerCounts& counts) const;
  [[nodiscard]] Response command(const Route& route);
  void report_refusal(const Request& request, std::string_view client, unsigned answered) const;
  void audit(std::string_view word, const std::string& name, std::string_view client, unsigned answered);
  [[nodiscard]] Response reload() const;
  [[nodiscard]] Response health_response() const;
  [[nodiscard]] Response circuits_health_response() const;
  [[nodiscard]] Response breaker_response(const std::string& name) const;
  [[nodiscard]] Response status_response(const ServerCounts& counts) const;
  [[nodiscard]] Response metrics_response(const Request& request, const ServerCounts& counts) const;
  [[nodiscard]] boost::json::object view(const CircuitBreaker& breaker) const;
  [[nodiscard]] boost::json::array resource_paths() const;
  void add_own_metrics(telemetry::MetricFamilies& to, const ServerCounts& counts) const;

  AccessRules access_;
  const Serves serves_;
  BreakerRegistry& registry_;
  const Program& program_;
  TransitionLog& transitions_;
  std::function<TimePoint()> clock_;
  TimePoint started_;
  CircuitSource circuits_;
  BreakerViews views_;
  Overview overview_;
  std::vector<AddedResource> resources_;  ///< reports, data of dashboards, and the program's
  AddedResources added_;
  std::map<std::pair<std::string_view, CommandResult>, std::uint64_t> commands_;
};

}  // namespace switchgear::admin
