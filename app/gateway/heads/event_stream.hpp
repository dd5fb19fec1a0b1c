// Detects an event stream by its Content-Type.
#pragma once

#include <string_view>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/field_list.hpp"

namespace switchgear::gateway {

/// `content_type` is the value of a Content-Type field.
[[nodiscard]] inline bool is_event_stream(std::string_view content_type) noexcept {
  return http::equals_lower(http::trimmed(content_type.substr(0, content_type.find(';'))),
                            "text/event-stream");
}

[[nodiscard]] inline bool announces_events(const http::FieldList& fields) noexcept {
  const http::Field* type = fields.find(http::FieldId::content_type);
  return type != nullptr && is_event_stream(type->value);
}

}  // namespace switchgear::gateway
