// tls/: what OpenSSL needs to secure a connection: certificates, keys, authorities, sessions, and why a
// handshake failed. Never here: sockets, files, when to connect.
//
// OpenSSL's objects, owned.
#pragma once

#include <memory>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct evp_pkey_st;

namespace switchgear::tls {

struct Free {
  void operator()(ssl_st* it) const noexcept;
  void operator()(ssl_ctx_st* it) const noexcept;
  void operator()(ssl_session_st* it) const noexcept;
  void operator()(x509_st* it) const noexcept;
  void operator()(evp_pkey_st* it) const noexcept;
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

}  // namespace switchgear::tls
