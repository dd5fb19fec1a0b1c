#include "app/gateway/call/attempt_failure.hpp"

namespace switchgear::gateway {

namespace {

using Blame = AttemptFailure::Blame;
using http::ConnectError;

// The words for the cause are those of RFC 9209, 2.3.
[[nodiscard]] LastWords words_of(ConnectError why) noexcept {
  constexpr std::string_view certificate = "tls_certificate_error";
  switch (why) {
    case ConnectError::refused:
      return {502, "connection_refused", "the service takes no connection"};
    case ConnectError::unresolved:
      return {502, "dns_error", "the service's name cannot be resolved"};
    case ConnectError::timeout:
      return {504, "connection_timeout", "the service did not take the connection in time"};
    case ConnectError::tls_timeout:
      return {504, "connection_timeout",
              "the service took the connection, and did not finish the TLS handshake in time"};
    case ConnectError::tls_plain_text:
      return {502, "tls_protocol_error", "the service does not speak TLS: it answered in plain text"};
    case ConnectError::tls_refused:
      return {502, "tls_alert_received",
              "the service refused TLS with an alert; it may not accept the gateway's certificate"};
    case ConnectError::tls_closed:
      return {502, "tls_protocol_error", "the service closed the connection during the TLS handshake"};
    case ConnectError::tls_protocol:
      return {502, "tls_protocol_error",
              "the service and the gateway have no TLS version, cipher or protocol in common"};
    case ConnectError::certificate_expired:
      return {502, certificate, "the service's certificate has expired"};
    case ConnectError::certificate_not_yet_valid:
      return {502, certificate, "the service's certificate is not valid yet"};
    case ConnectError::certificate_name:
      return {502, certificate, "the service's certificate is for another name"};
    case ConnectError::certificate_untrusted:
      return {502, certificate,
              "the service's certificate is not signed by an authority that the gateway trusts"};
    case ConnectError::resources:
      break;
  }
  return {503, "proxy_internal_error", "the gateway has no descriptor or no memory left"};
}

[[nodiscard]] Blame blame_of(ConnectError why) noexcept {
  switch (why) {
    case ConnectError::resources:
      return Blame::none;
    case ConnectError::timeout:
    case ConnectError::tls_timeout:
      return Blame::slow_connection;
    default:
      return Blame::connection;
  }
}

}  // namespace

AttemptFailure failure_of(ConnectError why) noexcept { return {blame_of(why), words_of(why)}; }

LastWords words_of(FailureType type, bool injected) noexcept {
  LastWords words{502, "http_response_incomplete",
                  "the same request was under way for another client, and has failed"};
  if (injected) words = {500, "proxy_internal_response", "chaos: this failure was injected"};
  switch (type) {
    case FailureType::timeout:
      words.status = 504;
      words.error = "http_response_timeout";
      break;
    case FailureType::connection_error:
      words.status = 502;
      words.error = "connection_terminated";
      break;
    case FailureType::http_error:
    case FailureType::exception:
    case FailureType::slow_response:
      break;
  }
  return words;
}

}  // namespace switchgear::gateway
