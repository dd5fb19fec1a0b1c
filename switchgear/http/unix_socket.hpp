// Unix sockets as hosts: `unix:/run/app.sock`, or `unix:@app` of Linux's abstract names.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <string_view>

namespace switchgear::http {

inline constexpr std::string_view unix_scheme = "unix:";
/// Bytes of a path: what sockaddr_un has room for.
inline constexpr std::size_t longest_unix_path = 107;

[[nodiscard]] inline bool is_unix(std::string_view host) noexcept { return host.starts_with(unix_scheme); }

/// Precondition: is_unix(host), with 1 to longest_unix_path bytes behind the scheme.
[[nodiscard]] boost::asio::generic::stream_protocol::endpoint unix_address(std::string_view host);

}  // namespace switchgear::http
