#include "tests/model/random_history.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <random>
#include <string_view>

#include "switchgear/observe/figures/health_score.hpp"

namespace switchgear::model {

namespace {

using figures::Wall;

/// Draws that are the same with every standard library.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}
  std::uint64_t below(std::uint64_t n) { return bits_() % n; }
  bool once_in(std::uint64_t n) { return below(n) == 0; }
  double share() { return static_cast<double>(below(1 << 20)) / (1 << 20); }
  template <class T, std::size_t n>
  T one_of(const std::array<T, n>& all) {
    return all[below(n)];
  }

 private:
  std::mt19937_64 bits_;
};

Duration random_latency(Draw& draw) {
  const auto bucket = draw.below(duration_bounds.size() + 1);
  const double low = bucket == 0 ? 0 : duration_bounds[bucket - 1];
  const double high = bucket == duration_bounds.size() ? 90 : duration_bounds[bucket];
  return draw.once_in(8) ? from_seconds(high) : from_seconds(low + (high - low) * draw.share());
}

PastCall random_call(Draw& draw, Wall from, std::chrono::seconds length, std::uint64_t bad) {
  PastCall call;
  call.at =
      from +
      Duration{static_cast<Duration::rep>(draw.below(static_cast<std::uint64_t>(Duration{length}.count())))};
  if (draw.below(10) < bad) call.end = draw.once_in(3) ? PastCall::End::refused : PastCall::End::failure;
  if (draw.once_in(15)) call.end = PastCall::End::ignored;
  call.type = draw.one_of(failure_types);
  if (call.end != PastCall::End::refused) call.took = random_latency(draw);
  if (call.end == PastCall::End::failure || call.end == PastCall::End::refused)
    call.fallback = static_cast<PastCall::Fallback>(draw.below(4));
  // Retries make several attempts of one call: fallbacks may outnumber the failures that are left in the
  // span.
  if (call.end == PastCall::End::success && draw.once_in(6)) call.fallback = PastCall::Fallback::answered;
  return call;
}

WindowSnapshot random_window(Draw& draw) {
  WindowSnapshot window;
  window.calls = draw.below(30);
  window.failures = draw.below(window.calls + 1);
  window.consecutive_failures = draw.below(window.failures + 1);
  return window;
}

/// The next change of a breaker that is in `from`; at times the process restarts, which nothing shows but the
/// next change.
LoggedTransition random_transition(Draw& draw, State from, Wall at) {
  constexpr std::array trips{Rule::failure_rate, Rule::slow_call, Rule::latency, Rule::consecutive_failures,
                             Rule::stuck_calls};
  if (draw.once_in(20)) from = State::closed;
  LoggedTransition made;
  made.from = from;
  made.wall = at;
  made.window = random_window(draw);
  if (draw.once_in(12)) {
    made.to = draw.one_of(states);
    made.rule = Rule::operator_command;
    if (made.to == State::open) made.rule = Rule::restored;
    if (made.to == State::half_open) made.to = State::closed;
  } else if (from == State::closed) {
    made.to = State::open;
    made.rule = draw.one_of(trips);
  } else if (from == State::open) {
    made.to = State::half_open;
    made.rule = Rule::open_duration;
  } else if (from == State::half_open && draw.once_in(3)) {
    made.to = State::open;
    made.rule = draw.once_in(3) ? Rule::max_wait : Rule::probe;
  } else {
    made.to = State::closed;
    made.rule = from == State::half_open ? Rule::recovered : Rule::operator_command;
    made.value = draw.once_in(3) ? 0.25 : 0;
  }
  return made;
}

State state_at(const CircuitHistory& history, Wall at) {
  State state = State::closed;
  for (const LoggedTransition& each : history.transitions) {
    if (each.wall <= at) state = each.to;
  }
  return state;
}

CircuitSample sample_of(const Past& past, Wall from, std::chrono::seconds length) {
  CircuitSample sample;
  sample.from = from;
  sample.length = length;
  sample.state = state_at(past.history, from + length - Duration{1});
  const auto bucket = [](Duration took) {
    return static_cast<std::size_t>(std::ranges::lower_bound(duration_bounds, to_seconds(took)) -
                                    duration_bounds.begin());
  };
  for (const PastCall& call : past.calls) {
    if (call.at < from || call.at >= from + length) continue;
    switch (call.end) {
      case PastCall::End::success:
        ++sample.successes;
        ++sample.successes_took[bucket(call.took)];
        sample.success_time += call.took;
        break;
      case PastCall::End::failure:
        ++sample.failures[static_cast<std::size_t>(call.type)];
        ++sample.failures_took[bucket(call.took)];
        sample.failure_time += call.took;
        break;
      case PastCall::End::ignored:
        ++sample.ignored;
        break;
      case PastCall::End::refused:
        ++sample.rejected;
        break;
    }
    sample.fallbacks_answered += static_cast<std::uint64_t>(call.fallback == PastCall::Fallback::answered);
    sample.fallbacks_queued += static_cast<std::uint64_t>(call.fallback == PastCall::Fallback::queued);
    sample.fallbacks_failed += static_cast<std::uint64_t>(call.fallback == PastCall::Fallback::failed);
  }
  return sample;
}

figures::Present random_present(Draw& draw, const CircuitHistory& history, Wall now) {
  using namespace std::chrono_literals;
  figures::Present present;
  present.state = state_at(history, now);
  present.window = random_window(draw);
  const auto& all = history.transitions;
  const std::size_t last = std::min(all.size(), figures::scored_transitions);
  present.last.assign(all.end() - static_cast<std::ptrdiff_t>(last), all.end());
  constexpr std::array<Duration, 3> lengths{5s, 30s, 60s};
  constexpr std::array<Duration, 4> targets{100ms, 300ms, 2s, 20s};
  if (!draw.once_in(4)) present.open_duration = draw.one_of(lengths);
  if (!draw.once_in(4)) present.slow_above = draw.one_of(targets);
  if (!draw.once_in(4)) present.capacity = 12 * draw.share();
  if (!draw.once_in(4)) present.value = figures::CallValue{20 * draw.share(), "EUR"};
  if (!draw.once_in(4)) present.queue_waiting = draw.below(12);
  return present;
}

// ---- JSON, by hand: the room under test needs nothing but the standard library.

std::int64_t nanoseconds(Wall at) { return at.time_since_epoch().count(); }

void put(std::ostream& to, std::string_view key, std::optional<double> value) {
  to << '"' << key << "\":";
  if (value) {
    to << *value;
  } else {
    to << "null";
  }
}
void put(std::ostream& to, std::string_view key, const std::optional<std::uint64_t>& value) {
  put(to, key, value ? std::optional{static_cast<double>(*value)} : std::nullopt);
}
void put(std::ostream& to, std::string_view key, const std::optional<Duration>& value) {
  put(to, key, value ? std::optional{to_seconds(*value)} : std::nullopt);
}
void put(std::ostream& to, std::string_view key, const std::optional<figures::Quantile>& value) {
  to << '"' << key << "\":";
  if (!value) {
    to << "null";
    return;
  }
  to << '[' << to_seconds(value->value) << ',' << to_seconds(value->at_least) << ',';
  if (value->at_most) {
    to << to_seconds(*value->at_most) << ']';
  } else {
    to << "null]";
  }
}

void put_calls(std::ostream& to, const Past& past) {
  constexpr std::array<std::string_view, 4> ends{"success", "failure", "ignored", "refused"};
  constexpr std::array<std::string_view, 4> fallbacks{"none", "answered", "queued", "failed"};
  to << "\"calls\":[";
  std::string_view comma;
  for (const PastCall& call : past.calls) {
    to << comma << '[' << nanoseconds(call.at) << ",\"" << ends[static_cast<std::size_t>(call.end)] << "\","
       << call.took.count() << ",\"" << fallbacks[static_cast<std::size_t>(call.fallback)] << "\"]";
    comma = ",";
  }
  to << "],";
}

void put_transitions(std::ostream& to, std::string_view key, const std::vector<LoggedTransition>& all) {
  to << '"' << key << "\":[";
  std::string_view comma;
  for (const LoggedTransition& each : all) {
    to << comma << "{\"at\":" << nanoseconds(each.wall) << ",\"from\":\"" << to_string(each.from)
       << "\",\"to\":\"" << to_string(each.to) << "\",\"rule\":\"" << to_string(each.rule)
       << "\",\"value\":" << each.value << ",\"calls\":" << each.window.calls
       << ",\"failures\":" << each.window.failures << ",\"consecutive\":" << each.window.consecutive_failures
       << '}';
    comma = ",";
  }
  to << "],";
}

void put_present(std::ostream& to, const figures::Present& present) {
  to << "\"present\":{\"state\":\"" << to_string(present.state) << "\",\"window\":[" << present.window.calls
     << ',' << present.window.failures << "],";
  put_transitions(to, "last", present.last);
  put(to, "open_duration", present.open_duration);
  to << ',';
  put(to, "slow_above", present.slow_above);
  to << ',';
  put(to, "capacity", present.capacity);
  to << ',';
  put(to, "value", present.value ? std::optional{present.value->value} : std::nullopt);
  to << ',';
  put(to, "queue_waiting", present.queue_waiting);
  to << "},";
}

void put_figures(std::ostream& to, const figures::Figures& found) {
  const auto next = [&](std::string_view key, const auto& value) {
    to << ',';
    put(to, key, value);
  };
  const auto& parts = found.effectiveness;
  const auto part = [&](double figures::Effectiveness::*of) {
    return parts ? std::optional{(*parts).*of} : std::nullopt;
  };
  to << "\"figures\":{\"health_score\":" << found.health_score;
  next("success_rate", found.success_rate);
  next("effectiveness", parts ? std::optional{parts->mean()} : std::nullopt);
  next("protection", part(&figures::Effectiveness::protection));
  next("availability", part(&figures::Effectiveness::availability));
  next("stability", part(&figures::Effectiveness::stability));
  next("openings", std::optional{static_cast<double>(found.opened.size())});
  next("doubtful_openings", found.doubtful_openings);
  next("false_positive_rate", found.false_positive_rate);
  next("mean_time_to_recovery", found.mean_time_to_recovery);
  next("time_saved", found.time_saved);
  next("cascades_prevented", found.cascades_prevented);
  next("transitions_per_hour", found.transitions_per_hour);
  next("flapping", std::optional{found.flapping ? 1.0 : 0.0});
  next("flap_percentage", std::optional{found.flap_percentage});
  next("fallback_success_rate", found.fallback_success_rate);
  next("p50", found.p50);
  next("p95", found.p95);
  next("p99", found.p99);
  next("apdex", found.apdex);
  next("availability_gained", found.availability_gained);
  next("at_risk", found.business ? std::optional{found.business->at_risk} : std::nullopt);
  next("protected", found.business ? std::optional{found.business->protected_} : std::nullopt);
  to << '}';
}

}  // namespace

