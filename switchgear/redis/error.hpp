// Why a command to Redis has no reply.
#pragma once

#include <cstdint>
#include <system_error>

namespace switchgear::redis {

enum class Errc : std::uint8_t {
  not_connected = 1,  ///< there is no connection now; one is being made
  timed_out,          ///< no reply within the command's time; it may have been executed
  lost,               ///< the connection ended before the reply came; it may have been executed
  refused,            ///< the server answered with an error, as for a wrong password
  too_much,           ///< too many commands are waiting for their replies
  malformed,          ///< the reply is not RESP, or larger than allowed
  breaker_open,       ///< the breaker around Redis is open
};

[[nodiscard]] const std::error_category& category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), category()};
}

}  // namespace switchgear::redis

template <>
struct std::is_error_code_enum<switchgear::redis::Errc> : std::true_type {};
