#include "switchgear/tls/session.hpp"

#include <openssl/ssl.h>

#include "switchgear/tls/session_lifetime.hpp"

namespace switchgear::tls {

namespace {
/// Where a connection has the pointer to its store. SSL_get_app_data() is Asio's.
[[nodiscard]] int place_of_store() noexcept {
  static const int place = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return place;
}
}  // namespace

void SessionStore::use_for(ssl_st& ssl) noexcept {
  SSL_set_ex_data(&ssl, place_of_store(), this);
  if (latest_ && seconds_left(*latest_).value_or(1) < 1) latest_.reset();
  if (latest_ && SSL_SESSION_is_resumable(latest_.get()) == 1) SSL_set_session(&ssl, latest_.get());
}

void SessionStore::attach(ssl_ctx_st& context) noexcept {
  (void)place_of_store();
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(&context, &SessionStore::keep);
}

/// Returns 1 if it has taken the session over.
int SessionStore::keep(ssl_st* ssl, ssl_session_st* session) {
  auto* const store = static_cast<SessionStore*>(SSL_get_ex_data(ssl, place_of_store()));
  if (store == nullptr) return 0;
  note_end(*ssl, *session);
  store->latest_.reset(session);
  return 1;
}

}  // namespace switchgear::tls
