#include "app/lab/trace_reader.hpp"

#include <utility>
#include <variant>

#include "app/lab/input.hpp"
#include "app/lab/seconds.hpp"
#include "app/lab/trace_line.hpp"

namespace switchgear::lab {

TraceError::TraceError(std::string_view file, std::size_t line, std::string_view message)
    : std::runtime_error(
          std::string(file).append(":").append(std::to_string(line)).append(": ").append(message)) {}

std::optional<TraceEntry> TraceReader::next() {
  do {
    if (!read_line()) return std::nullopt;
  } while (text_.find_first_not_of(" \t\r") == std::string::npos);

  auto parsed = parse_trace_line(text_);
  if (const auto* problem = std::get_if<TraceProblem>(&parsed))
    throw TraceError(name_, line_, problem->message);
  auto& entry = std::get<TraceEntry>(parsed);
  if (entry.at < latest_) {
    throw TraceError(name_, line_,
                     "\"at\" runs backwards, from " + format_seconds(latest_.time_since_epoch()) + " to " +
                         format_seconds(entry.at.time_since_epoch()));
  }
  latest_ = entry.at;
  entry.line = line_;
  return std::move(entry);
}

bool TraceReader::read_line() {
  ++line_;
  try {
    const LineRead read = lab::read_line(input_, text_, max_trace_line);
    if (read == LineRead::too_long) throw TraceError(name_, line_, "the line is longer than 1 MiB");
    return read == LineRead::line;
  } catch (const InputError& error) {
    throw TraceError(name_, line_, error.what());
  }
}

}  // namespace switchgear::lab
