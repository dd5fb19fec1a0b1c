#include "app/gateway/stored_answer.hpp"

#include <utility>

#include "app/gateway/forwarding.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

/// Whether a list such as Cache-Control's names a directive, with or without an argument.
[[nodiscard]] bool names(std::string_view list, std::string_view directive) noexcept {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    one = one.substr(0, one.find_first_of("= \t"));
    if (http::equals_lower(one, directive)) return true;
  }
  return false;
}

[[nodiscard]] bool forbids_storing(const Field& field) noexcept {
  switch (field.id) {
    case FieldId::cache_control:
      return names(field.value, "no-store") || names(field.value, "private") ||
             names(field.value, "no-cache");
    case FieldId::vary:  // the key tells encodings apart, and nothing else
      return !http::equals_lower(field.value, "accept-encoding");
    case FieldId::set_cookie:
      return true;
    case FieldId::content_type:
      // Never ends: whoever waited for it would wait for good.
      return http::equals_lower(field.value.substr(0, field.value.find(';')), "text/event-stream");
    default:
      return false;
  }
}

[[nodiscard]] bool concerns_one_client(const Field& field) noexcept {
  switch (field.id) {
    case FieldId::authorization:
    case FieldId::range:
    case FieldId::if_match:
    case FieldId::if_none_match:
    case FieldId::if_modified_since:
    case FieldId::if_unmodified_since:
    case FieldId::if_range:
      return true;
    case FieldId::cache_control:
      return names(field.value, "no-store") || names(field.value, "no-cache");
    default:
      return false;
  }
}

}  // namespace

void write_answer_key(std::string& key, const http::Head& head, const http::FieldList& fields) {
  key.clear();
  if (head.method != "GET" && head.method != "HEAD") return;
  if (head.chunked || head.content_length.value_or(0) != 0) return;
  std::string_view encodings;
  for (const Field& field : fields) {
    if (concerns_one_client(field)) return;
    if (field.id == FieldId::accept_encoding) encodings = field.value;
  }
  key.append(head.method).append(" ").append(head.authority).append(" ").append(head.path);
  key.append(" ").append(encodings);
}

bool may_be_stored(const http::Head& head, const http::FieldList& fields) noexcept {
  if (head.status != 200) return false;
  for (const Field& field : fields) {
    if (forbids_storing(field)) return false;
  }
  return true;
}

void ResponseCopy::begin(const http::Head& head, const http::FieldList& fields, std::size_t most) {
  content_.status = head.status;
  content_.reason.assign(fields.reason());
  content_.fields.clear();
  content_.body.clear();
  content_.length = head.content_length;
  write_kept_fields(content_.fields, head, fields);
  most_ = most;
  running_ = true;
}

void ResponseCopy::stop() noexcept {
  running_ = false;
  content_ = {};
}

bool ResponseCopy::append(std::string_view content) {
  if (content_.body.size() + content.size() > most_) {
    stop();
    return false;
  }
  content_.body.append(content);
  return true;
}

std::optional<StoredAnswer> ResponseCopy::finish(std::string_view last_content) {
  if (!running_ || !append(last_content)) return std::nullopt;
  running_ = false;
  return StoredAnswer{std::exchange(content_, {})};
}

}  // namespace switchgear::gateway
