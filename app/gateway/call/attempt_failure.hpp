// Why an attempt has no response, and what that says about the service.
#pragma once

#include <cstdint>

#include "app/gateway/call/call_client.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/http/connection.hpp"

namespace switchgear::gateway {

struct AttemptFailure {
  enum class Blame : std::uint8_t {
    none,        ///< the gateway's own limits, or it cannot be told
    connection,  ///< refused, reset, closed too early, or malformed
    broken_off,  ///< the connection ended within an answer that the client has a part of
    slow_connection,
    time_limit,
    callers_limit,  ///< its caller gave it less time than the service has
    wait_in_line,   ///< it waited longer for a free connection than the service then had
  };
  Blame blame = Blame::none;
  LastWords words;
};

/// Of one that got no connection.
[[nodiscard]] AttemptFailure failure_of(http::ConnectError why) noexcept;

/// Of a call that another client has made, or that chaos has spoilt.
[[nodiscard]] LastWords words_of(FailureType type, bool injected) noexcept;

}  // namespace switchgear::gateway
