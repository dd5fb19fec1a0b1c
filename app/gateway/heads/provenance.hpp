// Where a request comes from: what the gateway knows, and what it believes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/gateway/heads/node_list.hpp"
#include "switchgear/config/trust.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// What becomes of X-Forwarded-* and Forwarded in a request.
enum class Claims : std::uint8_t {
  passed_on,  ///< X-Forwarded-For is extended, the others pass (no `trusted_proxies` in the file)
  believed,   ///< of a trusted proxy: extended
  replaced,   ///< of anybody else: what the gateway knows stands in their place
};

/// In place of the address of a client that is connected through a Unix socket.
inline constexpr std::string_view unix_client = "unix:";

/// What is known of a connection that requests come on.
struct Arrival {
  std::string_view peer;    ///< the address of its other end
  std::string_view scheme;  ///< http, https
  std::uint16_t port = 0;   ///< that it was made to; 0: not known
  Claims claims = Claims::passed_on;
};

/// Views into the request's head, and into the arrival's texts.
struct Provenance {
  Arrival arrival;
  std::string_view client;  ///< the nearest address that is not a trusted proxy's
  std::string_view scheme;  ///< that the client used
  std::string_view host;    ///< that the client named; empty: none is known
  std::uint16_t port = 0;   ///< that the client connected to; 0: not known, or the request does not say one
  NodeList nodes;           ///< before the peer, the nearest first; each has an address
};

/// `proxies` is of use for claims that are believed.
[[nodiscard]] Provenance provenance_of(const Arrival& arrival, const http::Head& head,
                                       const http::FieldList& fields,
                                       const config::Networks& proxies) noexcept;

/// Whether a field of the request is left out, because write_forwarding() has its own in its place.
[[nodiscard]] bool is_forwarding(const http::Field& field, Claims claims) noexcept;
/// The lines X-Forwarded-For, -Host and -Proto; X-Forwarded-Port and Forwarded if the request has them.
void write_forwarding(std::string& out, const Provenance& from, const http::Head& head,
                      const http::FieldList& fields);

}  // namespace switchgear::gateway
