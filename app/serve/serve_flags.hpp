// The command line of `switchgear serve`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::serve {

struct ServeFlags {
  std::string config;                 ///< path of the policy file
  std::optional<std::string> listen;  ///< HOST:PORT or unix:PATH in place of gateway.listen
  std::optional<std::string> admin;   ///< HOST:PORT in place of gateway.admin
  bool watch = true;                  ///< reload when the file changes
  bool takeover = false;              ///< take the listeners over from the process that has them
};

/// The command line of a process that is to take over from one with these flags. `program`: its path.
[[nodiscard]] std::vector<std::string> successor_command(const std::string& program, const ServeFlags& flags);

/// Puts the flags in place of the file's addresses. Returns the usage error: the flag, and what is wrong with
/// it. An empty flag is an error: most likely it is a variable that is not set, and the file's address is not
/// what was meant.
[[nodiscard]] std::optional<std::string> put_flags_before(config::Config& config, const ServeFlags& flags);

}  // namespace switchgear::serve
