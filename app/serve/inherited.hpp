// What a process of the gateway hands to the next one, and what that makes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/gateway/listening/listener.hpp"
#include "app/takeover/message.hpp"
#include "app/takeover/successor.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/http/descriptor.hpp"

namespace switchgear::serve {

/// What another process has handed over.
struct Inherited {
  std::optional<takeover::Successor> from;  ///< empty: nothing
  gateway::HandedSockets listeners;
  http::Descriptor admin;   ///< empty: it listened on another address
  http::Descriptor probes;  ///< likewise
};

/// A socket of the admin server, or of the one for probes.
struct AdminSocket {
  enum class Role : std::uint8_t { admin, probes };

  Role role = Role::admin;
  config::Endpoint at;  ///< as asked for
  int socket = -1;      ///< borrowed
};

/// Asks the process at gateway.takeover. Of sockets that `options` do not name, none stays open. Throws
/// takeover::Refused.
[[nodiscard]] Inherited inherit(const config::GatewayOptions& options);

/// For inherit() of another process.
[[nodiscard]] std::vector<takeover::Handed> handed_by(gateway::HandedSockets listeners,
                                                      const std::vector<AdminSocket>& admin);

}  // namespace switchgear::serve
