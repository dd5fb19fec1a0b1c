// Checks of what listens on a port: by a request over HTTP, or by a TCP connection alone.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "switchgear/health/check_options.hpp"
#include "switchgear/http/health/check_function.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::http {

/// What is checked, such as one instance of a service.
struct CheckTarget {
  std::string host;  ///< a name, an IP address without brackets, or `unix:PATH`, which has no port
  std::uint16_t port = 0;
  std::optional<tls::Peer> tls{};  ///< whom it must be; empty: it is called in plain text

  friend bool operator==(const CheckTarget&, const CheckTarget&) = default;
};

/// `10.0.0.1:8080`, `[::1]:8080`, `unix:/run/app.sock`
[[nodiscard]] std::string text_of(const CheckTarget& target);

/// What else an answer must be whose status is good, as an agent's card: it is read up to this length.
struct AnswerCheck {
  std::function<health::CheckResult(const Response&)> judge{};  ///< empty: nothing
  std::size_t longest = health::longest_answer;
};

/// As `options` say, at their port if they name one. Each check has a connection of its own, so that it also
/// sees whether connections are still taken. At most health::longest_answer bytes of an answer are read, or
/// as `also` says. `executor` must not run two things at once. Throws std::invalid_argument or Error for a
/// request that cannot be made.
[[nodiscard]] CheckFunction port_check(const boost::asio::any_io_executor& executor,
                                       const CheckTarget& target, const health::CheckOptions& options,
                                       AnswerCheck also = {});

}  // namespace switchgear::http
