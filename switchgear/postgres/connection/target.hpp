// A connection string, taken apart into the servers that it names.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::postgres {

/// One server, with all that libpq needs to connect to it.
struct Target {
  std::string name;                                           ///< `db:5432`, for people
  std::vector<std::pair<std::string, std::string>> settings;  ///< keywords of libpq and their values
  bool wants_writer = false;                                  ///< target_session_attrs says so
};

/// Keywords as libpq knows them: a connection string or a URI, over the environment (PGHOST, …).
///
/// Hosts are tried one after the other by this room and not by libpq, because libpq looks names up on the
/// calling thread, and has no time limit for one host of several.
class ConnectionString {
 public:
  /// Throws std::invalid_argument for what libpq cannot read.
  explicit ConnectionString(std::string_view text);

  /// `db:5432/shop`: without user and password.
  [[nodiscard]] const std::string& label() const noexcept { return label_; }

  /// Each address of each host, in order; twice with `prefer-standby`, first as a standby and then as any.
  /// Names are looked up beside the executor. Throws Error, Errc::unresolved, if no name has an address.
  [[nodiscard]] boost::asio::awaitable<std::vector<Target>> targets(boost::asio::any_io_executor executor,
                                                                    TimePoint until) const;

 private:
  struct Host {
    std::string host;  ///< a name, an address, or the folder of a socket
    std::string address;
    std::string port;
  };
  [[nodiscard]] Target target(const Host& host, const std::string& address, const char* session) const;

  std::vector<std::pair<std::string, std::string>> settings_;  ///< but for those that differ by host
  std::vector<Host> hosts_;
  std::string session_;  ///< target_session_attrs
  std::string label_;
};

}  // namespace switchgear::postgres
