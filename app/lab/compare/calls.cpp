#include "app/lab/compare/calls.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "app/lab/guards.hpp"
#include "app/lab/trace_reader.hpp"

namespace switchgear::lab {

namespace {

/// Numbers for the values of a trace: the simulation needs to tell them apart, and no more.
class ValueNumbers {
 public:
  std::uint32_t of(const std::optional<std::string>& value) {
    if (!value || value->empty()) return 0;
    const auto next = static_cast<std::uint32_t>(numbers_.size() + 1);
    return numbers_.try_emplace(*value, next).first->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};
static_assert(most_calls < std::numeric_limits<std::uint32_t>::max());

}  // namespace

Calls read_calls(std::istream& input, const std::string& name, Progress& progress) {
  TraceReader reader(input, name);
  Calls calls;
  ValueNumbers numbers;
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
                     result.type, !entry->refused, numbers.of(entry->value),
                     entry->deadline.value_or(Duration::max())});
    progress.step(calls.size());
  }
  if (calls.empty()) throw TraceError(name, line, "the trace has no calls");
  return calls;
}

void cut_off_all(Calls& calls, std::optional<Duration> limit) {
  for (RecordedCall& call : calls) {
    if (!call.known || call.latency < call.deadline) continue;
    const Outcome ending =
        cut_off({call.verdict, call.type, call.latency, call.retry_after}, call.deadline, limit);
    call.verdict = ending.verdict;
    call.type = ending.type;
    call.latency = ending.latency;
    call.retry_after = ending.retry_after;
  }
}

std::size_t values_of(const Calls& calls) {
  const auto most = std::ranges::max_element(calls, {}, &RecordedCall::value);
  return most == calls.end() ? 0 : most->value;
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
