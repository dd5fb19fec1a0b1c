// One piece of work within a trace, as it is told to a collector once it has ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/trace_context.hpp"

namespace switchgear::telemetry {

/// Names follow OpenTelemetry's conventions, or begin with `switchgear.`.
struct Attribute {
  std::string_view name;  ///< a literal, without anything that JSON escapes
  std::variant<std::string, std::int64_t, double, bool> value;  ///< any text; a serializer makes it UTF-8
};
using Attributes = std::vector<Attribute>;

struct SpanEvent {
  TimePoint at;
  std::string_view name;  ///< as an attribute's
  Attributes attributes;
};

/// The numbers are OTLP's.
enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3 };
enum class SpanStatus : std::uint8_t { unset = 0, error = 2 };
enum class SpanParent : std::uint8_t { none, local, remote };  ///< remote: in another process

struct Span {
  TraceContext context;  ///< its own id, and the trace's
  SpanParent parent_kind = SpanParent::none;
  SpanId parent;      ///< zero: `none`
  std::string state;  ///< the `tracestate`, if there is one
  std::string name;   ///< of few values: spans are grouped by it
  SpanKind kind = SpanKind::internal;
  SpanStatus status = SpanStatus::unset;
  TimePoint start;
  TimePoint end;  ///< not before `start`
  Attributes attributes;
  std::vector<SpanEvent> events;
};

}  // namespace switchgear::telemetry
