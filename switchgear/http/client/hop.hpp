// Where one request goes, and where a redirect sends it next.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/http/client/wire.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/http/request.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::http {

/// One request to one URL, its headers complete. Decides only: it opens no connection.
struct Hop {
  std::string method;
  Url url;
  Headers headers;                            ///< but Host and Content-Length, which follow from the rest
  std::shared_ptr<const std::string> body{};  ///< may be null

  /// The first one: the client's own headers are added, its credentials for the origin of `base` only.
  [[nodiscard]] static Hop first(std::string method, const Request& request, const Url& url, const Url& base,
                                 const ClientOptions& options);

  /// RFC 9110, 15.4: empty when `response` is not a redirect. 303 becomes a GET, and so does a POST that 301
  /// or 302 answer; all others keep method and body. Authorization, Cookie and Proxy-Authorization stay
  /// behind when the origin changes. Throws Error (Errc::bad_redirect) for a Location that cannot be
  /// followed, and for one that leads from https to http.
  [[nodiscard]] std::optional<Hop> next(const Response& response) const;

  [[nodiscard]] Wire wire(const ClientOptions& options) const;
};

/// The idempotent methods (RFC 9110, 9.2.2) may be repeated.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept;
/// The safe methods (RFC 9110, 9.2.1) change nothing.
[[nodiscard]] bool is_safe(std::string_view method) noexcept;

/// Throws std::invalid_argument for headers that frame a message or concern one connection: the client writes
/// those itself.
void refuse_framing_headers(const Headers& headers);

}  // namespace switchgear::http
