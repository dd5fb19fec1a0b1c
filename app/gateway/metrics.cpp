// The gateway's own metrics, and those of the policies of its services.
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "app/gateway/gateway.hpp"
#include "app/gateway/service/service_values.hpp"
#include "switchgear/telemetry/metric_families.hpp"
#include "switchgear/telemetry/policy_metrics.hpp"

namespace switchgear::gateway {

namespace {

using telemetry::Label;
using telemetry::MetricFamilies;

constexpr std::array<const char*, 6> classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

void add_answers(MetricFamilies& to, const Label& service, const std::array<std::uint64_t, 6>& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] == 0) continue;
    to.counter("switchgear_gateway_requests_total",
               "Requests by the class of the answer; none: the client left before it. No service: none was "
               "chosen.",
               {service, {"code_class", classes[i]}}, answers[i]);
  }
}

/// Of a service whose connections were upgraded.
void add_upgrades(MetricFamilies& to, const Label& service, const UpgradeCounts& seen) {
  if (seen.begun + seen.refused == 0) return;
  to.gauge("switchgear_gateway_upgraded_connections", "Connections open now that carry another protocol.",
           {service}, static_cast<double>(seen.open()));
  to.counter("switchgear_gateway_upgrades_total", "Connections that were upgraded to another protocol.",
             {service}, seen.begun);
  to.counter("switchgear_gateway_upgrades_refused_total",
             "Requests for another protocol that the route does not pass on, and that were called without.",
             {service}, seen.refused);
  for (const UpgradeEnd end : upgrade_ends) {
    to.counter("switchgear_gateway_upgrades_ended_total", "Upgraded connections that have ended, by reason.",
               {service, {"reason", std::string{to_string(end)}}}, seen.ended_by(end));
  }
  const auto bytes = [&](const char* direction, std::uint64_t count) {
    to.counter("switchgear_gateway_upgraded_bytes_total", "Bytes carried by upgraded connections.",
               {service, {"direction", direction}}, count);
  };
  bytes("to_client", seen.bytes_to_client);
  bytes("to_service", seen.bytes_to_service);
}

void add_service(MetricFamilies& to, const WorkerCounts::OfService& seen) {
  const Label service{"service", seen.name};
  add_answers(to, service, seen.counts.answers);
  to.counter("switchgear_gateway_loops_total",
             "Requests answered with 508: this gateway had forwarded them before.", {service},
             seen.counts.loops);
  to.counter("switchgear_gateway_fresh_attempts_total",
             "Requests sent again because a kept connection turned out to be closed.", {service},
             seen.counts.fresh_attempts);
  to.counter("switchgear_responses_aborted_total",
             "Responses that the service broke off, or did not finish in time.", {service},
             seen.counts.responses_aborted);
  to.counter("switchgear_caller_timeouts_total",
             "Calls to a service that were cut off because their caller had no more time; not failures.",
             {service}, seen.counts.caller_timeouts);
  for (const FailureType type : failure_types) {
    to.counter("switchgear_failures_total",
               "Calls to a service that failed, by type of failure, with or without a breaker.",
               {service, {"type", std::string{to_string(type)}}},
               seen.counts.failures[static_cast<std::size_t>(type)]);
  }
  const auto connections = [&](const char* state, std::size_t count) {
    to.gauge("switchgear_gateway_pool_connections", "Connections to a service.", {service, {"state", state}},
             static_cast<double>(count));
  };
  add_upgrades(to, service, seen.counts.upgrades);
  connections("idle", seen.pool.idle);
  connections("busy", seen.pool.open - seen.pool.idle);
  to.gauge("switchgear_gateway_pool_waiting", "Requests waiting for a connection to a service.", {service},
           static_cast<double>(seen.pool.waiting));
}

/// Of a service whose calls are spread or judged.
void add_instances(MetricFamilies& to, const std::string& name, const InstanceSet& set, TimePoint now) {
  const instances::EjectionSnapshot seen = set.ejection().snapshot();
  if (seen.instances.size() == 1 && !set.ejects()) return;
  const Label service{"service", name};
  for (const instances::InstanceSnapshot& each : seen.instances) {
    const telemetry::Labels instance{service, {"instance", each.name}};
    to.gauge("switchgear_instance_usable", "1: calls go to the instance; 0: it is left out.", instance,
             each.ejected || each.found_bad ? 0 : 1);
    to.gauge("switchgear_instance_calls_in_flight", "Calls to the instance that have begun and not ended.",
             instance, each.in_flight);
    to.counter("switchgear_instance_calls_total", "Calls to the instance, attempts of their own included.",
               instance, each.calls);
    to.counter("switchgear_instance_failures_total",
               "Calls to the instance that ended with a 5xx or without an answer.", instance, each.failures);
  }
  for (const auto& [instance, count] : set.ejections(now))
    to.counter("switchgear_instance_ejections_total", "Times that the instance was left out by a rule.",
               {service, {"instance", instance}}, count);
  to.gauge("switchgear_instances_panic",
           "1: too few instances of the service are healthy, so that all are used.", {service}, seen.panic);
}

