// What a process of the gateway hands to the next one, and what that makes of it.
#pragma once

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
  http::Descriptor admin;  ///< empty: it listened on another address
};

/// Asks the process at gateway.takeover. Of sockets that `options` do not name, none stays open. Throws
/// takeover::Refused.
[[nodiscard]] Inherited inherit(const config::GatewayOptions& options);

/// For inherit() of another process. `admin_socket` is borrowed.
[[nodiscard]] std::vector<takeover::Handed> handed_by(gateway::HandedSockets listeners,
                                                      const config::Endpoint& admin, int admin_socket);

}  // namespace switchgear::serve
