#include "switchgear/config/address.hpp"

#include <algorithm>
#include <boost/url/authority_view.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "switchgear/config/host_name.hpp"
#include "switchgear/config/report.hpp"

namespace switchgear::config {

namespace {

namespace urls = boost::urls;

std::string problem(std::string_view text, std::string_view message) {
  return quoted(text).append(" ").append(message);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

bool visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter > 0x20 && letter < 0x7F; });
}

/// A name that a resolver can be asked for: labels of letters, digits, '-' and '_', nothing encoded, at most
/// one dot at the end. One that ends in a number is an IPv4 address with a mistake in it.
bool is_host_name(std::string_view name) {
  constexpr std::string_view digits = "0123456789";
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string_view::npos)
      return false;
    if (dot == std::string_view::npos) return label.find_first_not_of(digits) != std::string_view::npos;
    name.remove_prefix(dot + 1);
  }
}

std::optional<std::string> host_of(const urls::authority_view& authority) {
  switch (authority.host_type()) {
    case urls::host_type::ipv4:
    case urls::host_type::ipv6:
      return std::string(authority.host_address());
    case urls::host_type::name: {
      std::string host = lower(authority.encoded_host());
      return is_host_name(host) ? std::optional(std::move(host)) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

/// Boost.URL reads a port too large for 16 bits as 0, which here has a meaning of its own.
std::optional<std::uint16_t> port_of(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return port;
}

/// The port of a URL, where none means its scheme's, or what is wrong with it.
Parsed<std::uint16_t> url_port(std::string_view text, const urls::url_view& url, std::uint16_t usual) {
  if (!url.has_port()) return {usual, {}};
  if (url.port().empty()) return {{}, problem(text, "has no port after its \":\"; write one, or no \":\"")};
  const auto port = port_of(url.port());
  if (!port || *port == 0)
    return {{}, problem(text, "has a port out of range; expected one from 1 to 65535")};
  return {port, {}};
}

bool has_dot_segment(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string segment = lower(path.substr(at, end - at));
    for (const std::string_view dots : {".", "..", "%2e", "%2e%2e", ".%2e", "%2e."}) {
      if (segment == dots) return true;
    }
    at = end + 1;
  }
  return false;
}

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return (digit | 0x20) - 'a' + 10;
}

/// The path as routes see a request's: percent-encoding undone, "\\" read as '/', "//" merged. Precondition:
/// valid percent-encoding.
std::string decoded(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char letter = path[i];
    if (letter == '%') {
      letter = static_cast<char>(hex(path[i + 1]) * 16 + hex(path[i + 2]));
      i += 2;
    }
    if (letter == '\\') letter = '/';
    if (letter != '/' || !plain.ends_with('/')) plain += letter;
  }
  return plain;
}

/// In percent-encoding. Precondition: it is valid.
bool hides_dots_or_nul(std::string_view path) {
  const std::string plain = decoded(path);
  return has_dot_segment(plain) || plain.find('\0') != std::string::npos;
}

/// What is wrong with a path that a route names.
std::optional<std::string> problem_of_path(std::string_view text) {
  constexpr std::size_t longest = 1024;
  if (!text.starts_with('/'))
    return std::string("does not start with \"/\"; write ").append(quoted("/" + std::string(text)));
  if (text.size() > longest) return "is longer than 1024 bytes";
  if (text.find_first_of("?#") != std::string_view::npos) return "has a query or a fragment; expected a path";
  if (!visible_ascii(text) || text.find_first_of("\"<>\\^`{|}") != std::string_view::npos)
    return "contains a character that no path has; percent-encode it";
  if (has_dot_segment(text)) return "has \".\" or \"..\" in it; write the path they lead to";
  if (!urls::parse_origin_form(text)) return "is not a path; use, for example, \"/payment/\"";
  if (hides_dots_or_nul(text))
    return "hides \".\", \"..\" or a NUL in it; no request for it reaches a service";
  return std::nullopt;
}

}  // namespace

