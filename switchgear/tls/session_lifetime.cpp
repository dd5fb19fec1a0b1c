#include "switchgear/tls/session_lifetime.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

namespace switchgear::tls {

namespace {

using Note = std::array<unsigned char, sizeof(std::int64_t)>;

/// Of a certificate. What cannot be read is over.
[[nodiscard]] std::int64_t seconds_until_end(const x509_st& certificate) noexcept {
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(&certificate)) != 1) return 0;
  return std::int64_t{days} * 86'400 + seconds;
}

/// The session is the one that the ticket will hold. A shorter timeout tells the client as well, by the
/// ticket's lifetime.
int write_ticket(ssl_st* ssl, void*) {
  SSL_SESSION* const session = SSL_get_session(ssl);
  note_end(*ssl, *session);
  if (const auto left = seconds_left(*session)) {
    const std::int64_t timeout = SSL_SESSION_get_timeout(session);
    SSL_SESSION_set_timeout(session, static_cast<long>(std::clamp<std::int64_t>(*left, 0, timeout)));
  }
  return 1;
}

SSL_TICKET_RETURN read_ticket(ssl_st*, ssl_session_st* session, const unsigned char*, std::size_t,
                              SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (seconds_left(*session).value_or(1) < 1) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

void note_end(const ssl_st& ssl, ssl_session_st& session) noexcept {
  STACK_OF(X509)* const chain = SSL_get0_verified_chain(&ssl);
  if (chain == nullptr || SSL_get_verify_mode(&ssl) == SSL_VERIFY_NONE || SSL_session_reused(&ssl) == 1)
    return;
  std::int64_t least = std::int64_t{1} << 40U;
  for (int i = 0; i < sk_X509_num(chain); ++i)
    least = std::min(least, seconds_until_end(*sk_X509_value(chain, i)));
  const std::int64_t end = std::int64_t{std::time(nullptr)} + least;
  Note note{};
  std::memcpy(note.data(), &end, note.size());
  // Without memory for the note the session must not outlive it.
  if (SSL_SESSION_set1_ticket_appdata(&session, note.data(), note.size()) != 1)
    SSL_SESSION_set_timeout(&session, 0);
}

std::optional<std::int64_t> seconds_left(const ssl_session_st& session) noexcept {
  void* data = nullptr;
  std::size_t size = 0;
  // It reads, though it takes a session that may change.
  if (SSL_SESSION_get0_ticket_appdata(const_cast<ssl_session_st*>(&session), &data, &size) != 1 ||
      size != sizeof(std::int64_t))
    return std::nullopt;
  std::int64_t end = 0;
  std::memcpy(&end, data, sizeof end);
  return end - std::int64_t{std::time(nullptr)};
}

void end_tickets_with_certificates(ssl_ctx_st& context) noexcept {
  SSL_CTX_set_session_ticket_cb(&context, &write_ticket, &read_ticket, nullptr);
}

}  // namespace switchgear::tls
