// The heads a proxy writes: the fields it forwards, removes and adds (RFC 9110, 7.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/gateway/heads/correlation.hpp"
#include "app/gateway/heads/provenance.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// What becomes of a client's x-request-deadline-ms.
enum class DeadlineLine : unsigned char {
  passes,
  dropped,
  replaced,  ///< each attempt writes its own
};

/// What a request's head becomes on its way to the upstream.
struct RequestRewrite {
  std::string_view base_path;  ///< put before the path
  std::string_view path;       ///< as the upstream gets it, with the query
  std::string_view authority;  ///< Host when the client, on HTTP/1.0, sent none
  const Provenance& from;      ///< for X-Forwarded-… and Forwarded
  std::string_view pseudonym;  ///< of this gateway, appended to Via
  Marks marks = {};
  DeadlineLine deadline = DeadlineLine::passes;
  std::string_view upgrade = {};  ///< the protocol that the upstream is asked to switch to; empty: none
  /// The answer is read here: whatever the client asks for, it must come whole, and in no coding.
  bool whole_answer = false;
  bool json_answer = false;       ///< the same, and it must be JSON
  bool expects_continue = false;  ///< the upstream says whether the content may come
};
/// Where the lines stand in a head that say how the content comes: its framing, and Expect.
struct ContentLines {
  std::size_t at = 0;
  std::size_t size = 0;
};
/// The head is left open, for a line of each attempt's own, if it has a traceparent or a deadline.
ContentLines write_request(std::string& out, const http::Head& head, const http::FieldList& fields,
                           const RequestRewrite& rewrite);

void append_content_length(std::string& out, std::uint64_t length);

/// Whether the request has been through the gateway of this pseudonym already, by its Via (RFC 9110, 7.6.3).
[[nodiscard]] bool was_forwarded_by(std::string_view pseudonym, const http::FieldList& fields) noexcept;

/// What a response's head becomes on its way to the client.
enum class BodyFraming : unsigned char { as_received, chunked, until_close };
struct ResponseRewrite {
  BodyFraming framing = BodyFraming::as_received;
  bool to_http10 = false;
  bool keep_alive = true;
  std::string_view date;   ///< added when the upstream sent none
  std::string_view extra;  ///< lines of the gateway's own, each with its CR LF
};
void write_response(std::string& out, const http::Head& head, const http::FieldList& fields,
                    const ResponseRewrite& rewrite);

/// The fields that still hold when a response is given again: all but those that frame it, end at this hop or
/// tell its age.
void write_kept_fields(std::string& out, const http::FieldList& fields);

/// A 1xx, forwarded without the hop-by-hop fields.
void write_interim(std::string& out, const http::Head& head, const http::FieldList& fields);

}  // namespace switchgear::gateway
