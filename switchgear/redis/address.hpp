// Where a Redis server is, and how to get in: `redis://user:password@host:6379/0`, `rediss://` over TLS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchgear::redis {

struct Address {
  std::string host;
  std::uint16_t port = 6379;
  bool tls = false;
  std::string user;      ///< empty: the default user
  std::string password;  ///< empty: no AUTH
  std::uint32_t database = 0;

  friend bool operator==(const Address&, const Address&) = default;
};

/// Throws std::invalid_argument, which says what is wrong and how to write it.
[[nodiscard]] Address parse_address(std::string_view url);

/// For people and logs: without the password.
[[nodiscard]] std::string to_string(const Address& address);

}  // namespace switchgear::redis
