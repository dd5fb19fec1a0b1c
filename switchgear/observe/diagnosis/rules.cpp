#include "switchgear/observe/diagnosis/rules.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "switchgear/observe/diagnosis/words.hpp"
#include "switchgear/observe/evidence_text.hpp"

namespace switchgear {

namespace {

using words::count;
using words::percent;

std::string command(std::string_view word, const Facts& facts) {
  return std::string("`switchgear ")
             .append(word)
             .append(" ")
             .append(words::shell_word(facts.present.circuit)) +
         "`";
}

std::string when(figures::Wall at) { return words::instant(at) + " UTC"; }

/// `payment, shipping and 3 more`.
std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t named = 3;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < named; ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += "'" + words::plain(names[i]) + "'";
  }
  if (names.size() > named) text += " and " + std::to_string(names.size() - named) + " more";
  return text;
}

const WindowSnapshot& window_of(const Facts& facts) { return facts.present.breaker.window; }

bool last_look_hung(const Facts& facts) {
  return facts.last_opening && facts.last_opening->last_relapse == Rule::max_wait;
}

bool was_slow(const Facts& facts) {
  if (facts.mostly(FailureType::timeout) || facts.mostly(FailureType::slow_response)) return true;
  if (!facts.last_opening) return false;
  const Rule rule = facts.last_opening->why.rule;
  return rule == Rule::slow_call || rule == Rule::latency || rule == Rule::stuck_calls;
}

/// Open although its time is over, or half-open without a probe under way: since when nothing came.
bool waits_for_a_call(const Facts& facts) {
  const BreakerSnapshot& breaker = facts.present.breaker;
  if (breaker.state == State::open) return breaker.retry_after == Duration::zero();
  constexpr std::chrono::seconds quiet{10};
  return breaker.state == State::half_open && breaker.half_open.in_flight == 0 &&
         facts.span.to - facts.present.since > quiet;
}

std::string failures_text(const Facts& facts) {
  std::string text;
  for (const FailureShare& each : facts.failures) {
    if (!text.empty()) text += ", ";
    text += percent(each.share).append(" ").append(to_string(each.type));
  }
  return text;
}

std::string onset_text(const Onset& onset) {
  return "from " + percent(onset.before) + " to " + percent(onset.after) + " of the calls within " +
         words::length(onset.over);
}

/// The end of an advice: how calls may return more slowly than they do.
std::string slow_return(const CircuitBreakerOptions& options) {
  if (!options.ramp) return ", and let calls return slowly (`ramp`)";
  return options.ramp->controller ? ""
                                  : ", and let them return only while they go well (`ramp.controller: true`)";
}

std::string expected(const Forecast& forecast) {
  const std::string latest =
      forecast.latest ? " and " + words::length(*forecast.latest) : " and any later time";
  return "in about " + words::length(forecast.eta) + " (between " + words::length(forecast.soonest) + latest +
         ", as 4 of 5 times)";
}

