// `switchgear record SERVICE`: the calls of a running gateway as a trace.
#pragma once

#include <cstdint>
#include <string>

#include "app/control/admin_server.hpp"

namespace switchgear::control {

struct LiveRecording {
  std::string service;
  std::string length = "1m";
  double sample = 1;
  std::uint64_t most = 1'000'000;
  std::string out = "-";  ///< `-`: standard output
  AdminServer server{};
};

/// Records until the time is over, there is no room for more, or SIGINT or SIGTERM comes; then writes the
/// trace. Returns the exit code: 0 done, 1 there is no such service, the server refused, no call came or the
/// trace cannot be written, 2 the URL is not valid, 3 the server was not reached.
[[nodiscard]] int record_live(const LiveRecording& recording);

}  // namespace switchgear::control
