#include "app/check/surroundings.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "switchgear/config/address.hpp"

namespace switchgear::check {

namespace {

/// A stored request's, and beside it the path that a route has made for the service.
std::uint64_t stored_head_bytes(const config::Service& service,
                                const config::GatewayLimits& limits) noexcept {
  std::uint64_t most = 0;
  for (const config::Route& route : service.routes) {
    if (!route.changes_path()) continue;
    most =
        std::max<std::uint64_t>(most, limits.target_bytes + (route.rewrite ? route.rewrite->to.size() : 0));
  }
  return limits.header_bytes + most;
}

/// How many addresses a name has, each of which is an instance, is not known here.
bool is_counted(const config::Service& service) noexcept {
  return !service.dns_refresh || std::ranges::all_of(service.upstreams, [](const config::Upstream& each) {
    return config::is_address(each.at.host);
  });
}

/// Attempts that one client can have in flight.
std::uint64_t attempts_of_a_client(const analysis::Policy& policy) noexcept {
  return policy.hedge ? std::uint64_t{policy.hedge->max_hedges} + 1 : 1;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

}  // namespace

analysis::Surroundings surroundings_of(const config::Service& service,
                                       const config::GatewayOptions& gateway) noexcept {
  analysis::Surroundings around{.timeout = config::gateway_timeout,
                                .clients = std::uint64_t{gateway.limits.connections} * gateway.threads,
                                .connections = std::nullopt,
                                .head_bytes = stored_head_bytes(service, gateway.limits),
                                .buffered_body_bytes = gateway.limits.buffered_body_bytes,
                                .cached_body_bytes = gateway.limits.cached_body_bytes};
  if (is_counted(service)) {
    around.connections =
        std::uint64_t{service.pool.max_connections} * gateway.threads * service.upstreams.size();
  }
  if (service.by) around.breakers_by = service.by->header;
  return around;
}

ServiceOutlook outlook_of(const config::Service& service, const config::Config& config) {
  const analysis::Policy& own = config.policies.at(service.policy);
  analysis::Surroundings around = surroundings_of(service, config.gateway);
  ServiceOutlook all{{service.policy, explain(own, around)}, {}, {}, {}};
  if (service.by && service.by->breaker) {
    analysis::Policy of_value = own;
    of_value.circuit_breaker = service.by->breaker;
    analysis::Explanation explanation = explain(of_value, around);
    all.by_value = {std::move(of_value), std::move(explanation)};
  }

  std::set<std::string> names;
  for (const config::Route& route : service.routes) {
    if (!route.policy.empty()) names.insert(route.policy);
  }
  around.outer_breaker = own.circuit_breaker.has_value();
  std::uint64_t sum = all.own.explanation.in_flight.most.value_or(0);
  std::uint64_t a_client = attempts_of_a_client(own);
  for (const std::string& name : names) {
    const analysis::Policy& policy = config.policies.at(name);
    all.routes.push_back({name, explain(policy, around)});
    sum = plus(sum, all.routes.back().explanation.in_flight.most.value_or(0));
    a_client = std::max(a_client, attempts_of_a_client(policy));
  }

  // Each part has its bound, and what bounds them all bounds their sum.
  const auto take = [&](std::uint64_t most, std::string_view limited_by) {
    if (!all.in_flight.most || most < *all.in_flight.most) all.in_flight = {most, limited_by};
  };
  take(around.clients * a_client, "gateway.limits.connections");
  if (around.connections) take(*around.connections, "connections.max");
  take(sum, "policies");
  return all;
}

}  // namespace switchgear::check
