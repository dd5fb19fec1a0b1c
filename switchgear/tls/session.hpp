// The session that a client resumes with a server: it spares both the certificates and a signature.
#pragma once

#include "switchgear/tls/native.hpp"

namespace switchgear::tls {

/// Keeps the latest session of one server, until the certificates have expired by which it was verified.
/// Threads: one. Outlives the connections that it is told to.
class SessionStore {
 public:
  /// Before the handshake: offers what is kept, and keeps what the server gives from now on.
  void use_for(ssl_st& ssl) noexcept;

  /// Of a client's context: sessions go to the store of their connection. Once, when it is made.
  static void attach(ssl_ctx_st& context) noexcept;

 private:
  static int keep(ssl_st* ssl, ssl_session_st* session);

  Owned<ssl_session_st> latest_;
};

}  // namespace switchgear::tls
