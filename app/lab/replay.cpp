#include "app/lab/replay.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace switchgear::lab {

namespace {

constexpr auto ends_later = [](const auto& a, const auto& b) {
  return std::tie(a.end, a.order) > std::tie(b.end, b.order);
};

Outcome outcome(const TraceResult& result, TimePoint start, TimePoint now) {
  return {result.verdict, result.type, result.latency.value_or(saturating_sub(now, start)),
          result.retry_after};
}

std::string_view text_of(const std::optional<std::string>& text) {
  return text ? std::string_view{*text} : std::string_view{};
}

CallPath path_of(const CallSubject& call) { return {text_of(call.route_policy), text_of(call.value)}; }

}  // namespace

Replay::Replay(const std::string& name, const CircuitBreakerOptions& options, std::uint64_t seed,
               ReplayReport& report)
    : Replay(GuardOptions{name, options, {}, {}}, seed, report) {}

Replay::Replay(const GuardOptions& options, std::uint64_t seed, ReplayReport& report)
    : report_(report),
      options_(options),
      guards_(options, seed, {notes_, value_notes_, [this](const std::string& policy) -> EventSink& {
                                return route_notes_[policy];
                              }}) {}

std::optional<TraceProblem> Replay::play(const TraceEntry& entry) {
  end_calls(entry.at);
  guards_.pass_time(entry.at);
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
      guards_.check(entry.answer, entry.rows, entry.at);
      tell(entry.at, "check", entry.id, nullptr);
      break;
  }
  return std::nullopt;
}

void Replay::finish() {
  end_calls(TimePoint::max());
  guards_.advance(latest_);  // the last lines may have been of calls that it never saw
  tell_events();
  ReplaySummary summary;
  summary.operations = operations_;
  summary.start = first_;
  summary.end = latest_;
  summary.has_breaker = guards_.around() != nullptr;
  summary.unknown_route_policy = unknown_route_policy_;
  if (guards_.around() != nullptr) summary.breaker = guards_.around()->snapshot(latest_);
  for (const auto& [policy, breaker] : guards_.routes())
    summary.routes.emplace_back(policy, breaker.snapshot(latest_));
  if (guards_.values() != nullptr) {
    guards_.retire_idle(latest_);
    values_.breakers = guards_.values()->counts();
    summary.values = values_;
  }
  report_.on_end(summary);
}

// --- operations

void Replay::start_call(const TraceEntry& entry) {
  auto permit = ask(entry);
  if (!permit) return;
  if (entry.refused) {  // nothing is known of how it would have ended
    end(*std::move(permit), Outcome::ignored(), path_of(entry), entry.at);
    tell(entry.at, "abandon", entry.id, &entry);
    return;
  }
  Outcome ending = outcome(entry.result, entry.at, entry.at);
  if (entry.deadline) {
    const GuardOptions::Route* const route = route_of(entry);
    ending = cut_off(ending, *entry.deadline, route == nullptr ? options_.limit : route->limit);
  }
  running_.push_back(
      {saturating_add(entry.at, ending.latency), started_++, std::move(*permit), entry, ending});
  std::push_heap(running_.begin(), running_.end(), ends_later);
}

const GuardOptions::Route* Replay::route_of(const CallSubject& call) const {
  if (!options_.routes) return nullptr;
  const auto route = options_.routes->find(text_of(call.route_policy));
  return route == options_.routes->end() ? nullptr : &route->second;
}

std::optional<TraceProblem> Replay::acquire(const TraceEntry& entry) {
  if (const auto held = held_.find(*entry.id); held != held_.end()) {
    return TraceProblem{"id \"" + *entry.id + "\" is still in flight, acquired on line " +
                        std::to_string(held->second.line)};
  }
  auto permit = ask(entry);
  // A permit that counts for nothing need not be remembered: its record changes nothing. But the route is
  // shown.
  const bool is_shown = options_.routes && entry.route_policy;
  if (permit && (permit->counts() || is_shown))
    held_.emplace(*entry.id, Held{std::move(*permit), entry.line, entry});
  return std::nullopt;
}

void Replay::record(const TraceEntry& entry) {
  auto held = take(*entry.id);
  if (held) {
    const Outcome result = outcome(entry.result, held->permit.start(), entry.at);
    end(std::move(held->permit), result, path_of(held->call), entry.at);
  }
  tell(entry.at, "record", entry.id, held ? &held->call : nullptr);
}

void Replay::abandon(const TraceEntry& entry) {
  auto held = take(*entry.id);
  if (held) end(std::move(held->permit), Outcome::ignored(), path_of(held->call), entry.at);
  tell(entry.at, "abandon", entry.id, held ? &held->call : nullptr);
}

