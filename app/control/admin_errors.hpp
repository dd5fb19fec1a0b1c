// What the commands that ask an admin server say when they get no good answer, and how they end.
#pragma once

#include <functional>
#include <string>

#include "app/control/control_client.hpp"

namespace switchgear::control {

inline constexpr int done = 0;
inline constexpr int input_is_wrong = 1;
inline constexpr int usage = 2;
inline constexpr int not_reached = 3;

/// Says on standard error why `reply` of `server`, about circuit `name` (empty: about all), is not what was
/// asked for. Returns the exit code.
[[nodiscard]] int complain(const AdminServer& server, Access access, const std::string& name,
                           const ControlReply& reply);

/// Runs `ask`, which returns an exit code; what it throws (a bad URL or token, an answer that is not an
/// admin API's) is said on standard error.
[[nodiscard]] int with_errors_said(const std::string& url, const std::function<int()>& ask);

}  // namespace switchgear::control
