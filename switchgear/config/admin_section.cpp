// gateway.admin: the admin server's address, or a mapping with all that concerns it.
#include <initializer_list>

#include "switchgear/config/address.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/secret.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/tls_section.hpp"

namespace switchgear::config {

namespace {

[[nodiscard]] std::optional<Endpoint> read_address(const Value& value) {
  const auto text = Text{}(value);
  if (!text) return std::nullopt;
  auto parsed = parse_listen(*text);
  if (!parsed.value) value.wrong(parsed.problem);
  return std::move(parsed.value);
}

/// `false`: there is no admin server.
void read_listen(const Value& value, GatewayOptions& options) {
  const Node& node = *value.node;
  options.has_admin = node.style != Node::Style::plain || node.text != "false";
  if (!options.has_admin) return;
  if (auto at = read_address(value)) options.admin = *std::move(at);
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
  }
  return inner ? inner : outer;
}

/// Without `token`, a client that may not read could still operate everything.
void check_read_token(const Value& value, const GatewayOptions& options) {
  if (options.admin_read_token.empty()) return;
  if (options.admin_token.empty()) {
    value.wrong("needs token as well: without it, clients may change what they may not read");
  } else if (options.admin_read_token == options.admin_token) {
    value.wrong("is the same as token, so its holders could change everything; expected another");
  }
}

/// They are read all the same: `serve --admin` brings the admin server back.
void warn_of_unused(std::initializer_list<const std::optional<Value>*> keys) {
  for (const auto* key : keys) {
    if (!*key) continue;
    const Value& value = **key;
    value.report->warning(value.node->at, value.path, "has no effect: the file turns the admin server off");
  }
}

}  // namespace

std::optional<Value> read_admin(Section& gateway, const std::string& directory, GatewayOptions& options) {
  const auto admin = gateway.find("admin");
  std::optional<Section> keys;
  std::optional<Value> listen = admin;
  std::optional<Value> tls;
  if (admin && admin->node->kind == Node::Kind::mapping) {
    keys.emplace(*admin);
    listen = keys->find("listen");
    tls = keys->find("tls");
    if (tls) options.admin_tls = read_server_tls(*tls, directory);
    if (const auto probes = keys->find("probes")) options.probes = read_address(*probes);
  }
  if (admin && !keys && admin->node->kind != Node::Kind::scalar) {
    admin->wrong(found(*admin->node) +
                 " found; expected an address such as \"127.0.0.1:9090\", a mapping such as "
                 "{listen: \"127.0.0.1:9090\"}, or false");
    listen.reset();
  }
  if (listen) read_listen(*listen, options);
  Section* const inner = keys ? &*keys : nullptr;
  const auto token = in_either(gateway, inner, "token");
  if (token) {
    if (auto secret = Secret{directory}(*token)) options.admin_token = *std::move(secret);
  }
  const auto read_token = inner != nullptr ? inner->find("read_token") : std::nullopt;
  if (read_token) {
    if (auto secret = Secret{directory}(*read_token)) options.admin_read_token = *std::move(secret);
    const bool unread = token && options.admin_token.empty();  // is an error of its own
    if (!unread) check_read_token(*read_token, options);
  }
  const auto origins = in_either(gateway, inner, "origins");
  if (origins) read_origins(*origins, options.admin_origins);
  if (!options.has_admin) warn_of_unused({&tls, &token, &read_token, &origins});
  if (listen && options.has_admin && !token && !options.admin_guarded() && !is_loopback(options.admin))
    listen->report->warning(listen->node->at, listen->path, open_admin_problem);
  if (keys) keys->finish();
  return listen;
}

}  // namespace switchgear::config
