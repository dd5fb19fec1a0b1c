// The heads a proxy writes: the fields it forwards, removes and adds (RFC 9110, 7.6).
#pragma once

#include <string>
#include <string_view>

#include "app/gateway/heads/correlation.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// What a request's head becomes on its way to the upstream.
struct RequestRewrite {
  std::string_view base_path;  ///< put before the path
  std::string_view path;       ///< as the upstream gets it, with the query
  std::string_view authority;  ///< Host when the client, on HTTP/1.0, sent none
  std::string_view client;     ///< the client's address, appended to X-Forwarded-For
  std::string_view scheme;     ///< by which it came: X-Forwarded-Proto, unless the request has one
  std::string_view pseudonym;  ///< of this gateway, appended to Via
  Marks marks = {};
  std::string_view upgrade = {};  ///< the protocol that the upstream is asked to switch to; empty: none
};
void write_request(std::string& out, const http::Head& head, const http::FieldList& fields,
                   const RequestRewrite& rewrite);

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
void write_kept_fields(std::string& out, const http::Head& head, const http::FieldList& fields);

/// A 1xx, forwarded without the hop-by-hop fields.
void write_interim(std::string& out, const http::Head& head, const http::FieldList& fields);

}  // namespace switchgear::gateway
