#include "app/gateway/heads/forwarding.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "app/gateway/heads/contains_lower.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/deadline_field.hpp"
#include "switchgear/http/look_alike.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// Ends at this hop by its nature; those that Connection names are gone already (FieldList::end_hop). What
/// frames the message is always made anew.
[[nodiscard]] bool is_hop_by_hop(const Field& field) noexcept {
  switch (field.id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authentication_info:
    case FieldId::proxy_authorization:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::content_length:
    case FieldId::upgrade:
    case FieldId::http2_settings:
      return true;
    default:
      return false;
  }
}

/// Fields that frame the message, that end at this hop, or that this gateway vouches for.
constexpr auto guarded =
    std::to_array<std::string_view>({"content-length", "transfer-encoding", "keep-alive", "http2-settings",
                                     "proxy-connection", "proxy-authorization", "proxy-authenticate",
                                     "proxy-authentication-info", "x-request-deadline-ms", "x-real-ip"});

/// A service could take it for one of those, or for one of X-Forwarded-… (look_alike.hpp). And programs are
/// told by their variable for `Proxy` which proxy to use for requests of their own (CVE-2016-5385,
/// "httpoxy").
[[nodiscard]] bool is_misleading(std::string_view name, std::string_view request_id_field) noexcept {
  if (http::equals_lower(name, "proxy")) return true;
  if (http::is_plain_name(name)) return false;
  return http::looks_like_one_of(name, "x-forwarded") ||
         std::ranges::any_of(guarded, [&](auto field) { return http::looks_like(name, field); }) ||
         (!request_id_field.empty() && http::looks_like(name, request_id_field) &&
          !http::equals_lower(name, request_id_field));
}

[[nodiscard]] bool is_forwarded_for(const Field& field) noexcept {
  return field.id == FieldId::unknown && http::equals_lower(field.name, "x-forwarded-for");
}

/// Lines of one name are one list, in their order (RFC 9110, 5.3), and leave as one: some servers look at the
/// first line only, and would believe what a client wrote there.
void write_forwarded_for(std::string& out, const http::FieldList& fields, std::string_view client) {
  out.append("X-Forwarded-For: ");
  for (const Field& field : fields) {
    if (is_forwarded_for(field) && !field.value.empty()) out.append(field.value).append(", ");
  }
  out.append(client).append("\r\n");
}

/// Another stands in its place, or none may.
[[nodiscard]] bool is_replaced(const Field& field, const RequestRewrite& rewrite) noexcept {
  const std::string_view name = field.name;
  const Marks& marks = rewrite.marks;
  if (is_forwarding(field, rewrite.from.arrival.claims)) return true;
  if (field.id != FieldId::unknown) return false;
  if (rewrite.deadline != DeadlineLine::passes && http::equals_lower(name, http::deadline_field)) return true;
  if (marks.trace == TraceHeaders::w3c) {
    if (http::equals_lower(name, traceparent_field)) return true;
    if (!marks.keeps_state && http::equals_lower(name, tracestate_field)) return true;
  }
  return !marks.made_request_id.empty() && http::equals_lower(name, marks.request_id_field);
}

/// It asks for a part of the answer, for another form of it, for none, or for one that only a cache has.
[[nodiscard]] bool asks_for_other_answer(const Field& field, const RequestRewrite& rewrite) noexcept {
  switch (field.id) {
    case FieldId::accept_encoding:
    case FieldId::range:
    case FieldId::if_range:
      return true;
    case FieldId::accept:
      return rewrite.json_answer;
    case FieldId::cache_control:
      return contains_lower(field.value, "only-if-cached");
    case FieldId::prefer:
      return true;
    case FieldId::unknown:
      return http::looks_like(field.name, "range") || http::looks_like(field.name, "request-range") ||
             http::looks_like(field.name, "x-http-method-override") ||
             http::looks_like(field.name, "x-http-method") ||
             http::looks_like(field.name, "x-method-override");
    default:
      return false;
  }
}

}  // namespace

void append_content_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

