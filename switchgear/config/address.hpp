// Addresses as configuration writes them: where to listen, where a service is, which origins and paths.
// Each returns the value, or what was found and what is expected. Nothing is resolved or opened.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "switchgear/config/config.hpp"

namespace switchgear::config {

template <class T>
struct Parsed {
  std::optional<T> value;
  std::string problem;  ///< set when `value` is not
};

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`. Port 0 lets the system choose.
[[nodiscard]] Parsed<Endpoint> parse_listen(std::string_view text);

/// What the text of a Unix socket's address begins with.
inline constexpr std::string_view unix_scheme = "unix:";

/// `unix:/run/app.sock`, or `unix:@app` of Linux's abstract names.
[[nodiscard]] Parsed<Endpoint> parse_unix_socket(std::string_view text);

[[nodiscard]] inline bool is_unix(const Endpoint& endpoint) noexcept {
  return endpoint.host.starts_with(unix_scheme);
}

/// Where a Unix socket is in the file system; empty: nowhere, as one with an abstract name.
[[nodiscard]] inline std::string file_of(const Endpoint& unix_socket) {
  const std::string path = unix_socket.host.substr(unix_scheme.size());
  return path.starts_with('/') ? path : std::string{};
}

/// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/app.sock`.
[[nodiscard]] inline std::string text_of(const Endpoint& endpoint) {
  if (is_unix(endpoint)) return endpoint.host;
  const bool bracketed = endpoint.host.find(':') != std::string::npos;
  return (bracketed ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

/// The one spelling of all that lead to the same place: `127.0.0.1` for `::ffff:127.0.0.1`, `::1` for
/// `0:0:0:0:0:0:0:1`, and the path of a Unix socket without `..`, `.`, `//` and symbolic links.
[[nodiscard]] Endpoint canonical(const Endpoint& endpoint);

/// Whether it is an IPv4 or IPv6 address, or a Unix socket's, and not a name that is looked up.
[[nodiscard]] bool is_address(const std::string& host);

/// Whether only this machine can reach it: a Unix socket, `localhost`, 127.0.0.0/8 (also as
/// ::ffff:127.0.0.1) or ::1. Of other names nothing is known,
/// so they are not.
[[nodiscard]] bool is_loopback(const Endpoint& endpoint);

/// Of an admin server that others can reach, and that requires no token.
inline constexpr std::string_view open_admin_problem =
    "other machines can reach it, and it requires no token: anyone there can open and reset the breakers; "
    "set "
    "gateway.token, or listen on 127.0.0.1";

struct ServiceUrl {
  enum class Scheme : std::uint8_t { http, https };

  Scheme scheme = Scheme::http;
  Endpoint upstream;
  std::string base_path;  ///< without the last '/'
};

/// `http://host[:port][/base]`, or https; or `unix:/run/app.sock`, for HTTP over that socket.
[[nodiscard]] Parsed<ServiceUrl> parse_service_url(std::string_view text);

/// `https://ops.example.com[:port]`, as a browser writes it in `Origin`: lower case, no default port.
[[nodiscard]] Parsed<std::string> parse_origin(std::string_view text);

/// A path of visible ASCII that starts with '/', without query, fragment, `.` and `..`. The value is the path
/// as routes see a request's: percent-encoding undone, `//` merged.
[[nodiscard]] Parsed<std::string> parse_prefix(std::string_view text);

/// `shop.example.com`, `*.example.com`, `10.0.0.1`, `[::1]`. The value is as HostName sees a request's.
[[nodiscard]] Parsed<std::string> parse_route_host(std::string_view text);

/// `/v2{path}`, or a path that stands for every request's.
[[nodiscard]] Parsed<Rewrite> parse_rewrite(std::string_view text);

}  // namespace switchgear::config
