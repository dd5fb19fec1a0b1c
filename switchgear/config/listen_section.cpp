// gateway.listen: where clients connect, one address or several.
#include <algorithm>
#include <charconv>

#include "switchgear/config/address.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t most_listeners = 64;

/// `0660`, as chmod takes it.
struct FileMode {
  [[nodiscard]] std::optional<unsigned> operator()(const Value& value) const {
    constexpr int octal = 8;
    const auto text = Text{}(value);
    if (!text) return std::nullopt;
    unsigned mode = 0;
    const char* const end = text->data() + text->size();
    const auto [last, error] = std::from_chars(text->data(), end, mode, octal);
    if (error == std::errc{} && last == end && mode <= 0777) return mode;
    value.wrong(quoted(*text) + " is not the mode of a file; expected one such as \"0660\"");
    return std::nullopt;
  }
};

[[nodiscard]] std::optional<Endpoint> read_address(const Value& value) {
  const auto text = Text{}(value);
  if (!text) return std::nullopt;
  auto parsed = text->starts_with(unix_scheme) ? parse_unix_socket(*text) : parse_listen(*text);
  if (!parsed.value) value.wrong(parsed.problem);
  return std::move(parsed.value);
}

/// An address, or `{address: …}` with further keys.
[[nodiscard]] std::optional<Listener> read_listener(const Value& value, Encryption tls) {
  Listener listener;
  const auto take = [&](std::optional<Endpoint> at) {
    if (at) listener = {std::move(*at), tls};
    if (is_unix(listener.at)) listener.encryption = Encryption::none;
    return !listener.at.host.empty();
  };
  if (value.node->kind == Node::Kind::scalar)
    return take(read_address(value)) ? std::optional(std::move(listener)) : std::nullopt;
  Section section(value);
  const auto address = section.find("address");
  if (!address && section.is_mapping()) section.missing("address", "address: 127.0.0.1:8080");
  const bool known = address && take(read_address(*address));
  if (const auto encrypted = section.find("tls")) {
    const auto wanted = Truth{}(*encrypted);
    if (wanted == std::optional{true} && tls == Encryption::none)
      encrypted->wrong("needs the certificate of gateway.tls, which is missing");
    if (wanted) listener.encryption = *wanted ? Encryption::tls : Encryption::none;
  }
  if (const auto mode = section.find("mode")) {
    if (known && file_of(listener.at).empty()) mode->wrong("applies only to the file of a Unix socket");
    if (const auto read = FileMode{}(*mode)) listener.mode = *read;
  }
  section.finish();
  return known ? std::optional(std::move(listener)) : std::nullopt;
}

/// Every address of IPv4, and every one of IPv6: each can have a socket of its own.
[[nodiscard]] bool are_both_families(const Endpoint& a, const Endpoint& b) noexcept {
  return (a.host == "0.0.0.0" && b.host == "::") || (a.host == "::" && b.host == "0.0.0.0");
}

}  // namespace

bool overlap(const Endpoint& written_a, const Endpoint& written_b) {
  const Endpoint a = canonical(written_a);
  const Endpoint b = canonical(written_b);
  const auto every = [](const Endpoint& at) { return at.host == "0.0.0.0" || at.host == "::"; };
  if (is_unix(a) || is_unix(b)) return a == b;
  return a.port == b.port && a.port != 0 && (a.host == b.host || every(a) || every(b));
}

std::vector<Listener> read_listeners(const Value& value, Encryption tls) {
  std::vector<Listener> all;
  if (value.node->kind != Node::Kind::sequence) {
    if (auto one = read_listener(value, tls)) all.push_back(std::move(*one));
    return all;
  }
  const auto values = items(value, "[\"0.0.0.0:8080\", \"unix:/run/switchgear.sock\"]");
  if (values.empty()) value.wrong("an empty list found; expected at least one address");
  if (values.size() > most_listeners) {
    value.wrong(std::to_string(values.size()) + " addresses found; expected at most " +
                std::to_string(most_listeners));
    return all;
  }
  for (const Value& item : values) {
    auto one = read_listener(item, tls);
    if (!one) continue;
    const auto is_same = [&](const Listener& other) { return canonical(other.at) == canonical(one->at); };
    const auto clash = std::ranges::find_if(all, [&](const Listener& other) {
      return is_same(other) || (overlap(other.at, one->at) && !are_both_families(other.at, one->at));
    });
    if (clash == all.end()) {
      all.push_back(std::move(*one));
    } else if (is_same(*clash)) {
      item.wrong(quoted(text_of(one->at)) + " is in the list twice; expected it once");
    } else {
      item.wrong(quoted(text_of(one->at)) + " and " + quoted(text_of(clash->at)) +
                 " have one port in common; expected another port, or one of the two");
    }
  }
  return all;
}

}  // namespace switchgear::config
