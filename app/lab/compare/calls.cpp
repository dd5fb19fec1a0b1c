#include "app/lab/compare/calls.hpp"

#include <algorithm>

#include "app/lab/trace_reader.hpp"

namespace switchgear::lab {

Calls read_calls(std::istream& input, const std::string& name, Progress& progress) {
  TraceReader reader(input, name);
  Calls calls;
  std::size_t line = 1;
  while (const auto entry = reader.next()) {
    line = entry->line;
    if (entry->kind != TraceEntry::Kind::call) {
      throw TraceError(name, line,
                       "a comparison needs whole calls (\"at\", \"latency\", \"verdict\"); this line "
                       "has an \"op\"");
    }
    if (calls.size() == most_calls)
      throw TraceError(name, line, "more than " + std::to_string(most_calls) + " calls");
    const TraceResult& result = entry->result;
    calls.push_back({entry->at, result.latency.value_or(Duration::zero()), result.retry_after, result.verdict,
                     result.type, !entry->refused});
    progress.step(calls.size());
  }
  if (calls.empty()) throw TraceError(name, line, "the trace has no calls");
  return calls;
}

Duration typical_latency(const Calls& calls) {
  std::vector<Duration> latencies;
  const auto collect = [&](bool any) {
    for (const RecordedCall& call : calls) {
      if (call.known && (any || call.verdict == Verdict::success)) latencies.push_back(call.latency);
    }
  };
  collect(false);
  if (latencies.empty()) collect(true);
  if (latencies.empty()) return Duration::zero();
  const auto middle = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() / 2);
  std::nth_element(latencies.begin(), middle, latencies.end());
  return *middle;
}

}  // namespace switchgear::lab
