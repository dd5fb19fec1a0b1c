#include "app/prove/trace.hpp"

#include <algorithm>

#include "app/lab/replay.hpp"
#include "app/lab/seconds.hpp"

namespace switchgear::prove {

namespace {

using Kind = lab::TraceEntry::Kind;

class Watch final : public lab::ReplayReport {
 public:
  void on_operation(const lab::Operation& operation) override {
    if (operation.op == "record" || operation.op == "check") ++ended_;
    if (operation.asks) ++begun_;
    if (operation.asks && !operation.rejection) ++admitted_;
  }
  void on_transition(const Transition& transition) override {
    if (transition.to == State::open && !played.opened()) {
      played.ended = ended_;
      played.begun = begun_;
      played.admitted = admitted_;
    }
    played.transitions.push_back(transition);
  }
  void on_adapted(const AdaptedEvent& /*adapted*/) override {}
  void on_end(const lab::ReplaySummary& summary) override { played.end = summary.breaker.state; }

  Played played;

 private:
  std::size_t ended_ = 0, begun_ = 0, admitted_ = 0;
};

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

}  // namespace

const Transition* Played::first(State to) const noexcept {
  const auto found = std::ranges::find(transitions, to, &Transition::to);
  return found == transitions.end() ? nullptr : &*found;
}

Played play(const CircuitBreakerOptions& options, const Trace& trace) {
  Watch watch;
  lab::Replay replay("proof", options, 0, watch);
  for (const lab::TraceEntry& entry : trace) {
    if (replay.play(entry)) break;  // an id in flight: prove gives each its own
  }
  replay.finish();
  return std::move(watch.played);
}

lab::TraceEntry call(TimePoint at, Duration latency, Verdict verdict, FailureType type) {
  lab::TraceEntry entry;
  entry.at = at;
  entry.result = {verdict, type, latency, std::nullopt};
  return entry;
}

lab::TraceEntry acquire(TimePoint at, std::size_t number) {
  lab::TraceEntry entry;
  entry.at = at;
  entry.kind = Kind::acquire;
  entry.id = "c" + std::to_string(number);
  return entry;
}

lab::TraceEntry command(TimePoint at, Command command) {
  lab::TraceEntry entry;
  entry.at = at;
  entry.kind = Kind::command;
  entry.command = command;
  return entry;
}

lab::TraceEntry check(TimePoint at, CheckAnswer answer, const HealthRows& rows) {
  lab::TraceEntry entry;
  entry.at = at;
  entry.kind = Kind::check;
  entry.answer = answer;
  entry.rows = rows;
  return entry;
}

std::string to_line(const lab::TraceEntry& entry) {
  std::string line = "{\"at\":" + lab::format_seconds(entry.at.time_since_epoch());
  const auto add = [&](std::string_view key, const std::string& value) {
    line.append(",\"").append(key).append("\":").append(value);
  };
  switch (entry.kind) {
    case Kind::call:
      add("latency", lab::format_seconds(entry.result.latency.value_or(Duration::zero())));
      add("verdict", quoted(to_string(entry.result.verdict)));
      if (entry.result.verdict == Verdict::failure) add("type", quoted(to_string(entry.result.type)));
      break;
    case Kind::acquire:
      add("op", "\"acquire\"");
      add("id", quoted(*entry.id));
      break;
    case Kind::command:
      add("op", quoted(to_string(entry.command)));
      break;
    case Kind::check:
      add("op", "\"check\"");
      add("answer", entry.answer == CheckAnswer::good ? "\"good\"" : "\"bad\"");
      add("unhealthy", std::to_string(entry.rows.unhealthy));
      add("healthy", std::to_string(entry.rows.healthy));
      break;
    case Kind::record:
    case Kind::abandon:
      break;  // prove writes whole calls
  }
  return line + "}";
}

std::string to_lines(const Trace& trace) {
  std::string lines;
  for (const lab::TraceEntry& entry : trace) lines += to_line(entry) + "\n";
  return lines;
}

}  // namespace switchgear::prove
