// Requests to the admin API, for the commands of the binary.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "app/control/admin_server.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::control {

struct ControlReply {
  unsigned status = 0;  ///< of HTTP; 0 when the server was not reached
  boost::json::value body;
  std::string text;   ///< of control_text(); empty when `body` is a problem document
  std::string type;   ///< of `text`: its Content-Type
  std::string error;  ///< why it was not reached, or what it answered instead of JSON
};

/// Sends one request to the admin API of `server` and waits at most `timeout` for all of its answer. Throws
/// http::Error (Errc::bad_url) that says what is wrong with the URL, and std::invalid_argument for a token or
/// a file that cannot be used; never for what the network does.
[[nodiscard]] ControlReply control_request(const AdminServer& server, std::string_view method,
                                           std::string_view path, Duration timeout = std::chrono::seconds{5});

/// The same for a GET of what is text: a report, a page.
[[nodiscard]] ControlReply control_text(const AdminServer& server, std::string_view path,
                                        Duration timeout = std::chrono::seconds{5});

}  // namespace switchgear::control
