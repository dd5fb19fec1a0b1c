// Access to the admin server: checks of Host, Origin and token. Pure functions over header values. Never
// here: sockets, what a request does once it is let through.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/tls/context.hpp"

namespace switchgear::admin {

/// The hosts and origins a listener answers to.
///
/// A page on a foreign site can make a browser send requests here, either across origins or, by pointing its
/// own name at this address ("DNS rebinding"), within its own. The first is seen by `Origin`, the second by
/// `Host`: a name that is not configured. An IP address cannot be rebound, so the address the connection
/// arrived at is always a good host.
class AccessRules {
 public:
  /// `listen_host`: as configured. `origins`: like `https://ops.example.com`; their hosts are good hosts too.
  /// `read_token`: for reading only; empty: everyone may read.
  AccessRules(const std::string& listen_host, std::string token, const std::vector<std::string>& origins,
              std::string read_token = {});

  /// `host`: the Host header. `local_address`: where the connection arrived, without a port. `tls`: of an
  /// encrypted connection; a name that it has a certificate for is a good host, as it cannot be rebound by
  /// those who have none.
  [[nodiscard]] bool host_allowed(std::string_view host, std::string_view local_address,
                                  const tls::ServerContext* tls = nullptr) const;

  /// `origin`: the Origin header; nothing: there is none, so no browser page sent the request. A page of this
  /// server has the scheme that the connection has. Precondition: host_allowed(host, …).
  [[nodiscard]] bool origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                                    const tls::ServerContext* tls = nullptr) const;

  /// Whether a request may change something. `authorization`: the Authorization header. Always true when no
  /// token is set. Takes the same time for every wrong token of the same length.
  [[nodiscard]] bool token_allowed(std::string_view authorization) const;

  /// Whether one may read: with either token. A browser cannot give an event stream a bearer token, so that
  /// the token may also be the password of HTTP's basic authentication, of any user. No change is let through
  /// with that: a browser adds it to requests of other sites' pages too.
  [[nodiscard]] bool may_read(std::string_view authorization) const;

 private:
  std::string listen_host_;
  std::string token_;
  std::string read_token_;
  std::vector<std::string> origins_;
  std::vector<std::string> origin_hosts_;
};

}  // namespace switchgear::admin
