// One line of a trace, from JSON to a TraceEntry. Knows the fields; knows nothing of files or of other lines.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "app/lab/trace.hpp"

namespace switchgear::lab {

/// What is wrong with a line, as a sentence without file and line number.
struct TraceProblem {
  std::string message;
};

/// Fields it does not know are skipped, unless they look like a mistyped one: a trace may carry more than a
/// breaker needs. The entry's `line` is left to the caller.
[[nodiscard]] std::variant<TraceEntry, TraceProblem> parse_trace_line(std::string_view line);

}  // namespace switchgear::lab
