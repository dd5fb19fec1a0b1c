// gateway.admin: the admin server's address, or a mapping with all that concerns it.
#include "switchgear/config/address.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/secret.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/tls_section.hpp"

namespace switchgear::config {

namespace {

void read_address(const Value& value, Endpoint& at) {
  const auto text = Text{}(value);
  if (!text) return;
  auto parsed = parse_listen(*text);
  if (!parsed.value) return value.wrong(parsed.problem);
  at = *std::move(parsed.value);
}

void read_origins(const Value& list, std::vector<std::string>& origins) {
  for (const Value& item : items(list, "[\"https://ops.example.com\"]")) {
    const auto text = Text{}(item);
    if (!text) continue;
    auto origin = parse_origin(*text);
    if (!origin.value) {
      item.wrong(origin.problem);
    } else {
      origins.push_back(*std::move(origin.value));
    }
  }
}

/// A key that may stand in `gateway` or in `gateway.admin`.
[[nodiscard]] std::optional<Value> in_either(Section& gateway, Section* admin, std::string_view key) {
  const auto outer = gateway.find(key);
  const auto inner = admin != nullptr ? admin->find(key) : std::nullopt;
  if (outer && inner) {
    inner->wrong("stands in gateway as well; expected one of the two");
    return std::nullopt;
  }
  return inner ? inner : outer;
}

}  // namespace

std::optional<Value> read_admin(Section& gateway, const std::string& directory, GatewayOptions& options) {
  const auto admin = gateway.find("admin");
  std::optional<Section> keys;
  std::optional<Value> listen = admin;
  if (admin && admin->node->kind == Node::Kind::mapping) {
    keys.emplace(*admin);
    listen = keys->find("listen");
    if (const auto tls = keys->find("tls")) options.admin_tls = read_server_tls(*tls, directory);
  }
  if (admin && !keys && admin->node->kind != Node::Kind::scalar) {
    admin->wrong(found(*admin->node) +
                 " found; expected an address such as \"127.0.0.1:9090\", or a mapping such as "
                 "{listen: \"127.0.0.1:9090\"}");
    listen.reset();
  }
  if (listen) read_address(*listen, options.admin);
  Section* const inner = keys ? &*keys : nullptr;
  const auto token = in_either(gateway, inner, "token");
  if (token) {
    if (auto secret = Secret{directory}(*token)) options.admin_token = *std::move(secret);
  }
  if (const auto origins = in_either(gateway, inner, "origins"))
    read_origins(*origins, options.admin_origins);
  if (listen && !token && !options.admin_guarded() && !is_loopback(options.admin))
    listen->report->warning(listen->node->at, listen->path, open_admin_problem);
  if (keys) keys->finish();
  return listen;
}

}  // namespace switchgear::config
