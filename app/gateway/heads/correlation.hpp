// How the messages of several processes are known as those of one request: trace context, and a request id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/http/field_list.hpp"
#include "switchgear/telemetry/trace_context.hpp"

namespace switchgear::gateway {

/// `off`: the fields pass like any others.
enum class TraceHeaders : std::uint8_t { off, w3c };

/// What a request's client has sent of it.
struct Correlation {
  /// Empty: none, several, or one that breaks a rule; then a trace begins here.
  std::optional<telemetry::TraceContext> caller;
  /// It is well-formed and belongs to a trace that goes on: its lines pass as they are.
  bool keeps_state = false;
  /// Empty: none, several, or one that is not 1 to 128 letters, digits and `-._~+/=:`; then one is made.
  std::string_view request_id;
};

/// `request_id`: the name of its field in lower case; empty: there is none to look for.
[[nodiscard]] Correlation correlation_of(const http::FieldList& fields, TraceHeaders trace,
                                         std::string_view request_id) noexcept;

/// What is written in place of what has come.
struct Marks {
  /// `w3c`: the head is left open, because each attempt ends it with a traceparent of its own.
  TraceHeaders trace = TraceHeaders::off;
  bool keeps_state = false;
  std::string_view request_id_field = {};  ///< empty: none
  std::string_view made_request_id = {};   ///< empty: the client's passes
};

/// The `tracestate` of a request, as one line.
[[nodiscard]] std::string trace_state_of(const http::FieldList& fields);

inline constexpr std::string_view traceparent_field = "traceparent";
inline constexpr std::string_view tracestate_field = "tracestate";

}  // namespace switchgear::gateway