Past random_past(std::uint64_t seed) {
  Draw draw{seed};
  Past past;
  const Wall start{std::chrono::seconds{1'772'366'400}};
  const bool has_calls = !draw.once_in(10);
  const bool has_transitions = !draw.once_in(10);
  const std::uint64_t pace = 1 + draw.below(120);  // seconds between transitions
  std::vector<std::pair<Wall, std::chrono::seconds>> stretches;
  Wall at = start;
  for (std::uint64_t left = draw.below(40); left > 0; --left) {
    const std::chrono::seconds length{draw.once_in(4) ? 60 : draw.once_in(9) ? 120 : 10};
    if (draw.once_in(12)) {
      at += std::chrono::seconds{30};  // a gap: the process did not run
    } else {
      stretches.emplace_back(at, length);
      at += length;
    }
  }
  past.span = {start, at + Duration{static_cast<Duration::rep>(draw.below(2)) * 20'000'000'000}};
  State state = State::closed;
  for (Wall next = start; has_transitions;) {
    next += Duration{static_cast<Duration::rep>(1 + draw.below(pace * 2'000'000'000))};
    if (next > past.span.to) break;
    past.history.transitions.push_back(random_transition(draw, state, next));
    state = past.history.transitions.back().to;
  }
  if (has_calls) {
    for (const auto& [from, length] : stretches) {
      const std::uint64_t bad = draw.below(11);
      for (std::uint64_t n = draw.below(14); n > 0; --n)
        past.calls.push_back(random_call(draw, from, length, bad));
    }
  }
  if (has_calls || has_transitions) {
    for (const auto& [from, length] : stretches)
      past.history.samples.push_back(sample_of(past, from, length));
  }
  past.present = random_present(draw, past.history, past.span.to);
  return past;
}

void write_json(std::ostream& to, std::uint64_t seed, const Past& past, const figures::Figures& found) {
  to << std::setprecision(17) << "{\"seed\":" << seed << ",\"span\":[" << nanoseconds(past.span.from) << ','
     << nanoseconds(past.span.to) << "],";
  put_calls(to, past);
  put_transitions(to, "transitions", past.history.transitions);
  to << "\"samples\":[";
  std::string_view comma;
  for (const CircuitSample& each : past.history.samples) {
    to << comma << '[' << nanoseconds(each.from) << ',' << each.length.count() << ']';
    comma = ",";
  }
  to << "],";
  put_present(to, past.present);
  put_figures(to, found);
  to << "}\n";
}

}  // namespace switchgear::model
