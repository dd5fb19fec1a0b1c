#include "app/gateway/heads/provenance.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/look_alike.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

constexpr std::string_view family = "x-forwarded";
/// Those of the family that write_forwarding() makes.
constexpr auto written = std::to_array<std::string_view>(
    {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"});
constexpr std::size_t longest_scheme = 16;
constexpr std::size_t longest_host = 255 + 6;  // a name and its port

/// The last line of this name: the nearest proxy's.
[[nodiscard]] std::string_view last_value(const http::FieldList& fields, std::string_view name) noexcept {
  std::string_view value;
  for (const Field& field : fields) {
    if (field.id == FieldId::unknown && http::equals_lower(field.name, name)) value = field.value;
  }
  return value;
}

[[nodiscard]] bool is_scheme(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_scheme && std::all_of(text.begin(), text.end(), [](char c) {
    return http::detail::is(c, http::detail::token_char);
  });
}
[[nodiscard]] bool is_host(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_host && std::all_of(text.begin(), text.end(), [](char c) {
    return http::detail::is(c, http::detail::token_char) || c == ':' || c == '[' || c == ']';
  });
}
[[nodiscard]] std::optional<std::uint16_t> port_in(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = http::is_digits(text) && error == std::errc{} && end == text.data() + text.size();
  return whole && port != 0 ? std::optional(port) : std::nullopt;
}

/// The nearest that is not a proxy's, or the last there is. Null: there is none.
[[nodiscard]] const ForwardedNode* find_client(const NodeList& nodes,
                                               const config::Networks& proxies) noexcept {
  const ForwardedNode* client = nullptr;
  for (const ForwardedNode& node : nodes) {
    client = &node;
    const auto address = config::IpAddress::parse(node.address);
    if (!address || !proxies.contains(*address)) break;
  }
  return client;
}

/// Those of X-Forwarded-For, else of Forwarded: a proxy that writes one of the two may pass on what the
/// client has written into the other, and most write the first. They end before one that names no address.
[[nodiscard]] NodeList nodes_of(const http::FieldList& fields) noexcept {
  NodeList nodes = x_forwarded_for(fields);
  if (!last_value(fields, "x-forwarded-for").empty()) return nodes;
  nodes = forwarded(fields);
  const auto nameless = [](const ForwardedNode& node) { return node.address.empty(); };
  nodes.erase(std::find_if(nodes.begin(), nodes.end(), nameless), nodes.end());
  return nodes;
}

void append_port(std::string& out, std::uint16_t port) {
  char digits[8];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, port).ptr);
}

/// `for=192.0.2.1;host="shop.example.com:8443";proto=https`: of this hop.
void append_element(std::string& out, const Arrival& arrival, std::string_view host) {
  const bool is_unix = arrival.peer == unix_client;
  const bool is_v6 = !is_unix && arrival.peer.find(':') != std::string_view::npos;
  out.append(is_v6 ? "for=\"[" : "for=").append(is_unix ? "_unix" : arrival.peer).append(is_v6 ? "]\"" : "");
  if (!host.empty()) out.append(";host=\"").append(host).append("\"");
  out.append(";proto=").append(arrival.scheme);
}

}  // namespace

Provenance provenance_of(const Arrival& arrival, const http::Head& head, const http::FieldList& fields,
                         const config::Networks& proxies) noexcept {
  Provenance from{arrival, arrival.peer, arrival.scheme, head.authority, 0, {}};
  if (arrival.claims == Claims::passed_on) return from;
  const std::string_view port = last_value(fields, "x-forwarded-port");
  if (!port.empty()) from.port = arrival.port;
  if (arrival.claims == Claims::replaced) return from;
  from.nodes = nodes_of(fields);
  if (const ForwardedNode* client = find_client(from.nodes, proxies)) {
    from.client = client->address;
    if (is_scheme(client->scheme)) from.scheme = client->scheme;
    if (is_host(client->host)) from.host = client->host;
  }
  if (const auto scheme = last_value(fields, "x-forwarded-proto"); is_scheme(scheme)) from.scheme = scheme;
  if (const auto host = last_value(fields, "x-forwarded-host"); is_host(host)) from.host = host;
  if (const auto said = port_in(port)) from.port = *said;
  return from;
}

bool is_forwarding(const Field& field, Claims claims) noexcept {
  if (claims == Claims::passed_on) return false;
  if (field.id == FieldId::forwarded) return true;
  if (field.id != FieldId::unknown) return false;
  if (claims == Claims::replaced)
    return http::looks_like_one_of(field.name, family) || http::looks_like(field.name, "x-real-ip");
  return std::ranges::any_of(written, [&](auto name) { return http::looks_like(field.name, name); });
}

void write_forwarding(std::string& out, const Provenance& from, const http::Head& head,
                      const http::FieldList& fields) {
  out.append("X-Forwarded-For: ");
  for (auto node = from.nodes.rbegin(); node != from.nodes.rend(); ++node)
    out.append(node->address).append(", ");
  // A Unix socket's proxy has no address to add; the next reader would take the list to end there.
  if (from.arrival.peer != unix_client || from.nodes.empty()) {
    out.append(from.arrival.peer);
  } else {
    out.resize(out.size() - 2);
  }
  out.append("\r\n");
  if (!from.host.empty()) out.append("X-Forwarded-Host: ").append(from.host).append("\r\n");
  out.append("X-Forwarded-Proto: ").append(from.scheme).append("\r\n");
  if (from.port != 0) {
    out.append("X-Forwarded-Port: ");
    append_port(out, from.port);
    out.append("\r\n");
  }
  if (fields.find(FieldId::forwarded) == nullptr) return;
  out.append("Forwarded: ");
  if (from.arrival.claims == Claims::believed) {
    const NodeList nodes = forwarded(fields);
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) out.append(node->text).append(", ");
  }
  append_element(out, from.arrival, head.authority);
  out.append("\r\n");
}

}  // namespace switchgear::gateway
