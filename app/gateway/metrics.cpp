// The gateway's own metrics, in Prometheus' format.
#include <array>
#include <utility>

#include "app/gateway/gateway.hpp"
#include "app/gateway/metric_family.hpp"

namespace switchgear::gateway {

namespace {

constexpr std::array<const char*, 6> classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

void add_answers(prometheus::MetricFamily& to, const std::string& service,
                 const std::array<std::uint64_t, 6>& answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] != 0)
      add(to, {{"service", service}, {"code_class", classes[i]}}, static_cast<double>(answers[i]));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> Gateway::Collect() const {
  using prometheus::MetricType;
  const WorkerCounts all = counts();
  auto requests = family(
      "switchgear_gateway_requests_total",
      "Requests by the class of the answer; none: the client left before it. No service: none was chosen.",
      MetricType::Counter);
  auto fresh =
      family("switchgear_gateway_fresh_attempts_total",
             "Requests sent again because a kept connection turned out to be closed.", MetricType::Counter);
  auto aborted =
      family("switchgear_responses_aborted_total",
             "Responses that the service broke off, or did not finish in time.", MetricType::Counter);
  auto failed = family("switchgear_failures_total",
                       "Calls to a service that failed, by type of failure, with or without a breaker.",
                       MetricType::Counter);
  auto pool = family("switchgear_gateway_pool_connections", "Connections to a service.", MetricType::Gauge);
  auto waiting = family("switchgear_gateway_pool_waiting", "Requests waiting for a connection to a service.",
                        MetricType::Gauge);
  auto loops =
      family("switchgear_gateway_loops_total",
             "Requests answered with 508: this gateway had forwarded them before.", MetricType::Counter);
  auto accepted = family("switchgear_gateway_connections_accepted_total", "Client connections accepted.",
                         MetricType::Counter);
  auto failures =
      family("switchgear_gateway_accept_failures_total",
             "Times a client connection could not be accepted because descriptors or memory ran out.",
             MetricType::Counter);
  auto idle_closed =
      family("switchgear_gateway_idle_closed_total",
             "Idle client connections closed because other clients waited for a place.", MetricType::Counter);
  auto connections =
      family("switchgear_gateway_connections", "Client connections open now.", MetricType::Gauge);

  add_answers(requests, "", all.unrouted);
  for (const WorkerCounts::OfService& service : all.services) {
    add_answers(requests, service.name, service.counts.answers);
    add(loops, {{"service", service.name}}, static_cast<double>(service.counts.loops));
    add(fresh, {{"service", service.name}}, static_cast<double>(service.counts.fresh_attempts));
    add(aborted, {{"service", service.name}}, static_cast<double>(service.counts.responses_aborted));
    for (const FailureType type : failure_types) {
      add(failed, {{"service", service.name}, {"type", std::string{to_string(type)}}},
          static_cast<double>(service.counts.failures[static_cast<std::size_t>(type)]));
    }
    add(pool, {{"service", service.name}, {"state", "idle"}}, static_cast<double>(service.pool.idle));
    add(pool, {{"service", service.name}, {"state", "busy"}},
        static_cast<double>(service.pool.open - service.pool.idle));
    add(waiting, {{"service", service.name}}, static_cast<double>(service.pool.waiting));
  }
  add(accepted, {}, static_cast<double>(all.accepted));
  add(failures, {}, static_cast<double>(all.accept_failures));
  add(idle_closed, {}, static_cast<double>(all.idle_closed));
  add(connections, {}, static_cast<double>(all.connections));
  std::vector<prometheus::MetricFamily> families = policy_metrics(policy_sets(), http::EventLoop::now());
  families.insert(families.end(), {requests, loops, fresh, aborted, failed, pool, waiting, accepted, failures,
                                   idle_closed, connections});
  return families;
}

}  // namespace switchgear::gateway
