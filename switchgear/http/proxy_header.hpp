// The PROXY protocol, versions 1 and 2: what a balancer of TCP connections says about a connection's client,
// before the client's own bytes (HAProxy's proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::http {

/// What one header says.
struct ProxyHeader {
  struct Addresses {
    std::string client;  ///< an IPv4 or IPv6 address
    std::uint16_t client_port = 0;
    std::uint16_t connected_port = 0;  ///< that the client connected to
  };

  std::size_t size = 0;  ///< bytes; the client's own begin behind them
  /// Empty: the balancer speaks for itself (LOCAL, UNKNOWN), as in a health check, or the client's family is
  /// neither TCP over IPv4 nor over IPv6. The connection's own addresses count then.
  std::optional<Addresses> addresses;
};

enum class ProxyRead : std::uint8_t {
  complete,
  need_more,     ///< the bytes are the beginning of a header
  not_a_header,  ///< they begin in another way
  malformed,     ///< they begin as one, and break a rule of the protocol
  bad_checksum,  ///< a header of version 2 has a CRC32C, and another one is right
  too_long,      ///< a header of version 2 says that it is longer than `most_proxy_header`
};
[[nodiscard]] std::string_view to_string(ProxyRead read) noexcept;

/// Bytes. Version 1 has at most 107; version 2 could have 65,551, and has a few hundred in practice.
inline constexpr std::size_t most_proxy_header = std::size_t{16} * 1024;

/// Reads the header at the front of `bytes`; `into` is of use when it is complete. What is not complete is
/// read again from its beginning when there are more bytes. Fields of type, length and value (TLV) of version
/// 2 are checked for their lengths, and skipped, but for the checksum. Throws only std::bad_alloc.
[[nodiscard]] ProxyRead read_proxy_header(std::string_view bytes, ProxyHeader& into);

}  // namespace switchgear::http