void Replay::command(const TraceEntry& entry) {
  guards_.command(path_of(entry), entry.command, entry.at);
  tell(entry.at, to_string(entry.command), entry.id, &entry);
}

void Replay::end_calls(TimePoint until) {
  while (!running_.empty() && running_.front().end <= until) {
    std::pop_heap(running_.begin(), running_.end(), ends_later);
    Running call = std::move(running_.back());
    running_.pop_back();
    end(std::move(call.permit), call.outcome, path_of(call.call), call.end);
    tell(call.end, "record", call.call.id, &call.call);
  }
}

// --- the breaker and its report

std::optional<Guards::Permit> Replay::ask(const TraceEntry& entry) {
  std::optional<Guards::Refusal> refusal;
  auto permit = guards_.ask(path_of(entry), entry.at, refusal);
  if (options_.routes && !text_of(entry.route_policy).empty() && route_of(entry) == nullptr)
    ++unknown_route_policy_;
  Operation operation;
  operation.at = entry.at;
  operation.op = "acquire";
  operation.id = entry.id;
  operation.asks = true;
  if (refusal) {
    operation.rejection = refusal->rejection;
    operation.by = refusal->by;
  }
  if (entry.route_policy) operation.route_policy = *entry.route_policy;
  if (entry.value) operation.value = *entry.value;
  if (permit && !path_of(entry).value.empty()) ++values_.calls;
  tell(operation);
  return permit;
}

void Replay::end(Guards::Permit permit, const Outcome& outcome, const CallPath& path, TimePoint now) {
  if (!path.value.empty()) {
    ++(outcome.verdict == Verdict::success   ? values_.successes
       : outcome.verdict == Verdict::failure ? values_.failures
                                             : values_.ignored);
  }
  std::move(permit).record(outcome, now);
}

std::optional<Replay::Held> Replay::take(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return std::nullopt;
  std::optional<Held> held = std::move(found->second);
  held_.erase(found);
  return held;
}

void Replay::tell(TimePoint at, std::string_view op, const std::optional<std::string>& id,
                  const CallSubject* whose) {
  Operation operation;
  operation.at = at;
  operation.op = op;
  operation.id = id;
  if (whose != nullptr && whose->route_policy) operation.route_policy = *whose->route_policy;
  if (whose != nullptr && whose->value) operation.value = *whose->value;
  tell(operation);
}

void Replay::tell(Operation operation) {
  if (operations_++ == 0) first_ = operation.at;
  latest_ = operation.at;
  if (guards_.around() != nullptr) operation.state = guards_.around()->state();
  if (!options_.routes) {
    operation.route_policy.reset();  // as the value's, below
  } else if (operation.route_policy) {
    const auto breaker = guards_.routes().find(*operation.route_policy);
    if (breaker != guards_.routes().end()) operation.route_state = breaker->second.state();
  }
  if (guards_.values() == nullptr) {
    operation.value.reset();  // it says nothing of this breaker
  } else if (operation.value) {
    operation.value_state = guards_.state_of(*operation.value, operation.at);
  }
  report_.on_operation(operation);
  tell_events();
}

void Replay::tell_events() {
  notes_.tell(report_);
  for (auto& [policy, notes] : route_notes_) {
    if (notes.empty()) continue;
    report_.about({policy, {}});
    notes.tell(report_);
    report_.about({});
  }
  if (value_notes_.empty()) return;
  report_.about({{}, value_notes_.value(guards_.values()->name())});
  value_notes_.tell(report_);
  report_.about({});
}

std::string Replay::Notes::value(std::string_view header) const {
  const std::string_view breaker = !transitions.empty() ? transitions.front().breaker
                                   : !levels.empty()    ? levels.front().policy
                                   : !ramps.empty()     ? ramps.front().policy
                                                        : adapted.front().policy;
  return std::string(breaker.substr(header.size() + 1));
}

void Replay::Notes::tell(ReplayReport& report) {
  // A step of a ramp ends before what else an operation does.
  for (const RampEvent& ramp : ramps) report.on_ramp(ramp);
  ramps.clear();
  // Both in the order of their generations: an escalation has that of its transition.
  auto level = levels.begin();
  for (const Transition& transition : transitions) {
    for (; level != levels.end() && level->generation < transition.generation; ++level)
      report.on_level(*level);
    report.on_transition(transition);
  }
  for (; level != levels.end(); ++level) report.on_level(*level);
  transitions.clear();
  levels.clear();
  for (const AdaptedEvent& event : adapted) report.on_adapted(event);
  adapted.clear();
}

}  // namespace switchgear::lab
