// trusted_proxies, proxy_protocol and deadlines of gateway.
#include <charconv>
#include <string>
#include <vector>

#include "switchgear/config/report.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

/// In the list, for those who connect through a Unix socket: they have no address.
constexpr std::string_view unix_word = "unix";
constexpr std::string_view proxies_example = "[\"10.0.0.0/8\", \"::1\"]";
// A list that is looked through for every connection, and every address that a proxy names.
constexpr std::size_t most_networks = 1000;

[[nodiscard]] std::optional<unsigned> prefix_length(std::string_view text, unsigned most) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && text.front() != '+';
  return whole && bits <= most ? std::optional(bits) : std::nullopt;
}

/// `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1`.
[[nodiscard]] std::optional<Network> read_network(const Value& value) {
  const auto text = Text{}(value);
  if (!text) return std::nullopt;
  const std::size_t slash = text->find('/');
  const auto address = IpAddress::parse(std::string_view{*text}.substr(0, slash));
  if (!address) {
    value.wrong(quoted(*text) +
                " is not an IP address or network; expected, for example, \"10.0.0.0/8\" or "
                "\"::1\", or unix for clients of Unix sockets");
    return std::nullopt;
  }
  if (slash == std::string::npos) return Network{*address, address->width()};
  // Of an IPv4-mapped network the length counts the 96 bits before the IPv4 address.
  const bool is_mapped = address->is_v4() && text->find(':') < slash;
  const unsigned before = is_mapped ? 96 : 0;
  const auto bits = prefix_length(std::string_view{*text}.substr(slash + 1), before + address->width());
  if (!bits || *bits < before) {
    value.wrong(quoted(*text) + " has a length out of range; expected one from " + std::to_string(before) +
                " to " + std::to_string(before + address->width()));
    return std::nullopt;
  }
  const Network network{address->cut_to(*bits - before), *bits - before};
  if (network.base != *address)
    value.report->warning(value.node->at, value.path,
                          quoted(*text) + " is read as \"" + network.text() + "\"; write that");
  return network;
}

void read_proxies(const Value& list, TrustOptions& trust) {
  std::vector<Network> networks;
  for (const Value& item : items(list, proxies_example)) {
    if (networks.size() == most_networks) {
      item.wrong("more than " + std::to_string(most_networks) + " networks; expected fewer");
      break;
    }
    if (item.node->kind == Node::Kind::scalar && item.node->text == unix_word) {
      trust.unix_peers = true;
    } else if (const auto network = read_network(item)) {
      networks.push_back(*network);
    }
  }
  trust.proxies = Networks{std::move(networks)};
}

}  // namespace

TrustOptions read_trust(Section& gateway) {
  TrustOptions trust;
  const auto list = gateway.find("trusted_proxies");
  if (list) read_proxies(*list, trust);
  gateway.read("proxy_protocol", trust.proxy_protocol, Truth{});
  const bool lists_none = !list || (list->node->kind == Node::Kind::sequence && list->node->items.empty());
  if (trust.proxy_protocol && lists_none)
    gateway.find("proxy_protocol")
        ->wrong("only trusted proxies may send PROXY headers; add trusted_proxies, for example " +
                std::string{proxies_example});
  if (const auto deadlines = gateway.find("deadlines")) {
    Section section(*deadlines);
    section.read("receive", trust.receive_deadlines, Truth{});
    section.read("send", trust.send_deadlines, Truth{});
    section.finish();
  }
  return trust;
}

}  // namespace switchgear::config
