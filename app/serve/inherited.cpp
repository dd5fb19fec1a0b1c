#include "app/serve/inherited.hpp"

#include <fcntl.h>

#include <string_view>
#include <utility>

#include "switchgear/config/address.hpp"

namespace switchgear::serve {

namespace {

constexpr std::string_view of_gateway = "gateway ";
constexpr std::string_view of_admin = "admin ";
constexpr std::string_view of_probes = "probes ";

[[nodiscard]] std::string name_of(AdminSocket::Role role, const config::Endpoint& at) {
  return std::string{role == AdminSocket::Role::admin ? of_admin : of_probes} + config::text_of(at);
}

}  // namespace

Inherited inherit(const config::GatewayOptions& options) {
  Inherited inherited;
  inherited.from = takeover::Successor::of(options.takeover);
  if (!inherited.from) return inherited;
  using Role = AdminSocket::Role;
  const std::string admin = options.has_admin ? name_of(Role::admin, options.admin) : std::string{};
  const std::string probes = options.probes ? name_of(Role::probes, *options.probes) : std::string{};
  for (takeover::Handed& each : inherited.from->take_sockets()) {
    if (each.name.starts_with(of_gateway)) {
      inherited.listeners.emplace(each.name.substr(of_gateway.size()), std::move(each.sockets));
    } else if (each.name == admin) {
      inherited.admin = std::move(each.sockets.front());
    } else if (each.name == probes) {
      inherited.probes = std::move(each.sockets.front());
    }
  }
  return inherited;
}

std::vector<takeover::Handed> handed_by(gateway::HandedSockets listeners,
                                        const std::vector<AdminSocket>& admin) {
  std::vector<takeover::Handed> all;
  for (auto& [name, sockets] : listeners)
    all.push_back({std::string{of_gateway}.append(name), std::move(sockets)});
  for (const AdminSocket& each : admin) {
    takeover::Handed& last = all.emplace_back();
    last.name = name_of(each.role, each.at);
    last.sockets.emplace_back(::fcntl(each.socket, F_DUPFD_CLOEXEC, 0));
  }
  return all;
}

}  // namespace switchgear::serve