constexpr std::array rules{
    DiagnosisRule{
        "fleet_open", [](const Facts& e) { return e.present.breaker.advised; },
        [](const Facts& e) {
          const std::string what = e.present.breaker.state == State::closed
                                       ? "The fleet refuses every call although this breaker is closed"
                                       : "The fleet holds the probes back";
          const auto& why = e.present.around.fleet;
          return what + ": " +
                 (why ? words::plain(*why) : std::string{"other processes find the service down"}) + ".";
        },
        [](const Facts&) {
          return std::string{
              "Repair the service: the first member whose probes succeed closes the circuit for all. "
              "`GET /fleet` shows who votes how; a member whose own path is broken is outvoted."};
        },
        "fleet-disagrees"},
    DiagnosisRule{"fleet_forced_open",
                  [](const Facts& e) {
                    return e.present.breaker.state == State::forced_open &&
                           e.present.around.fleet_forced.has_value();
                  },
                  [](const Facts& e) {
                    const FleetForce& forced = *e.present.around.fleet_forced;
                    return "An operator (" + words::plain(forced.by) +
                           ") has forced the circuit open in the whole fleet, for another " +
                           words::length(forced.left) + "; every call is refused.";
                  },
                  [](const Facts& e) {
                    return "When the service is fit again, release all members at once with `POST /fleet/" +
                           words::plain(e.present.circuit) +
                           "/release`. Closing this breaker alone would leave the others refusing.";
                  },
                  "wont-close"},
    DiagnosisRule{"forced_open",
                  [](const Facts& e) {
                    return e.present.breaker.state == State::forced_open && !e.present.around.fleet_forced;
                  },
                  [](const Facts& e) {
                    return "An operator has held the breaker open since " + when(e.present.since) +
                           "; every call is refused.";
                  },
                  [](const Facts& e) {
                    return "When the service is fit again, close the breaker with " +
                           command("force-close", e) + ".";
                  },
                  "wont-close"},
    DiagnosisRule{"disabled", [](const Facts& e) { return e.present.breaker.state == State::disabled; },
                  [](const Facts& e) {
                    return "An operator has disabled the breaker since " + when(e.present.since) +
                           "; every call passes and nothing is counted.";
                  },
                  [](const Facts& e) { return "Put it back to work with " + command("reset", e) + "."; },
                  "never-opens"},
    DiagnosisRule{"only_watches",
                  [](const Facts& e) {
                    return e.present.breaker.metrics_only &&
                           (e.is_tripped() || e.present.breaker.totals.would_reject > 0);
                  },
                  [](const Facts& e) {
                    return "The breaker runs in metrics_only: it would have refused " +
                           count(e.present.breaker.totals.would_reject, "call") + ", and let them pass.";
                  },
                  [](const Facts& e) {
                    return "Compare its openings with what really happened; if they were right, let it "
                           "refuse calls with " +
                           command("reset", e) + ".";
                  },
                  "never-opens"},
    DiagnosisRule{
        "shared_cause", [](const Facts& e) { return e.is_tripped() && !e.together.empty(); },
        [](const Facts& e) {
          return count(e.together.size(), "other circuit") +
                 " opened within a minute of this one: " + list_of(e.together) +
                 ". They probably share a cause.";
        },
        [](const Facts&) {
          return std::string{
              "Look first for what these circuits have in common: a database, a service behind them, the "
              "network, name resolution."};
        },
        "cascading-failures"},
    DiagnosisRule{"waits_for_a_call", waits_for_a_call,
                  [](const Facts& e) {
                    return e.present.breaker.state == State::open
                     ? std::string{"The opening is over, but no call has come since that could probe the "
                                   "service."}
                     : "The breaker has been half-open since " + when(e.present.since) +
                           ", and no call comes that could probe the service.";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Send a request through the gateway: it is the probe. If calls are rare, set "
                        "`probe_automatically: true` and a smaller `half_open.permitted_calls`."};
                  },
                  "wont-close"},
    DiagnosisRule{"probe_hangs", [](const Facts& e) { return e.is_tripped() && last_look_hung(e); },
                  [](const Facts& e) {
                    return "The last probe did not come back within " +
                           words::length(e.present.options.half_open.max_wait) + ", and counts as failed.";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Time a request to the service itself. If it hangs, look at what its threads wait "
                        "for; if its answers are good but slow, raise `half_open.max_wait` above the "
                        "`timeout`."};
                  },
                  "wont-close"},
    DiagnosisRule{"relapses",
                  [](const Facts& e) { return e.is_tripped() && e.present.breaker.relapses >= 3; },
                  [](const Facts& e) {
                    return "The probes have failed " + std::to_string(e.present.breaker.relapses) +
                           " times in a row since " +
                           when(e.last_opening ? e.last_opening->why.wall : e.present.since) + ".";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Send a request to the service itself. If it fails, repair the service: the "
                        "breaker then closes by itself. If it succeeds, compare it with the requests of "
                        "the callers, and see `half_open.max_failure_rate`."};
                  },
                  "wont-close"},
    DiagnosisRule{
        "unhealthy",
        [](const Facts& e) {
          return e.is_tripped() && e.last_opening && e.last_opening->why.rule == Rule::health_check;
        },
        [](const Facts& e) {
          return "The service's health check opened the breaker: " +
                 words::number(e.last_opening->why.value) + " bad results in a row.";
        },
        [](const Facts&) {
          return std::string{
              "Read the reason in `health_checks` of `GET /status`. If callers are served well, the "
              "check asks for more than they need."};
        },
        "breaker-open"},
    DiagnosisRule{"unreachable",
                  [](const Facts& e) { return e.is_tripped() && e.mostly(FailureType::connection_error); },
                  [](const Facts& e) {
                    return "Connections to the service are refused or broken off (" + failures_text(e) + ").";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Check that the service runs and listens, that its name resolves to its address, "
                        "and that no firewall is between."};
                  },
                  "breaker-open"},
    DiagnosisRule{"too_slow", [](const Facts& e) { return e.is_tripped() && was_slow(e); },
                  [](const Facts& e) {
                    const std::string of = failures_text(e);
                    return "The service answers too slowly or not at all" +
                           (of.empty() ? "." : " (" + of + ").");
                  },
                  [](const Facts&) {
                    return std::string{
                        "Look at the service's load and at what it waits for: processor, database, locks, "
                        "services behind it. Do not raise `timeout` before that is known."};
                  },
                  "breaker-open"},
    DiagnosisRule{
        "failing",
        [](const Facts& e) {
          return e.is_tripped() && (e.mostly(FailureType::http_error) || e.mostly(FailureType::exception));
        },
        [](const Facts& e) { return "The service answers, but with errors (" + failures_text(e) + ")."; },
        [](const Facts& e) {
          return "Read the service's own log from " +
                 when(e.last_opening ? e.last_opening->why.wall - std::chrono::minutes{1} : e.present.since) +
                 " on, and check what was deployed before.";
        },
        "breaker-open"},
    DiagnosisRule{
        "sudden",
        [](const Facts& e) { return e.is_tripped() && e.onset && e.onset->kind == Onset::Kind::spike; },
        [](const Facts& e) { return "It went bad at once: " + onset_text(*e.onset) + "."; },
        [](const Facts& e) {
          return "Look for what changed at " + when(e.onset->began) +
                 ": a deployment, a configuration, a certificate, a crash, the network.";
        },
        "breaker-open"},
    DiagnosisRule{
        "creeping",
        [](const Facts& e) { return e.is_tripped() && e.onset && e.onset->kind == Onset::Kind::slope; },
        [](const Facts& e) { return "It went bad little by little: " + onset_text(*e.onset) + "."; },
        [](const Facts& e) {
          return "Look for what has grown since " + when(e.onset->began) +
                 ": load, memory, connections, a queue, a disk that fills up.";
        },
        "breaker-open"},
    DiagnosisRule{
        "approaching", [](const Facts& e) { return e.forecast.has_value(); },
        [](const Facts& e) {
          return "The failure rate grows: it is " + percent(e.forecast->now) +
                 ", and if this goes on it is " + percent(*e.present.options.failure_rate) + " " +
                 expected(*e.forecast) + ".";
        },
        [](const Facts&) {
          return std::string{
              "Look at what the failures of the last minutes have in common, before the breaker opens: a "
              "release, an instance, one kind of request."};
        },
        "breaker-open"},
    DiagnosisRule{"filling", [](const Facts& e) { return e.load.has_value(); },
                  [](const Facts& e) {
                    const std::uint64_t slots = *e.present.around.bulkhead;
                    const double in_flight = std::round(10 * e.load->now * static_cast<double>(slots)) / 10;
                    return "The load grows: " + words::number(in_flight) +
                           " calls are in flight on average, and if this goes on one call in a hundred finds "
                           "the bulkhead of " +
                           std::to_string(slots) + " full " + expected(*e.load) + ".";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Look whether there are more calls or slower ones. If the service has room for more "
                        "at once, raise "
                        "`bulkhead.max_concurrent`; if not, add instances, or let callers ask less often."};
                  },
                  "pool-exhausted"},
    DiagnosisRule{"flapping", [](const Facts& e) { return e.figures.flapping; },
                  [](const Facts& e) {
                    return "The breaker has changed its state " + std::to_string(e.changes_last_hour) +
                           " times within the last hour.";
                  },
                  [](const Facts& e) {
                    const std::string more =
                        e.present.options.backoff > 1
                            ? "raise `open_duration`, probe with more calls (`half_open.permitted_calls`)"
                            : "set `backoff: 2`, so that each relapse keeps the breaker open for longer";
                    return "Give the service more time: " + more + slow_return(e.present.options) + ".";
                  },
                  "flapping"},
    DiagnosisRule{"opens_too_easily",
                  [](const Facts& e) {
                    return e.figures.doubtful_openings.value_or(0) >= 2 &&
                           e.figures.false_positive_rate.value_or(0) >= 0.5;
                  },
                  [](const Facts& e) {
                    return percent(e.figures.false_positive_rate.value_or(0)) +
                           " of its openings were doubtful: the service was well at the first probe, and "
                           "nothing failed "
                           "afterwards.";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Make the breaker less eager: raise `minimum_calls` or `failure_rate`, or take "
                        "errors that are the callers' own out of `failure_when`."};
                  },
                  "opens-too-easily"},
    DiagnosisRule{"few_calls",
                  [](const Facts& e) {
                    if (!e.last_opening) return false;
                    const LoggedTransition& why = e.last_opening->why;
                    // With a confidence, few calls open it only if they leave little doubt.
                    const bool counted_alone =
                        why.rule == Rule::failure_rate && !e.present.options.failure_rate_confidence;
                    const bool rate =
                        counted_alone || why.rule == Rule::slow_call || why.rule == Rule::latency;
                    return rate && why.window.calls < 10;
                  },
                  [](const Facts& e) {
                    return "The last opening was decided by " +
                           count(e.last_opening->why.window.calls, "call") + " (" +
                           evidence_text(e.last_opening->why) + ").";
                  },
                  [](const Facts& e) {
                    const std::string from = e.present.options.levels
                                                 ? " of its levels"
                                                 : " from " + std::to_string(e.present.options.minimum_calls);
                    return "Raise `minimum_calls`" + from +
                           " to at least 20, or use `consecutive_failures` where calls are that rare.";
                  },
                  "opens-too-easily"},
    DiagnosisRule{"ineffective",
                  [](const Facts& e) {
                    return e.present.breaker.state == State::closed && !e.present.breaker.metrics_only &&
                           window_of(e).calls >= 50 && window_of(e).failure_rate() > 0.3;
                  },
                  [](const Facts& e) {
                    return percent(window_of(e).failure_rate()) + " of the last " +
                           count(window_of(e).calls, "call") + " failed, and the breaker is closed.";
                  },
                  [](const Facts& e) {
                    if (e.present.options.levels) {
                      return std::string{
                          "Lower `failure_rate` of its levels below what you see, or set "
                          "`consecutive_failures` there."};
                    }
                    return e.present.options.failure_rate
                               ? "Lower `failure_rate` from " +
                                     words::number(*e.present.options.failure_rate) +
                                     " below what you see, or set `consecutive_failures`."
                               : std::string{"Give the breaker a rule for this: set `failure_rate`."};
                  },
                  "never-opens"},
    DiagnosisRule{"pool_exhausted",
                  [](const Facts& e) { return e.present.around.pool && e.present.around.pool->waiting > 0; },
                  [](const Facts& e) {
                    return count(e.present.around.pool->waiting, "request") +
                           " wait for a connection to the service; " +
                           std::to_string(e.present.around.pool->busy) + " of " +
                           std::to_string(e.present.around.pool->limit) + " are in use.";
                  },
                  [](const Facts&) {
                    return std::string{
                        "If the service is slow, refuse early: set a `bulkhead` or a shorter `timeout`. If "
                        "it is quick and healthy, raise `connections.max`."};
                  },
                  "pool-exhausted"},
    DiagnosisRule{"retries_exhausted",
                  [](const Facts& e) {
                    const auto& retries = e.present.around.retries;
                    if (!retries || retries->used_up < 10 || retries->max_attempts < 2) return false;
                    return 2 * retries->used_up * (retries->max_attempts - 1) >= retries->retries;
                  },
                  [](const Facts& e) {
                    return "Since the start, " + count(e.present.around.retries->used_up, "call") +
                           " failed although all " + std::to_string(e.present.around.retries->max_attempts) +
                           " attempts were made: most retries (" +
                           std::to_string(e.present.around.retries->retries) + ") came to nothing.";
                  },
                  [](const Facts&) {
                    return std::string{
                        "Let a breaker end this: retries help against short faults only. Lower "
                        "`retry.max_attempts`, or set a `retry.budget`."};
                  },
                  "retries-exhausted"},
    DiagnosisRule{
        "budget_spent",
        [](const Facts& e) { return e.present.around.retries && e.present.around.retries->budget_is_spent; },
        [](const Facts& e) {
          return "The retry budget is spent; since the start it has refused " +
                 std::to_string(e.present.around.retries->budget_refused) + " retries and hedges.";
        },
        [](const Facts&) {
          return std::string{
              "Repair what fails first; the budget keeps retries from making it worse. Raise "
              "`retry.budget.ratio` only if the service has room for more calls."};
        },
        "retries-exhausted"},
};

}  // namespace

std::span<const DiagnosisRule> diagnosis_rules() noexcept { return rules; }

}  // namespace switchgear
