#include "switchgear/tls/native.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace switchgear::tls {

void Free::operator()(ssl_st* it) const noexcept { SSL_free(it); }
void Free::operator()(ssl_ctx_st* it) const noexcept { SSL_CTX_free(it); }
void Free::operator()(ssl_session_st* it) const noexcept { SSL_SESSION_free(it); }
void Free::operator()(x509_st* it) const noexcept { X509_free(it); }
void Free::operator()(evp_pkey_st* it) const noexcept { EVP_PKEY_free(it); }

}  // namespace switchgear::tls
