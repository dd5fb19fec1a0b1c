#include "app/check/surroundings.hpp"

#include <algorithm>

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

}  // namespace

analysis::Surroundings surroundings_of(const config::Service& service,
                                       const config::GatewayOptions& gateway) noexcept {
  return {.timeout = config::gateway_timeout,
          .clients = std::uint64_t{gateway.limits.connections} * gateway.threads,
          .connections = std::uint64_t{service.pool.max_connections} * gateway.threads,
          .head_bytes = stored_head_bytes(service, gateway.limits),
          .buffered_body_bytes = gateway.limits.buffered_body_bytes,
          .cached_body_bytes = gateway.limits.cached_body_bytes};
}

}  // namespace switchgear::check
