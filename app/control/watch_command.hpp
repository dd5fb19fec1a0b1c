// `switchgear status --watch`: the breakers of a running gateway as lines, for pipes and logs.
#pragma once

#include <optional>
#include <string>

#include "app/control/admin_server.hpp"
#include "app/control/status_watch.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::control {

struct WatchOptions {
  std::string name;  ///< of one breaker; empty: all
  AdminServer server;
  LineFormat format = LineFormat::text;
  std::optional<Duration> interval{};  ///< also prints a line for each breaker this often
};

/// Prints until it is killed, each line at once, and connects again when the stream breaks, which it says on
/// standard error. Returns the exit code: 0 when the reader of its output has gone, 1 if the breaker does not
/// exist or the answer is not an admin API's, 3 if the server cannot be reached at first. Throws http::Error
/// for a URL that cannot be called.
[[nodiscard]] int run_watch(const WatchOptions& options);

}  // namespace switchgear::control
