#include "app/serve/inherited.hpp"

#include <fcntl.h>

#include <string_view>
#include <utility>

#include "switchgear/config/address.hpp"

namespace switchgear::serve {

namespace {

constexpr std::string_view of_gateway = "gateway ";
constexpr std::string_view of_admin = "admin ";

}  // namespace

Inherited inherit(const config::GatewayOptions& options) {
  Inherited inherited;
  inherited.from = takeover::Successor::of(options.takeover);
  if (!inherited.from) return inherited;
  const std::string admin = std::string{of_admin} + config::text_of(options.admin);
  for (takeover::Handed& each : inherited.from->take_sockets()) {
    if (each.name.starts_with(of_gateway)) {
      inherited.listeners.emplace(each.name.substr(of_gateway.size()), std::move(each.sockets));
    } else if (each.name == admin) {
      inherited.admin = std::move(each.sockets.front());
    }
  }
  return inherited;
}

std::vector<takeover::Handed> handed_by(gateway::HandedSockets listeners, const config::Endpoint& admin,
                                        int admin_socket) {
  std::vector<takeover::Handed> all;
  for (auto& [name, sockets] : listeners)
    all.push_back({std::string{of_gateway}.append(name), std::move(sockets)});
  takeover::Handed& last = all.emplace_back();
  last.name = std::string{of_admin} + config::text_of(admin);
  last.sockets.emplace_back(::fcntl(admin_socket, F_DUPFD_CLOEXEC, 0));
  return all;
}

}  // namespace switchgear::serve
