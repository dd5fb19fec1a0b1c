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

std::string_view word_of(Failure failure) noexcept { return words[static_cast<std::size_t>(failure)]; }

Failure failure_of(const ssl_st& ssl, int error) noexcept {
  const unsigned long first = ERR_peek_error();
  ERR_clear_error();
  if (error != SSL_ERROR_SSL || first == 0) return Failure::closed;
  const int reason = ERR_GET_REASON(first);
  if (ERR_GET_LIB(first) != ERR_LIB_SSL) return Failure::protocol;
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
