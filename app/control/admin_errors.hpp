// What the commands that ask an admin server say when they get no good answer, and how they end.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "app/control/control_client.hpp"

namespace switchgear::control {

inline constexpr int done = 0;
inline constexpr int input_is_wrong = 1;
inline constexpr int usage = 2;
inline constexpr int not_reached = 3;

/// Says on standard error why `reply` of `server`, about circuit `name` (empty: about all), is not what was
/// asked for. Returns the exit code. Throws NotAdminApi if the server says that it is.
[[nodiscard]] int complain(const AdminServer& server, Access access, const std::string& name,
                           const ControlReply& reply);

/// The answer is of another shape than an admin API's.
struct NotAdminApi : std::runtime_error {
  NotAdminApi() : std::runtime_error("not an admin API") {}
};

/// What `read` makes of an answer; throws NotAdminApi where it has not what is read. Boost.JSON's own
/// exceptions for that are of several kinds, std::invalid_argument too, which means an option elsewhere.
template <class Read>
auto understood(Read read) {
  try {
    return read();
  } catch (const std::exception&) {
    throw NotAdminApi{};
  }
}

/// Runs `ask`, which returns an exit code; what it throws (a bad URL or token, an answer that is not an
/// admin API's) is said on standard error.
[[nodiscard]] int with_errors_said(const std::string& url, const std::function<int()>& ask);

}  // namespace switchgear::control