ContentLines write_request(std::string& out, const http::Head& head, const http::FieldList& fields,
                           const RequestRewrite& rewrite) {
  out.append(head.method).append(" ");
  if (rewrite.path != "*") out.append(rewrite.base_path);
  out.append(rewrite.path).append(" HTTP/1.1\r\n");
  append_field(out, "Host", head.authority.empty() ? rewrite.authority : head.authority);
  bool knows_host = false;
  bool knows_proto = false;
  for (const Field& field : fields) {
    if (field.id == FieldId::host || field.id == FieldId::expect || is_hop_by_hop(field)) continue;
    if (is_replaced(field, rewrite)) continue;
    if (rewrite.whole_answer && asks_for_other_answer(field, rewrite)) continue;
    if (field.id == FieldId::unknown) {
      if (is_misleading(field.name, rewrite.marks.request_id_field) || is_forwarded_for(field)) continue;
      if (http::equals_lower(field.name, "x-forwarded-host")) knows_host = true;
      if (http::equals_lower(field.name, "x-forwarded-proto")) knows_proto = true;
    }
    append_field(out, field.name, field.value);
  }
  if (rewrite.whole_answer) append_field(out, "Accept-Encoding", "identity");
  if (rewrite.json_answer) append_field(out, "Accept", "application/json");
  const Provenance& from = rewrite.from;
  if (from.arrival.claims == Claims::passed_on) {
    write_forwarded_for(out, fields, from.arrival.peer);
    if (!knows_host && !head.authority.empty()) append_field(out, "X-Forwarded-Host", head.authority);
    if (!knows_proto) append_field(out, "X-Forwarded-Proto", from.arrival.scheme);
  } else {
    write_forwarding(out, from, head, fields);
  }
  ContentLines lines{out.size()};
  if (head.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (head.content_length) {
    append_content_length(out, *head.content_length);
  }
  if (rewrite.expects_continue) out.append("Expect: 100-continue\r\n");
  lines.size = out.size() - lines.at;
  if (!rewrite.upgrade.empty()) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", rewrite.upgrade);
  } else if (head.accepts_trailers) {
    out.append("TE: trailers\r\nConnection: TE\r\n");
  }
  if (!rewrite.marks.made_request_id.empty())
    append_field(out, rewrite.marks.request_id_field, rewrite.marks.made_request_id);
  out.append(head.version >= 11 ? "Via: 1.1 " : "Via: 1.0 ").append(rewrite.pseudonym).append("\r\n");
  if (rewrite.marks.trace == TraceHeaders::off && rewrite.deadline != DeadlineLine::replaced)
    out.append("\r\n");
  return lines;
}

bool was_forwarded_by(std::string_view pseudonym, const http::FieldList& fields) noexcept {
  for (const Field& field : fields) {
    if (field.id != FieldId::via) continue;
    const bool unknown = http::for_each_in_list(field.value, [&](std::string_view one) {
      // [protocol-name "/"] protocol-version RWS received-by [RWS comment]
      const std::size_t space = one.find_first_of(" \t");
      if (space == std::string_view::npos) return true;
      std::string_view by = one.substr(std::min(one.find_first_not_of(" \t", space), one.size()));
      by = by.substr(0, by.find_first_of(" \t("));
      return !http::equals_ignoring_case(by, pseudonym);
    });
    if (!unknown) return true;
  }
  return false;
}

void write_response(std::string& out, const http::Head& head, const http::FieldList& fields,
                    const ResponseRewrite& rewrite) {
  out.append("HTTP/1.1 ");
  append_number(out, head.status);
  out.append(" ").append(fields.reason()).append("\r\n");
  bool dated = false;
  for (const Field& field : fields) {
    if (is_hop_by_hop(field)) continue;
    if (field.id == FieldId::date) dated = true;
    append_field(out, field.name, field.value);
  }
  if (!dated) append_field(out, "Date", rewrite.date);
  out.append(rewrite.extra);
  switch (rewrite.framing) {
    case BodyFraming::as_received:
      // Also on the answer to HEAD and on 304, where it tells about a body that is not there; never on 204
      // (RFC 9110, 8.6).
      if (head.content_length && head.status != 204) append_content_length(out, *head.content_length);
      break;
    case BodyFraming::chunked:
      out.append("Transfer-Encoding: chunked\r\n");
      break;
    case BodyFraming::until_close:
      break;
  }
  if (!rewrite.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (rewrite.to_http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append(head.version >= 11 ? "Via: 1.1 switchgear\r\n\r\n" : "Via: 1.0 switchgear\r\n\r\n");
}

void write_kept_fields(std::string& out, const http::FieldList& fields) {
  for (const Field& field : fields) {
    if (!is_hop_by_hop(field) && field.id != FieldId::age && field.id != FieldId::date)
      append_field(out, field.name, field.value);
  }
}

void write_interim(std::string& out, const http::Head& head, const http::FieldList& fields) {
  out.append("HTTP/1.1 ");
  append_number(out, head.status);
  out.append(" ").append(fields.reason()).append("\r\n");
  for (const Field& field : fields) {
    if (!is_hop_by_hop(field)) append_field(out, field.name, field.value);
  }
  out.append("\r\n");
}

}  // namespace switchgear::gateway
