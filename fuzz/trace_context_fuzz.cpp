// Trace context: what is read of a traceparent is written back and read the same; a tracestate has as many
// members as its parts have.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "switchgear/telemetry/trace_context.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchgear::telemetry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto context = parse_traceparent(text)) {
    if (!context->trace.valid() || !context->span.valid()) std::abort();
    const TraceparentText written = traceparent_of(*context);
    if (parse_traceparent({written.data(), written.size()}) != context) std::abort();
    if (std::string_view{written.data(), written.size()}.substr(3, 49) != text.substr(3, 49)) std::abort();
  }
  if (const auto members = tracestate_members(text)) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) {
      if (*members > 1) std::abort();
    } else {
      const auto first = tracestate_members(text.substr(0, comma));
      const auto rest = tracestate_members(text.substr(comma + 1));
      if (!first || !rest || *first + *rest != *members) std::abort();
    }
  }
  return 0;
}
