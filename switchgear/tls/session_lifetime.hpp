// How long a session may be resumed. A handshake that resumes one shows no certificates and verifies none, so
// what was verified once would hold for as long as the session does, past the end of the certificates.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/tls/native.hpp"

namespace switchgear::tls {

/// Of a session whose whole handshake verified the peer: notes in it when the first of the certificates
/// expires by which it did, up to the authority's. A session that comes of a resumed one has its note
/// already.
void note_end(const ssl_st& ssl, ssl_session_st& session) noexcept;

/// Seconds from now until what was noted, less than 1 when it is over; nothing: no peer was verified. The
/// note is in the tickets of a server too.
[[nodiscard]] std::optional<std::int64_t> seconds_left(const ssl_session_st& session) noexcept;

/// Of a server that asks for certificates: its tickets end with what the client was verified by, and a client
/// that comes with one afterwards makes a whole handshake.
void end_tickets_with_certificates(ssl_ctx_st& context) noexcept;

}  // namespace switchgear::tls