void add_clients(MetricFamilies& to, const WorkerCounts& all) {
  to.counter("switchgear_gateway_connections_accepted_total", "Client connections accepted.", {},
             all.accepted);
  to.counter("switchgear_gateway_accept_failures_total",
             "Times a client connection could not be accepted because descriptors or memory ran out.", {},
             all.accept_failures);
  to.counter("switchgear_gateway_idle_closed_total",
             "Idle client connections closed because other clients waited for a place.", {}, all.idle_closed);
  to.gauge("switchgear_gateway_connections", "Client connections open now.", {},
           static_cast<double>(all.connections));
  const tls::HandshakeCounts& handshakes = all.handshakes;
  const auto handshake = [&](const char* kind, std::uint64_t count) {
    to.counter("switchgear_gateway_tls_handshakes_total",
               "TLS handshakes with clients; resumed: of a session that the client had.", {{"kind", kind}},
               count);
  };
  handshake("full", handshakes.full);
  handshake("resumed", handshakes.resumed);
  const auto failed = [&](std::string_view reason, std::uint64_t count) {
    if (count == 0) return;
    to.counter("switchgear_gateway_tls_handshake_failures_total", "TLS handshakes with clients that failed.",
               {{"reason", std::string{reason}}}, count);
  };
  failed("timeout", handshakes.late);
  for (std::size_t i = 0; i < handshakes.failed.size(); ++i)
    failed(tls::word_of(static_cast<tls::Failure>(i)), handshakes.failed[i]);
}

void add_proxies(MetricFamilies& to, const ProxyCounts& proxies) {
  to.counter("switchgear_gateway_proxy_headers_total", "PROXY headers taken from trusted proxies.", {},
             proxies.headers);
  for (std::size_t i = 0; i < proxies.faults.size(); ++i) {
    if (proxies.faults[i] == 0) continue;
    to.counter("switchgear_gateway_proxy_header_failures_total",
               "Connections of trusted proxies closed because they did not begin with a PROXY header.",
               {{"reason", std::string{proxy_header_faults[i]}}}, proxies.faults[i]);
  }
  to.counter(
      "switchgear_gateway_malformed_deadlines_total",
      "Requests of trusted proxies whose x-request-deadline-ms was not one whole number, and was ignored.",
      {}, proxies.malformed_deadlines);
}

void add_policies(MetricFamilies& to, const std::string& name, const PolicySet& set, TimePoint now) {
  const telemetry::Labels service{{"service", name}};
  const GatewayPolicies::Objects& of = set.policies();
  if (of.retry) add_policy(to, service, *of.retry);
  if (of.budget) add_policy(to, service, *of.budget, now);
  if (of.hedge) {
    add_policy(to, service, *of.hedge);
    to.counter("switchgear_hedge_wins_total", "Hedges whose answer came first.", service,
               set.hedge_wins()->count());
  }
  if (of.bulkhead) add_policy(to, service, *of.bulkhead);
  if (of.adaptive_limit) add_policy(to, service, *of.adaptive_limit);
  if (of.admission) add_policy(to, service, *of.admission, now);
  if (of.rate_limiter) add_policy(to, service, *of.rate_limiter, now);
  if (of.cache) add_policy(to, service, *of.cache);
  if (of.fallback) add_policy(to, service, *of.fallback);
  if (of.queue) add_policy(to, service, *of.queue, now);
  if (of.chaos) add_policy(to, service, *of.chaos);
  if (of.by_value) add_values(to, name, *set.service().by, *of.by_value);
}

}  // namespace

void Gateway::add_metrics(MetricFamilies& to) const {
  const TimePoint now = http::EventLoop::now();
  const PolicySets sets = policy_sets();
  for (const auto& [name, set] : sets) add_policies(to, name, *set, now);
  for (const LeftQueue& each : left_queues()) {
    const std::string name = PolicySet::name_of(each.service, each.route_policy);
    if (!sets.contains(name)) add_policy(to, {{"service", name}}, *each.queue, now);
  }
  for (const auto& [name, set] : instance_sets()) add_instances(to, name, *set, now);
  const WorkerCounts all = counts();
  add_answers(to, {"service", ""}, all.unrouted);
  for (const WorkerCounts::OfService& service : all.services) add_service(to, service);
  add_clients(to, all);
  add_proxies(to, all.proxies);
}

}  // namespace switchgear::gateway
