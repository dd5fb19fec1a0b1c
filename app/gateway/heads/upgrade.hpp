// What the heads of a request and of its answer say about an upgrade of the connection (RFC 9110, 7.8).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// The client asks for another protocol, well or badly.
[[nodiscard]] bool wants_upgrade(const http::Head& head, const http::FieldList& fields) noexcept;

/// Sixteen bytes in base64 (RFC 6455, 4.2.1). Servers differ in what they answer to anything else.
[[nodiscard]] bool is_websocket_key(std::string_view text) noexcept;

/// The protocol that a request asks for, as it wrote it, if it asks in a way that every server understands
/// alike: HTTP/1.1, `Connection: upgrade`, one line `Upgrade` with one of `allowed` (in lower case), no
/// content, no Expect; for a WebSocket GET and one key. Else empty: then the request is an ordinary one, and
/// is forwarded without a word of an upgrade.
[[nodiscard]] std::string_view upgrade_asked_for(const http::Head& head, const http::FieldList& fields,
                                                 std::span<const std::string> allowed) noexcept;

/// The value that a WebSocket server answers the key of `fields` with (RFC 6455, 4.2.2); empty for any other
/// protocol.
[[nodiscard]] std::string proof_of_upgrade(std::string_view protocol, const http::FieldList& fields);

/// Whether a 101 is the answer to the request for `protocol`: HTTP/1.1, `Connection: upgrade`, one line
/// `Upgrade` with that protocol, and the `proof`, if there is one.
[[nodiscard]] bool confirms_upgrade(const http::Head& head, const http::FieldList& fields,
                                    std::string_view protocol, std::string_view proof) noexcept;

/// The head of the 101 as the client gets it.
void write_upgraded(std::string& out, const http::Head& head, const http::FieldList& fields);

}  // namespace switchgear::gateway