Parsed<Endpoint> parse_unix_socket(std::string_view text) {
  constexpr std::size_t longest = 107;  // of sockaddr_un::sun_path, with the byte that ends it
  constexpr std::string_view wanted = "expected unix:/PATH, as in \"unix:/run/app.sock\"";
  const std::string_view path = text.substr(unix_scheme.size());
  if (path.size() < 2 || (path.front() != '/' && path.front() != '@') || path.ends_with('/'))
    return {{}, problem(text, "does not name a socket by an absolute path; ").append(wanted)};
  if (!visible_ascii(path)) return {{}, problem(text, "contains a character other than visible ASCII")};
  if (path.size() > longest) {
    return {{},
            problem(text, "is too long for a socket: ")
                .append(std::to_string(path.size()))
                .append(" bytes; expected at most ")
                .append(std::to_string(longest))};
  }
  return {Endpoint{std::string(text), 0}, {}};
}

bool is_address(const std::string& host) {
  if (host.starts_with(unix_scheme)) return true;
  return urls::parse_ipv4_address(host).has_value() || urls::parse_ipv6_address(host).has_value();
}

bool is_loopback(const Endpoint& endpoint) {
  if (endpoint.host == "localhost" || is_unix(endpoint)) return true;
  if (const auto v4 = urls::parse_ipv4_address(endpoint.host)) return v4->is_loopback();
  const auto v6 = urls::parse_ipv6_address(endpoint.host);
  if (!v6) return false;
  if (!v6->is_v4_mapped()) return v6->is_loopback();
  constexpr std::size_t first_of_v4 = 12;
  return v6->to_bytes()[first_of_v4] == 127;  // 127.0.0.0/8, as ::ffff:127.0.0.1
}

Parsed<Endpoint> parse_listen(std::string_view text) {
  constexpr std::string_view wanted = "expected HOST:PORT, as in \"127.0.0.1:8080\"";
  const auto parsed = urls::parse_authority(text);
  if (!parsed || parsed->has_userinfo()) return {{}, problem(text, "is not an address; ").append(wanted)};
  if (parsed->encoded_host().empty()) {
    return {{},
            problem(text, "has no host; write \"127.0.0.1:")
                .append(parsed->port())
                .append("\", or \"0.0.0.0:")
                .append(parsed->port())
                .append("\" for every interface")};
  }
  if (parsed->port().empty()) return {{}, problem(text, "has no port; ").append(wanted)};
  const auto host = host_of(*parsed);
  if (!host) return {{}, problem(text, "has no usable host; ").append(wanted)};
  const auto port = port_of(parsed->port());
  if (!port) return {{}, problem(text, "has a port out of range; expected one from 0 to 65535")};
  return {Endpoint{*host, *port}, {}};
}

Parsed<ServiceUrl> parse_service_url(std::string_view text) {
  constexpr std::string_view wanted = "expected http://HOST[:PORT][/PATH], or https";
  if (text.starts_with(unix_scheme)) {
    auto socket = parse_unix_socket(text);
    if (!socket.value) return {{}, std::move(socket.problem)};
    return {ServiceUrl{ServiceUrl::Scheme::http, std::move(*socket.value), {}}, {}};
  }
  const auto parsed = urls::parse_uri(text);
  if (!parsed || !parsed->has_authority()) return {{}, problem(text, "is not a URL; ").append(wanted)};
  if (parsed->has_userinfo())  // and maybe a password, so that it is not quoted
    return {{}, std::string("names a user, which is not supported; ").append(wanted)};
  const std::string scheme = lower(parsed->scheme());
  const bool secure = scheme == "https";
  if (!secure && scheme != "http") return {{}, problem(text, "has an unknown scheme; ").append(wanted)};
  if (parsed->has_query() || parsed->has_fragment())
    return {{}, problem(text, "has a query or a fragment; ").append(wanted)};
  const auto host = host_of(parsed->authority());
  if (!host) return {{}, problem(text, "has no usable host; ").append(wanted)};
  const auto port = url_port(text, *parsed, secure ? 443 : 80);
  if (!port.value) return {{}, port.problem};
  std::string path(parsed->encoded_path());
  // Boost.URL 1.81 ends an authority where its grammar ends, and takes the rest for a path.
  if (!path.empty() && path.front() != '/')
    return {{},
            problem(text, "has ").append(quoted(path)).append(" after its host and port; ").append(wanted)};
  if (has_dot_segment(path))
    return {{}, problem(text, "has \".\" or \"..\" in its path; write the path they lead to")};
  if (hides_dots_or_nul(path))
    return {{}, problem(text, "hides \".\", \"..\" or a NUL in its path; no request may hold one")};
  while (path.ends_with('/')) path.pop_back();
  using Scheme = ServiceUrl::Scheme;
  return {ServiceUrl{secure ? Scheme::https : Scheme::http, Endpoint{*host, *port.value}, std::move(path)},
          {}};
}

