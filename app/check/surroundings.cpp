#include "app/check/surroundings.hpp"

namespace switchgear::check {

analysis::Surroundings surroundings_of(const config::Service& service,
                                       const config::GatewayOptions& gateway) noexcept {
  return {.timeout = config::gateway_timeout,
          .clients = std::uint64_t{gateway.limits.connections} * gateway.threads,
          .connections = std::uint64_t{service.pool.max_connections} * gateway.threads,
          .head_bytes = gateway.limits.header_bytes,
          .buffered_body_bytes = gateway.limits.buffered_body_bytes,
          .cached_body_bytes = gateway.limits.cached_body_bytes};
}

}  // namespace switchgear::check
