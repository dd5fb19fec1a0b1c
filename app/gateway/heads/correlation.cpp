#include "app/gateway/heads/correlation.hpp"

#include <algorithm>

#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

constexpr std::size_t longest_request_id = 128;

[[nodiscard]] bool is_request_id(std::string_view value) noexcept {
  return !value.empty() && value.size() <= longest_request_id &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return (c >= '0' && c <= '9') || (http::to_lower(c) >= 'a' && http::to_lower(c) <= 'z') ||
                  std::string_view{"-._~+/=:"}.find(c) != std::string_view::npos;
         });
}

/// A field that may stand only once.
struct Single {
  std::string_view value;
  unsigned lines = 0;

  void take(std::string_view line) noexcept {
    value = line;
    ++lines;
  }
  [[nodiscard]] bool is_one() const noexcept { return lines == 1; }
};

}  // namespace

Correlation correlation_of(const http::FieldList& fields, TraceHeaders trace,
                           std::string_view request_id) noexcept {
  Single parent;
  Single id;
  std::optional<std::size_t> members = 0;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::unknown) continue;
    if (http::equals_lower(field.name, traceparent_field)) {
      parent.take(field.value);
    } else if (http::equals_lower(field.name, tracestate_field)) {
      const auto more = members ? telemetry::tracestate_members(field.value) : std::nullopt;
      members = more ? std::optional{*members + *more} : std::nullopt;
    } else if (!request_id.empty() && http::equals_lower(field.name, request_id)) {
      id.take(field.value);
    }
  }
  Correlation found;
  if (trace == TraceHeaders::w3c && parent.is_one())
    found.caller = telemetry::parse_traceparent(parent.value);
  found.keeps_state = found.caller && members && *members <= telemetry::most_tracestate_members;
  if (id.is_one() && is_request_id(id.value)) found.request_id = id.value;
  return found;
}

std::string trace_state_of(const http::FieldList& fields) {
  std::string state;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::unknown || !http::equals_lower(field.name, tracestate_field)) continue;
    if (!state.empty() && !field.value.empty()) state.append(",");
    state.append(field.value);
  }
  return state;
}

}  // namespace switchgear::gateway
