#include "switchgear/tls/failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace switchgear::tls {

namespace {

constexpr std::array<std::string_view, failure_count> words{"none",
                                                            "plain_text",
                                                            "alert",
                                                            "protocol",
                                                            "closed",
                                                            "certificate_missing",
                                                            "certificate_expired",
                                                            "certificate_not_yet_valid",
                                                            "certificate_name",
                                                            "certificate_untrusted"};

[[nodiscard]] Failure of_verification(long result) noexcept {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Failure::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Failure::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Failure::certificate_name;
    default:
      return Failure::certificate_untrusted;
  }
}

}  // namespace

std::string_view of_client(Failure failure) noexcept {
  switch (failure) {
    case Failure::plain_text:
      return "it sent plain text where TLS is expected";
    case Failure::alert:
      return "it refused the handshake: most likely it does not accept the gateway's certificate";
    case Failure::closed:
      return "it left during the handshake";
    case Failure::certificate_missing:
      return "it has shown no certificate";
    case Failure::certificate_expired:
      return "its certificate has expired";
    case Failure::certificate_not_yet_valid:
      return "its certificate is not valid yet";
    case Failure::certificate_name:
    case Failure::certificate_untrusted:
      return "its certificate is not signed by an authority of client_ca";
    case Failure::none:
    case Failure::protocol:
      break;
  }
  return "it has no version, cipher or protocol in common with the gateway, or its handshake is malformed";
}

std::string_view of_server(Failure failure) noexcept {
  switch (failure) {
    case Failure::plain_text:
      return "it does not speak TLS: it answered in plain text";
    case Failure::alert:
      return "it refused TLS with an alert; it may require a certificate, or not accept the one it was shown";
    case Failure::closed:
      return "it closed the connection during the TLS handshake";
    case Failure::certificate_missing:
      return "it has shown no certificate";
    case Failure::certificate_expired:
      return "its certificate has expired";
    case Failure::certificate_not_yet_valid:
      return "its certificate is not valid yet";
    case Failure::certificate_name:
      return "its certificate is for another name";
    case Failure::certificate_untrusted:
      return "its certificate is not signed by an authority that is trusted here";
    case Failure::none:
    case Failure::protocol:
      break;
  }
  return "it has no TLS version, cipher or protocol in common with this client";
}

std::string_view word_of(Failure failure) noexcept { return words[static_cast<std::size_t>(failure)]; }

Failure failure_of(const ssl_st& ssl, int error) noexcept {
  const unsigned long first = ERR_peek_error();
  ERR_clear_error();
  return error == SSL_ERROR_SSL ? failure_of_code(ssl, first) : Failure::closed;
}

Failure failure_of_code(const ssl_st& ssl, unsigned long code) noexcept {
  if (code == 0) return Failure::closed;
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return Failure::protocol;
  switch (reason) {
    case SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_REASON_OFFSET + SSL_AD_INSUFFICIENT_SECURITY:
    case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
      return Failure::protocol;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return of_verification(SSL_get_verify_result(&ssl));
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Failure::certificate_missing;
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:  // of the first record: peers without a version in common send an alert
      return Failure::plain_text;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return Failure::closed;
    default:
      break;
  }
  const bool alert = reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
  return alert ? Failure::alert : Failure::protocol;
}

}  // namespace switchgear::tls