Parsed<std::string> parse_origin(std::string_view text) {
  constexpr std::string_view wanted = "expected SCHEME://HOST[:PORT], as in \"https://ops.example.com\"";
  const auto parsed = urls::parse_uri(text);
  if (!parsed || !parsed->has_authority()) return {{}, problem(text, "is not an origin; ").append(wanted)};
  const std::string scheme = lower(parsed->scheme());
  const bool bare = parsed->encoded_path().empty() && !parsed->has_query() && !parsed->has_fragment() &&
                    !parsed->has_userinfo();
  if ((scheme != "http" && scheme != "https") || !bare)
    return {{}, problem(text, "is not an origin; ").append(wanted)};
  if (!host_of(parsed->authority())) return {{}, problem(text, "has no usable host; ").append(wanted)};
  std::string origin = scheme + "://" + lower(parsed->encoded_host());
  const std::uint16_t usual = scheme == "http" ? 80 : 443;
  const auto port = url_port(text, *parsed, usual);
  if (!port.value) return {{}, port.problem};
  if (*port.value != usual) origin += ":" + std::to_string(*port.value);
  return {std::move(origin), {}};
}

Parsed<std::string> parse_prefix(std::string_view text) {
  if (const auto wrong = problem_of_path(text)) return {{}, problem(text, *wrong)};
  return {decoded(text), {}};
}

Parsed<std::string> parse_route_host(std::string_view text) {
  constexpr std::string_view wanted = "expected one such as \"shop.example.com\" or \"*.example.com\"";
  if (text == "*") return {{}, problem(text, "is every host; leave the key out")};
  const bool below = text.starts_with("*.");
  const std::string_view name = below ? text.substr(2) : text;
  if (name.find('*') != std::string_view::npos)
    return {{}, problem(text, "has \"*\" in a place where it means nothing; ").append(wanted)};
  const auto parsed = urls::parse_authority(name);
  if (!parsed || parsed->has_userinfo()) return {{}, problem(text, "is not a host; ").append(wanted)};
  if (parsed->has_port())
    return {{}, problem(text, "has a port; a route takes requests for every port of its host")};
  const auto host = host_of(*parsed);
  if (!host || (below && parsed->host_type() != urls::host_type::name))
    return {{}, problem(text, "is not a host; ").append(wanted)};
  return {std::string(below ? "*." : "").append(HostName{parsed->encoded_host_and_port()}.view()), {}};
}

Parsed<Rewrite> parse_rewrite(std::string_view text) {
  constexpr std::string_view rest = "{path}";
  Rewrite rewrite{std::string(text), text.ends_with(rest)};
  if (rewrite.keeps_path) rewrite.to.resize(text.size() - rest.size());
  if (rewrite.to.find_first_of("{}") != std::string::npos)
    return {{}, problem(text, "has braces other than one \"{path}\" at its end")};
  if (rewrite.keeps_path && rewrite.to.empty())
    return {{}, problem(text, "changes nothing; use, for example, \"/v2{path}\"")};
  if (!text.starts_with('/'))
    return {{}, problem(text, "does not start with \"/\"; write ").append(quoted("/" + std::string(text)))};
  if (rewrite.keeps_path && rewrite.to.ends_with('/')) {
    const std::string better = rewrite.to.substr(0, rewrite.to.size() - 1).append(rest);
    return {
        {},
        problem(text, "has a \"/\" before \"{path}\", which begins with one; write ").append(quoted(better))};
  }
  if (const auto wrong = problem_of_path(rewrite.to)) return {{}, problem(text, *wrong)};
  return {std::move(rewrite), {}};
}

}  // namespace switchgear::config
