// Why a handshake failed, or a connection that was secure ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "switchgear/tls/native.hpp"

namespace switchgear::tls {

enum class Failure : std::uint8_t {
  none,
  plain_text,  ///< the peer does not speak TLS
  alert,       ///< the peer refused, by an alert: most likely it does not accept this side's certificate
  protocol,    ///< no version, cipher or application protocol in common, or malformed
  closed,      ///< the peer ended the connection without an alert
  certificate_missing,  ///< the peer was asked for a certificate, and sent none
  certificate_expired,  ///< from here on: of the peer's certificate, or one that it is signed by
  certificate_not_yet_valid,
  certificate_name,       ///< for another name or address
  certificate_untrusted,  ///< not signed by an authority that is trusted, or not valid for this use
};
inline constexpr std::size_t failure_count = 10;

/// Of a client, for the log of the server that it shook hands with: `its certificate has expired`.
[[nodiscard]] std::string_view of_client(Failure failure) noexcept;
/// Of a server, for the user of a client: `its certificate has expired`.
[[nodiscard]] std::string_view of_server(Failure failure) noexcept;

/// A word for a label: `certificate_expired`.
[[nodiscard]] std::string_view word_of(Failure failure) noexcept;

/// `code` is what ERR_get_error() gave of a failed call with this `ssl`; for those who have taken it already.
[[nodiscard]] Failure failure_of_code(const ssl_st& ssl, unsigned long code) noexcept;

/// After a call with this `ssl` that was neither done nor blocked, whose SSL_get_error() was `error`. Empties
/// OpenSSL's queue of errors.
[[nodiscard]] Failure failure_of(const ssl_st& ssl, int error) noexcept;

}  // namespace switchgear::tls
