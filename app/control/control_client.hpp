// A small blocking client of the admin API, for the commands of the binary.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::admin {

struct ControlReply {
  unsigned status = 0;  ///< of HTTP; 0 when the server was not reached
  boost::json::value body;
  std::string error;  ///< why it was not reached, or what it answered instead of JSON
};

/// Where the admin API is: `http://HOST[:PORT]`, taken apart.
struct ControlTarget {
  std::string host;
  std::string port;

  /// Throws std::invalid_argument that says what is wrong with the URL.
  [[nodiscard]] static ControlTarget parse(std::string_view url);
};

/// Sends one request and waits at most `timeout` for all of its answer. Never throws for what the network
/// does.
[[nodiscard]] ControlReply control_request(const ControlTarget& target, std::string_view method,
                                           std::string_view path, std::string_view token,
                                           Duration timeout = std::chrono::seconds{5});

/// One path segment with everything escaped that is not a letter, a digit or one of `-._~`.
[[nodiscard]] std::string escaped_segment(std::string_view text);

}  // namespace switchgear::admin
