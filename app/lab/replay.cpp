#include "app/lab/replay.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace switchgear::lab {

namespace {

constexpr auto ends_later = [](const auto& a, const auto& b) {
  return std::tie(a.end, a.order) > std::tie(b.end, b.order);
};

BreakerContext context(EventSink& sink, std::uint64_t seed) {
  BreakerContext context;
  context.sink = &sink;
  context.seed = seed;
  return context;
}

Outcome outcome(const TraceResult& result, TimePoint start, TimePoint now) {
  return {result.verdict, result.type, result.latency.value_or(saturating_sub(now, start)),
          result.retry_after};
}

}  // namespace

Replay::Replay(const std::string& name, const CircuitBreakerOptions& options, std::uint64_t seed,
               ReplayReport& report)
    : report_(report), breaker_(name, options, context(notes_, seed)) {}

std::optional<TraceProblem> Replay::play(const TraceEntry& entry) {
  end_calls(entry.at);
  switch (entry.kind) {
    case TraceEntry::Kind::call:
      start_call(entry);
      break;
    case TraceEntry::Kind::acquire:
      return acquire(entry);
    case TraceEntry::Kind::record:
      record(entry);
      break;
    case TraceEntry::Kind::abandon:
      abandon(entry);
      break;
    case TraceEntry::Kind::command:
      command(entry);
      break;
    case TraceEntry::Kind::check:
      breaker_.on_check(entry.answer, entry.rows, entry.at);
      tell(entry.at, "check", entry.id);
      break;
  }
  return std::nullopt;
}

void Replay::finish() {
  end_calls(TimePoint::max());
  breaker_.advance(latest_);  // the last lines may have been of calls that it never saw
  tell_events();
  report_.on_end({operations_, first_, latest_, breaker_.snapshot(latest_)});
}

// --- operations

void Replay::start_call(const TraceEntry& entry) {
  auto permit = ask(entry);
  if (!permit) return;
  if (entry.refused) {  // nothing is known of how it would have ended
    std::move(*permit).record(Outcome::ignored(), entry.at);
    tell(entry.at, "abandon", entry.id);
    return;
  }
  const TimePoint end = saturating_add(entry.at, entry.result.latency.value_or(Duration::zero()));
  running_.push_back({end, started_++, std::move(*permit), entry});
  std::push_heap(running_.begin(), running_.end(), ends_later);
}

std::optional<TraceProblem> Replay::acquire(const TraceEntry& entry) {
  if (const auto held = held_.find(*entry.id); held != held_.end()) {
    return TraceProblem{"id \"" + *entry.id + "\" is still in flight, acquired on line " +
                        std::to_string(held->second.line)};
  }
  auto permit = ask(entry);
  // A permit that counts for nothing need not be remembered: its record changes nothing.
  if (permit && permit->counts()) held_.emplace(*entry.id, Held{std::move(*permit), entry.line});
  return std::nullopt;
}

void Replay::record(const TraceEntry& entry) {
  if (auto permit = take(*entry.id)) {
    const Outcome result = outcome(entry.result, permit->start(), entry.at);
    std::move(*permit).record(result, entry.at);
  }
  tell(entry.at, "record", entry.id);
}

void Replay::abandon(const TraceEntry& entry) {
  if (auto permit = take(*entry.id)) std::move(*permit).record(Outcome::ignored(), entry.at);
  tell(entry.at, "abandon", entry.id);
}

void Replay::command(const TraceEntry& entry) {
  breaker_.command(entry.command, entry.at);
  tell(entry.at, to_string(entry.command), entry.id);
}

void Replay::end_calls(TimePoint until) {
  while (!running_.empty() && running_.front().end <= until) {
    std::pop_heap(running_.begin(), running_.end(), ends_later);
    Running call = std::move(running_.back());
    running_.pop_back();
    std::move(call.permit).record(outcome(call.call.result, call.permit.start(), call.end), call.end);
    tell(call.end, "record", call.call.id);
  }
}

// --- the breaker and its report

std::optional<CircuitBreaker::Permit> Replay::ask(const TraceEntry& entry) {
  auto permit = breaker_.try_acquire(entry.at);
  Operation operation;
  operation.at = entry.at;
  operation.op = "acquire";
  operation.id = entry.id;
  operation.asks = true;
  if (!permit) operation.rejection = permit.rejection();
  tell(operation);
  if (!permit) return std::nullopt;
  return std::move(*permit);
}

std::optional<CircuitBreaker::Permit> Replay::take(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return std::nullopt;
  std::optional<CircuitBreaker::Permit> permit = std::move(found->second.permit);
  held_.erase(found);
  return permit;
}

void Replay::tell(TimePoint at, std::string_view op, const std::optional<std::string>& id) {
  Operation operation;
  operation.at = at;
  operation.op = op;
  operation.id = id;
  tell(operation);
}

void Replay::tell(Operation operation) {
  if (operations_++ == 0) first_ = operation.at;
  latest_ = operation.at;
  operation.state = breaker_.state();
  report_.on_operation(operation);
  tell_events();
}

void Replay::tell_events() {
  // A step of a ramp ends before what else an operation does.
  for (const RampEvent& ramp : notes_.ramps) report_.on_ramp(ramp);
  notes_.ramps.clear();
  // Both in the order of their generations: an escalation has that of its transition.
  auto level = notes_.levels.begin();
  for (const Transition& transition : notes_.transitions) {
    for (; level != notes_.levels.end() && level->generation < transition.generation; ++level)
      report_.on_level(*level);
    report_.on_transition(transition);
  }
  for (; level != notes_.levels.end(); ++level) report_.on_level(*level);
  notes_.transitions.clear();
  notes_.levels.clear();
  for (const AdaptedEvent& adapted : notes_.adapted) report_.on_adapted(adapted);
  notes_.adapted.clear();
}

}  // namespace switchgear::lab
