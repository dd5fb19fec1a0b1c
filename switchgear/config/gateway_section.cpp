// gateway: its addresses, its limits for clients.
#include <algorithm>

#include "switchgear/config/address.hpp"
#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/tls_section.hpp"

namespace switchgear::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// `/run/switchgear/takeover.sock`
struct SocketPath {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    const auto text = Text{}(value);
    if (!text) return std::nullopt;
    const std::string_view bare{*text};
    const auto socket =
        parse_unix_socket(bare.starts_with(unix_scheme) ? *text : std::string{unix_scheme}.append(bare));
    if (!socket.value) {
      value.wrong(socket.problem);
    } else if (file_of(*socket.value).empty()) {
      value.wrong(quoted(bare) + " has an abstract name, which any user may take; expected a path");
    } else {
      return file_of(*socket.value);
    }
    return std::nullopt;
  }
};

void read_limits(const Value& value, GatewayLimits& limits) {
  constexpr Length wait{milliseconds{1}, hours{24}};
  constexpr std::size_t mebi = std::size_t{1024} * 1024;
  Section section(value);
  section.read("header_bytes", limits.header_bytes, Whole{1024, mebi});
  section.read("header_fields", limits.header_fields, Whole{1, 10'000});
  section.read("target_bytes", limits.target_bytes, Whole{64, mebi});
  section.read("body_bytes", limits.body_bytes, Whole{0, std::uint64_t{1} << 50U});
  section.read("buffered_body_bytes", limits.buffered_body_bytes, Whole{0, std::uint64_t{1} << 30U});
  section.read("cached_body_bytes", limits.cached_body_bytes, Whole{0, std::uint64_t{1} << 30U});
  section.read("connections", limits.connections, Whole{1, 1'000'000});
  section.read("handshake_timeout", limits.handshake_timeout, wait);
  section.read("header_timeout", limits.header_timeout, wait);
  section.read("body_timeout", limits.body_timeout, wait);
  section.read("min_body_rate", limits.min_body_rate, Whole{0, std::uint64_t{1} << 30U});
  section.read("idle_timeout", limits.idle_timeout, wait);
  section.read("write_timeout", limits.write_timeout, wait);
  section.read("drain_timeout", limits.drain_timeout, Length{Duration::zero(), hours{24}});
  section.read("upgrade_idle", limits.upgrade_idle, wait);
  if (limits.target_bytes >= limits.header_bytes) {
    const auto at = section.find("target_bytes");
    const std::string message = std::to_string(limits.target_bytes) + " does not fit into header_bytes (" +
                                std::to_string(limits.header_bytes) + "); expected less";
    at ? at->wrong(message) : section.wrong("target_bytes of " + message);
  }
  section.finish();
}

void warn_of_unix_trust(Section& section, const GatewayOptions& gateway) {
  const bool has_one =
      std::ranges::any_of(gateway.listen, [](const Listener& each) { return is_unix(each.at); });
  if (!gateway.trust.unix_peers || has_one) return;
  const auto list = section.find("trusted_proxies");
  list->report->warning(list->node->at, list->path,
                        "trusts clients of Unix sockets, and gateway.listen has none");
}

/// Clients, the admin server and the probes each have an address of their own. `admin`: where its is written.
void check_own_addresses(Section& section, const std::optional<Value>& admin, const GatewayOptions& gateway) {
  const auto is_listened_to = [&](const Endpoint& at) {
    return std::ranges::any_of(gateway.listen, [&](const Listener& each) { return overlap(each.at, at); });
  };
  const auto listen = section.find("listen");
  if (gateway.has_admin && is_listened_to(gateway.admin)) {
    const auto& at = admin ? admin : listen;
    if (at) at->wrong("listen and admin share one address; expected two");
  }
  if (!gateway.probes) return;
  const Value whole = *section.find("admin");
  const Entry& entry = *find_entry(*whole.node, "probes");
  const Value probes{&entry.value, entry.at, join(whole.path, "probes"), whole.report};
  if (is_listened_to(*gateway.probes)) {
    probes.wrong("listen and probes share one address; expected two");
  } else if (gateway.has_admin && overlap(*gateway.probes, gateway.admin)) {
    probes.wrong("admin and probes share one address; expected two");
  }
}

}  // namespace

GatewayOptions read_gateway(const Value& value, const std::string& directory) {
  GatewayOptions gateway;
  Section section(value);
  const auto tls = section.find("tls");
  if (tls) gateway.tls = read_server_tls(*tls, directory);
  if (const auto listen = section.find("listen"))
    gateway.listen = read_listeners(*listen, tls ? Encryption::tls : Encryption::none);
  else if (tls)
    gateway.listen.front().encryption = Encryption::tls;
  const auto admin = read_admin(section, directory, gateway);
  check_own_addresses(section, admin, gateway);
  section.read("threads", gateway.threads, Whole{1, 256});
  gateway.trust = read_trust(section);
  warn_of_unix_trust(section, gateway);
  section.read("takeover", gateway.takeover, SocketPath{});
  section.read("shutdown_delay", gateway.shutdown_delay, Length{Duration::zero(), hours{24}});
  if (const auto limits = section.find("limits")) read_limits(*limits, gateway.limits);
  section.finish();
  return gateway;
}

}  // namespace switchgear::config
