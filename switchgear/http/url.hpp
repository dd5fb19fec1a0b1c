// The URL of one request, checked and taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchgear::http {

/// Names and values of a query, as they are before they are encoded.
using Query = std::vector<std::pair<std::string, std::string>>;

/// An address that the client can call. Every function that makes one throws http::Error (Errc::bad_url),
/// whose text says what was found and what is needed instead.
class Url {
 public:
  /// `http://HOST[:PORT][/PATH][?QUERY]`, or https. A fragment is dropped. User names and passwords are
  /// refused: they would end up in logs. Or, for HTTP over a Unix socket, `unix:/run/app.sock[:/PATH]`.
  [[nodiscard]] static Url parse(std::string_view text);

  /// `reference` below this URL: an absolute URL stands for itself; a path is appended to this one's path, so
  /// that `/apples` below `http://shop/api` is `http://shop/api/apples`. `query` is encoded and appended.
  [[nodiscard]] Url join(std::string_view reference, const Query& query = {}) const;
  /// The target of a redirect from here (RFC 3986, 5.2), which may be relative. A service behind a Unix
  /// socket knows itself as `http://localhost`, which stays there; no redirect leads to another one.
  [[nodiscard]] Url follow(std::string_view location) const;

  [[nodiscard]] bool tls() const noexcept { return tls_; }
  /// A name, an IP address without brackets, or `unix:` and the path of a socket.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Path and query, as a request line carries them; at least `/`.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// As the Host header carries it: without the port that the scheme implies; `localhost` of a Unix socket.
  [[nodiscard]] std::string authority() const;
  /// `http://shop:8080`: scheme, host and port. `unix:/run/app.sock`
  [[nodiscard]] std::string origin() const;
  [[nodiscard]] std::string text() const { return prefix() + target_; }

  [[nodiscard]] bool same_origin(const Url& other) const noexcept {
    return tls_ == other.tls_ && port_ == other.port_ && host_ == other.host_;
  }

 private:
  /// What stands before the target: the origin, and a colon after the path of a socket.
  [[nodiscard]] std::string prefix() const;
  Url() = default;
  [[nodiscard]] static Url parse_http(std::string_view text);
  [[nodiscard]] static Url parse_unix(std::string_view text);

  bool tls_ = false;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string target_;
};

/// `text` with everything escaped that is not a letter, a digit or one of `-._~`: for one segment of a path,
/// or for a name or a value of a query.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace switchgear::http
