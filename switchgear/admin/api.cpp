#include "switchgear/admin/api.hpp"

#include <algorithm>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/json/array.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include "switchgear/admin/assets.hpp"
#include "switchgear/admin/json_text.hpp"
#include "switchgear/admin/metrics_json.hpp"
#include "switchgear/admin/report_resources.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/observe/health.hpp"
#include "switchgear/telemetry/breaker_metrics.hpp"
#include "switchgear/telemetry/prometheus_text.hpp"

#ifndef SWITCHGEAR_VERSION
#error "the build defines the version"
#endif

namespace switchgear::admin {
namespace http = boost::beast::http;
namespace json = boost::json;
namespace {

std::string_view field(const Request& request, http::field name) {
  const auto found = request.find(name);
  return found == request.end() ? std::string_view{} : std::string_view{found->value()};
}

Response asset_response(const Request& request, std::string_view name) {
  const Asset* asset = find_asset(name);
  if (asset == nullptr) return problem(http::status::not_found, "the program has no such file");
  Response response{http::status::ok, 11};
  response.set(http::field::etag, asset->etag);
  response.set(http::field::cache_control, "no-cache");  // revalidated each time by the ETag
  if (field(request, http::field::if_none_match) == asset->etag) {
    response.result(http::status::not_modified);
    return response;
  }
  response.set(http::field::content_type, asset->content_type);
  response.body() = asset->content;
  return response;
}

std::ptrdiff_t lines_of(const Request& request, http::field name) {
  const auto lines = request.equal_range(name);
  return std::distance(lines.first, lines.second);
}

Response response_of(const ResourceAnswer& answer) {
  if (const auto* document = std::get_if<Json>(&answer))
    return json_response(http::int_to_status(document->status), document->value);
  if (const auto* wrong = std::get_if<Problem>(&answer))
    return problem(http::int_to_status(wrong->status), wrong->detail, wrong->members);
  const Text& text = std::get<Text>(answer);
  Response response{http::status::ok, 11};
  response.set(http::field::content_type, text.content_type);
  if (!text.file_name.empty())
    response.set(http::field::content_disposition, "attachment; filename=\"" + text.file_name + "\"");
  response.body() = text.content;
  return response;
}

Response not_allowed(std::string_view methods) {
  Response refusal = problem(http::status::method_not_allowed, "this resource does not have that method");
  refusal.set(http::field::allow, methods);
  return refusal;
}

bool reads(const Request& request) {
  return request.method() == http::verb::get || request.method() == http::verb::head;
}

Response no_such_breaker(const std::string& name) {
  return problem(http::status::not_found, "the circuit breaker does not exist", {{"circuit", name}});
}

/// The program's resources and the server's own.
std::vector<AddedResource> with_own(const std::vector<AddedResource>& of_program,
                                    const CircuitSource& circuits, const Overview& overview,
                                    const std::function<TimePoint()>& clock) {
  std::vector<AddedResource> all = report_resources(circuits, clock);
  all.push_back(dashboard_data_resource(overview, clock));
  all.insert(all.end(), of_program.begin(), of_program.end());
  return all;
}

std::function<TimePoint()> clock_or_steady(const std::function<TimePoint()>& clock) {
  if (clock) return clock;
  return [] { return TimePoint{std::chrono::steady_clock::now()}; };
}

void add_handshakes(telemetry::MetricFamilies& to, const tls::HandshakeCounts& handshakes) {
  const auto done = [&](const char* kind, std::uint64_t count) {
    to.counter("switchgear_admin_tls_handshakes_total",
               "TLS handshakes with clients of the admin server; resumed: of a session that the client had.",
               {{"kind", kind}}, count);
  };
  done("full", handshakes.full);
  done("resumed", handshakes.resumed);
  const auto failed = [&](std::string_view reason, std::uint64_t count) {
    if (count == 0) return;
    to.counter("switchgear_admin_tls_handshake_failures_total",
               "TLS handshakes with clients of the admin server that failed.",
               {{"reason", std::string{reason}}}, count);
  };
  failed("timeout", handshakes.late);
  for (std::size_t i = 0; i < handshakes.failed.size(); ++i)
    failed(tls::word_of(static_cast<tls::Failure>(i)), handshakes.failed[i]);
}

}  // namespace

Api::Api(const ServerOptions& options, BreakerRegistry& registry, const Program& program)
    : access_(options.host, options.token, options.origins, options.read_token),
      serves_(options.serves),
      registry_(registry),
      program_(program),
      transitions_(*program.transitions),
      clock_(clock_or_steady(options.clock)),
      started_(clock_()),
      circuits_(registry, program, registry.anchor().to_wall(started_)),
      views_(registry, transitions_),
      overview_(program, circuits_, views_, started_),
      resources_(with_own(program.resources, circuits_, overview_, clock_)),
      added_(resources_) {}

Api::Answer Api::answer(const Request& request, const Arrival& from, const ServerCounts& counts) {
  Answer made;
  try {
    const Routed routed = route_of(std::string_view{request.target()});
    if (lines_of(request, http::field::host) != 1) {
      made.response = problem(http::status::bad_request, "a request needs exactly one Host header");
    } else if (serves_ == Serves::probes) {
      made.response = probe_response(request, routed);
    } else if (lines_of(request, http::field::authorization) > 1 ||
               lines_of(request, http::field::origin) > 1) {
      // A proxy before this server may have checked the other one.
      made.response =
          problem(http::status::bad_request, "a request has at most one Authorization header and one Origin");
    } else if (!access_.host_allowed(field(request, http::field::host), from.local_address, from.tls)) {
      made.response =
          problem(http::status::forbidden, "this server does not answer to that Host; see admin origins");
    } else if (routed.error == RouteError::malformed) {
      made.response = problem(http::status::bad_request, "the request target is malformed");
    } else if (routed.error == RouteError::unknown) {
      made = added(request, from);
    } else if (auto refusal = refused(request, routed.route, from)) {
      made.response = std::move(*refusal);
    } else if (routed.route.resource == Resource::breaker_command) {
      made.response = command(routed.route);
    } else if (routed.route.resource == Resource::reload) {
      made.response = reload();
    } else {
      made.response = read(request, routed.route, counts);
      made.stream = routed.route.resource == Resource::events && request.method() == http::verb::get;
    }
    if (serves_ == Serves::everything && routed.error == RouteError::none && routed.route.changes() &&
        request.method() == http::verb::post) {
      const std::string_view word = routed.route.command ? word_of(*routed.route.command) : "reload";
      audit(word, routed.route.name, from.client_address, made.response.result_int());
    } else if (!made.audited) {
      report_refusal(request, from.client_address, made.response.result_int());
    }
  } catch (const boost::system::system_error& error) {  // its text would name a file of Boost's
    made.response = problem(http::status::internal_server_error, error.code().message());
  } catch (const std::exception& error) {
    made.response = problem(http::status::internal_server_error, error.what());
  } catch (...) {
    made.response = problem(http::status::internal_server_error,
                            "the program's handler threw something that is not a std::exception");
  }
  harden(made.response);
  return made;
}

/// A resource of the program's.
Api::Answer Api::added(const Request& request, const Arrival& from) {
  const std::string_view client = from.client_address;
  const std::string_view target{request.target()};
  const auto found = added_.find(target);
  const bool changes = request.method() == http::verb::post;
  const AddedResource* resource = !found ? nullptr : changes ? found->post : found->get;
  if (resource == nullptr || !(changes || reads(request))) {
    if (auto refusal = reading_refused(request)) return {.response = std::move(*refusal)};
    return {.response = found ? not_allowed(found->allow())
                              : problem(http::status::not_found, "there is nothing under this path")};
  }
  const auto parameters = parameters_of(target, *resource);
  const auto* const good = std::get_if<0>(&parameters);
  const auto with = [&](const auto& handle) {
    return handle(ResourceRequest{found->name, *good, request.body(), client});
  };
  const auto answer = [&]() -> Response {
    if (auto refusal = changes ? change_refused(request, from) : reading_refused(request))
      return std::move(*refusal);
    if (good == nullptr) return response_of(std::get<Problem>(parameters));
    return response_of(with(resource->handle));
  };
  if (!changes) return {.response = answer()};
  const std::string subject = good != nullptr && resource->subject ? with(resource->subject) : found->name;
  Response made;
  try {
    made = answer();
  } catch (...) {
    audit(resource->command, subject, client, 500);
    throw;
  }
  audit(resource->command, subject, client, made.result_int());
  return {.response = std::move(made), .audited = true};
}

/// By its origin or token; then by its method, so that without a token nothing is learnt of what there is.
std::optional<Response> Api::refused(const Request& request, const Route& route, const Arrival& from) const {
  const bool fits = route.changes() ? request.method() == http::verb::post : reads(request);
  const bool probe = route.resource == Resource::live || route.resource == Resource::ready;
  std::optional<Response> refusal;
  if (fits && route.changes()) {
    refusal = change_refused(request, from);
  } else if (!probe) {
    refusal = reading_refused(request);
  }
  if (!refusal && !fits) refusal = not_allowed(route.allow());
  return refusal;
}

/// A browser asks its user for the token because of `Basic`, and sends it with all requests from then on.
std::optional<Response> Api::reading_refused(const Request& request) const {
  if (access_.may_read(field(request, http::field::authorization))) return std::nullopt;
  Response refusal =
      problem(http::status::unauthorized, "this request needs the read token or the admin token");
  refusal.insert(http::field::www_authenticate, "Basic realm=\"switchgear\", charset=\"UTF-8\"");
  refusal.insert(http::field::www_authenticate, "Bearer realm=\"switchgear\"");
  return refusal;
}

Response Api::probe_response(const Request& request, const Routed& routed) const {
  const bool probe = routed.error == RouteError::none &&
                     (routed.route.resource == Resource::live || routed.route.resource == Resource::ready);
  if (!probe)
    return problem(http::status::not_found, "this address serves only health probes: /livez and /readyz");
  if (!reads(request)) return not_allowed(routed.route.allow());
  return read(request, routed.route, {});
}

std::optional<Response> Api::change_refused(const Request& request, const Arrival& from) const {
  const auto origin = request.find(http::field::origin);
  const auto said = origin == request.end() ? std::nullopt : std::optional<std::string_view>{origin->value()};
  if (!access_.origin_allowed(said, field(request, http::field::host), from.tls)) {
    return problem(http::status::forbidden, "changing requests from that Origin are refused");
  }
  if (!access_.token_allowed(field(request, http::field::authorization))) {
    Response refusal = problem(http::status::unauthorized, "this request needs the admin token");
    refusal.set(http::field::www_authenticate, "Bearer realm=\"switchgear\"");
    return refusal;
  }
  return std::nullopt;
}

Response Api::read(const Request& request, const Route& route, const ServerCounts& counts) const {
  switch (route.resource) {
    case Resource::root: {
      Response response{http::status::see_other, 11};
      response.set(http::field::location, "dashboard");
      return response;
    }
    case Resource::live:
      return json_response(http::status::ok, {{"status", "alive"}});
    case Resource::ready: {
      const bool ready = !program_.ready || program_.ready();
      if (ready) return json_response(http::status::ok, {{"status", "ready"}});
      return json_response(http::status::service_unavailable, {{"status", "not ready"}});
    }
    case Resource::health:
      return health_response();
    case Resource::circuits_health:
      return circuits_health_response();
    case Resource::breakers:
      return json_response(http::status::ok, {{"circuit_breakers", snapshot_json()["circuit_breakers"]}});
    case Resource::breaker:
      return breaker_response(route.name);
    case Resource::status:
      return status_response(counts);
    case Resource::metrics:
      return metrics_response(request, counts);
    case Resource::dashboard:
      return asset_response(request, "index.html");
    case Resource::asset:
      return asset_response(request, route.name);
    case Resource::runbook:
      return asset_response(request, std::string{runbook_folder} + route.name);
    case Resource::openapi:
      return asset_response(request, openapi_document);
    case Resource::events: {
      Response response{http::status::ok, 11};
      response.set(http::field::content_type, "text/event-stream");
      return response;
    }
    case Resource::breaker_command:
    case Resource::reload:
      break;
  }
  return problem(http::status::not_found, "there is nothing under this path");
}

Response Api::command(const Route& route) {
  const auto breaker = registry_.find(route.name);
  if (!breaker) return no_such_breaker(route.name);
  breaker->command(*route.command, clock_());
  return json_response(http::status::ok, view(*breaker));
}

void Api::audit(std::string_view word, const std::string& name, std::string_view client, unsigned answered) {
  CommandResult result = CommandResult::invalid;
  if (answered / 100 == 2) result = CommandResult::done;
  if (answered == 404) result = CommandResult::not_found;
  if (answered == 401) result = CommandResult::unauthorized;
  if (answered == 403) result = CommandResult::forbidden;
  ++commands_[{word, result}];
  program_.events->publish(LoggedCommand{std::string{word}, name, std::string{client}, result});
}

void Api::report_refusal(const Request& request, std::string_view client, unsigned answered) const {
  if (answered != 401 && answered != 403) return;
  using Why = LoggedRefusal::Why;
  const bool silent = field(request, http::field::authorization).empty();
  const Why why = answered == 403 ? Why::foreign : silent ? Why::no_token : Why::wrong_token;
  const std::string_view target{request.target()};
  std::string what =
      std::string{request.method_string()} + " " + std::string{target.substr(0, target.find('?'))};
  program_.events->publish(LoggedRefusal{std::move(what), std::string{client}, why});
}

void Api::report_slow_client(std::string_view address) const {
  program_.events->publish(LoggedSlowClient{std::string{address}});
}

void Api::report_handshake(std::string_view address, std::string_view why) const {
  program_.events->publish(LoggedHandshake{std::string{address}, std::string{why}});
}

Response Api::reload() const {
  if (!program_.reload)
    return problem(http::status::not_implemented, "this program has no configuration to reload");
  const ReloadResult result = program_.reload();
  json::array messages;
  for (const std::string& each : result.messages) messages.emplace_back(each);
  if (!result.ok) {
    return problem(http::status::unprocessable_entity, "the configuration is not valid; nothing was changed",
                   {{"messages", std::move(messages)}});
  }
  forget_removed_breakers();
  return json_response(http::status::ok, {{"status", "reloaded"}, {"messages", std::move(messages)}});
}

void Api::forget_removed_breakers() const {
  std::vector<std::string> names;
  for (const auto& breaker : registry_.all()) names.push_back(breaker->name());
  transitions_.keep_only(names);
}

Response Api::health_response() const {
  const std::vector<Standing> seen = overview_.standings(clock_());
  const Health overall = health_of(seen);
  return json_response(overall == Health::unhealthy ? http::status::service_unavailable : http::status::ok,
                       {{"status", to_string(overall)},
                        {"circuit_breakers", count_by_state(seen)},
                        {"fleet_open", held_by_fleet(seen)}});
}

Response Api::circuits_health_response() const {
  json::object circuits;
  json::array held;
  bool all_closed = true;
  for (const auto& breaker : registry_.all()) {
    const BreakerSnapshot seen = breaker->snapshot(clock_());
    all_closed = all_closed && seen.state == State::closed && !seen.advised;
    circuits[breaker->name()] = to_string(seen.state);
    if (seen.advised) held.emplace_back(breaker->name());
  }
  return json_response(
      all_closed ? http::status::ok : http::status::service_unavailable,
      {{"all_closed", all_closed}, {"circuits", std::move(circuits)}, {"fleet_open", std::move(held)}});
}

Response Api::breaker_response(const std::string& name) const {
  const auto breaker = registry_.find(name);
  if (!breaker) return no_such_breaker(name);
  json::object made = view(*breaker);
  json::array transitions;
  for (const auto& each : transitions_.of(name))
    transitions.push_back(transition_json(each, registry_.anchor()));
  made["transitions"] = std::move(transitions);
  return json_response(http::status::ok, made);
}

json::object Api::view(const CircuitBreaker& breaker) const { return views_.of(breaker, clock_()); }

json::array Api::resource_paths() const {
  json::array paths;
  for (const AddedResource& each : resources_) {
    if (each.method == Method::get && (!each.offered || each.offered())) paths.emplace_back(each.path);
  }
  return paths;
}

json::object Api::snapshot_json() const {
  json::object made = overview_.snapshot(clock_());
  made["resources"] = resource_paths();
  return made;
}

Response Api::status_response(const ServerCounts& counts) const {
  json::object made = overview_.status(counts, clock_());
  made["resources"] = resource_paths();
  return json_response(http::status::ok, made);
}

void Api::add_own_metrics(telemetry::MetricFamilies& to, const ServerCounts& counts) const {
  to.gauge("switchgear_build_info", "The version that runs, as a label.", {{"version", SWITCHGEAR_VERSION}},
           1);
  to.gauge("switchgear_uptime_seconds", "Time since the admin server was made.", {},
           to_seconds(saturating_sub(clock_(), started_)));
  to.gauge("switchgear_admin_connections", "Open connections to the admin server.", {},
           static_cast<double>(counts.connections));
  to.counter("switchgear_admin_connections_closed_for_others_total",
             "Connections to the admin server closed to make room for others.", {}, counts.closed_for_others);
  for (const auto& [key, count] : commands_) {
    to.counter("switchgear_admin_commands_total", "Requests that change something, by command and result.",
               {{"command", std::string{key.first}}, {"result", std::string{to_string(key.second)}}}, count);
  }
  to.counter("switchgear_admin_requests_total", "Requests the admin server has answered.", {},
             counts.requests);
  add_handshakes(to, counts.handshakes);
  to.gauge("switchgear_events_clients", "Clients of the event stream.", {},
           static_cast<double>(counts.events_clients));
  to.counter("switchgear_events_dropped_total",
             "Clients of the event stream that were dropped because they read too slowly.", {},
             counts.events_dropped);
}

Response Api::metrics_response(const Request& request, const ServerCounts& counts) const {
  telemetry::MetricFamilies all;
  telemetry::add_breakers(all, registry_, clock_(), {program_.transitions.get(), program_.durations});
  add_own_metrics(all, counts);
  if (program_.metrics) program_.metrics(all);
  if (field(request, http::field::accept).find("application/json") != std::string_view::npos) {
    json::object circuits;
    for (const auto& breaker : registry_.all()) {
      circuits[breaker->name()] = totals_json(breaker->snapshot(clock_()).totals);
    }
    return json_response(http::status::ok,
                         {{"circuits", std::move(circuits)}, {"metrics", metrics_json(all)}});
  }
  Response response{http::status::ok, 11};
  response.set(http::field::content_type, telemetry::prometheus_content_type);
  response.body() = telemetry::prometheus_text(all);
  return response;
}

}  // namespace switchgear::admin
