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

/// `127.0.0.1:8080`, `[::1]:8080`.
[[nodiscard]] inline std::string text_of(const Endpoint& endpoint) {
  const bool bracketed = endpoint.host.find(':') != std::string::npos;
  return (bracketed ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

/// Whether it is an IPv4 or IPv6 address, and not a name.
[[nodiscard]] bool is_address(const std::string& host);

/// Whether only this machine can reach it: `localhost`, 127.0.0.0/8 (also as
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

/// `http://host[:port][/base]`, or https.
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
