// Why a request of the client brought no response.
#pragma once

#include <string>
#include <system_error>

namespace switchgear::http {

/// Errors that HTTP adds to those of the system.
enum class Errc {
  bad_url = 1,         ///< the URL cannot be called; nothing was sent
  unresolved,          ///< the name of the server is not known
  closed,              ///< the server closed the connection before it had answered
  kept_closed,         ///< it closed a kept connection as the request was sent, and may have the request
  truncated,           ///< it broke off its answer
  malformed,           ///< its answer can be read in two ways, or in none
  head_too_large,      ///< more than ClientOptions::max_head
  body_too_large,      ///< more than ClientOptions::max_body, decoded or not
  bad_coding,          ///< Content-Encoding says gzip, and the content is not
  bad_redirect,        ///< a redirect that must not be followed
  too_many_redirects,  ///< more than the request allows
  pool_full,           ///< too many requests wait for a connection
  tls,                 ///< no secure connection: a handshake that failed, a certificate that is not accepted
  not_json,            ///< Response::json() of an answer that is not JSON
};

[[nodiscard]] const std::error_category& http_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Errc error) noexcept {
  return {static_cast<int>(error), http_category()};
}

/// What a request ends with when no response came: not for an answer with an error status, which is a
/// response. A refusal by a policy is a switchgear::Rejected instead. code() is an Errc, or the system's
/// (std::errc::connection_refused, timed_out while connecting); what() names the server and the cause:
/// `http://127.0.0.1:9001: Connection refused`.
class Error : public std::system_error {
 public:
  Error(std::error_code code, std::string text, unsigned status = 0);

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  /// Of the response whose content could not be read; 0: none began.
  [[nodiscard]] unsigned status() const noexcept { return status_; }

 private:
  std::string text_;
  unsigned status_;
};

}  // namespace switchgear::http

template <>
struct std::is_error_code_enum<switchgear::http::Errc> : std::true_type {};
