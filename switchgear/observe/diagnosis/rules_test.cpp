#include "switchgear/observe/diagnosis/rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "switchgear/observe/diagnosis/situation_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

/// For each rule, one situation that earns it and the nearest one that does not.
struct Earned {
  std::string_view rule;
  std::function<void(Situation&)> by;
  std::function<void(Situation&)> not_by;
  std::string_view cause_says;  ///< a part of the sentence
  std::string_view action_says;
};

void doubtful_openings(Situation& situation, int count, int failing) {
  for (int i = 0; i < count; ++i) {
    const double at = 100 + 400.0 * i;
    situation.past.opens(at);
    situation.past.probes(at + 30);
    situation.past.closes(at + 31);
    for (int k = 0; k < 6; ++k) situation.past.sample(at + 30 + 10 * k, 10, i < failing ? 1 : 0);
  }
}

/// A minute of a thousand calls for each of the last 40; in the last `growing` of them a fifth more fail each
/// time.
void grows(Situation& situation, int growing) {
  double failing = 20;
  for (int minute = 0; minute < 40; ++minute) {
    if (minute >= 40 - growing) failing *= 1.2;
    const auto failed = static_cast<std::uint64_t>(failing);
    situation.past.sample(1'200 + 60.0 * minute, 1'000 - failed, failed);
    situation.past.history.samples.back().length = std::chrono::seconds{60};
  }
}

/// Forty minutes of a thousand calls, which take longer and longer: from 3 in flight to 12.
void fills(Situation& situation, std::uint64_t slots) {
  situation.present.around.bulkhead = slots;
  for (int minute = 0; minute < 40; ++minute) {
    situation.past.sample(1'200 + 60.0 * minute, 1'000, 0);
    CircuitSample& sample = situation.past.history.samples.back();
    sample.length = std::chrono::seconds{60};
    sample.success_time = std::chrono::seconds{180} + std::chrono::seconds{20} * std::max(0, minute - 13);
  }
}

const std::vector<Earned>& all() {
  static const std::vector<Earned> table{
      {"fleet_open",
       [](Situation& s) {
         s.present.breaker.advised = true;
         s.present.around.fleet = "2 of 3 members with evidence find it down";
       },
       [](Situation& s) { s.present.around.fleet = "it was"; },
       "although this breaker is closed: 2 of 3 members with evidence find it down",
       "`GET /fleet` shows who"},
      {"fleet_forced_open",
       [](Situation& s) {
         s.settle(State::forced_open, 3000);
         s.present.around.fleet_forced = FleetForce{"10.0.0.7", std::chrono::minutes{9}};
       },
       [](Situation& s) { s.settle(State::forced_open, 3000); },
       "An operator (10.0.0.7) has forced the circuit open in the whole fleet, for another 9 min; ",
       "`POST /fleet/payment/release`"},
      {"forced_open", [](Situation& s) { s.settle(State::forced_open, 3000); },
       [](Situation& s) { s.is_open(); },
       "An operator has held the breaker open since 2026-03-01 12:50:00 UTC",
       "`switchgear force-close payment`"},
      {"disabled", [](Situation& s) { s.settle(State::disabled, 3000); },
       [](Situation& s) { s.settle(State::forced_open, 3000); }, "every call passes and nothing is counted",
       "`switchgear reset payment`"},
      {"only_watches",
       [](Situation& s) {
         s.present.breaker.metrics_only = true;
         s.present.breaker.totals.would_reject = 17;
       },
       [](Situation& s) { s.present.breaker.metrics_only = true; }, "it would have refused 17 calls",
       "`switchgear reset payment`"},
      {"shared_cause",
       [](Situation& s) {
         s.is_open(3590);
         s.present.others = {{"orders", s.past.at(3550)}, {"search", s.past.at(3000)}};
       },
       [](Situation& s) {
         s.is_open(3590);
         s.present.others = {{"search", s.past.at(3000)}};  // long before
       },
       "1 other circuit opened within a minute of this one: 'orders'", "have in common"},
      {"waits_for_a_call",
       [](Situation& s) {
         s.is_open(3000);
         s.present.breaker.retry_after = 0s;
       },
       [](Situation& s) { s.is_open(3590); }, "no call has come since", "`probe_automatically: true`"},
      {"waits_for_a_call",
       [](Situation& s) {
         s.past.opens(3000);
         s.past.probes(3030);
         s.settle(State::half_open, 3030);
       },
       [](Situation& s) {
         s.past.opens(3000);
         s.past.probes(3030);
         s.settle(State::half_open, 3030);
         s.present.breaker.half_open.in_flight = 1;  // its probe is on its way
       },
       "half-open since 2026-03-01 12:50:30 UTC", "Send a request"},
      {"probe_hangs",
       [](Situation& s) {
         s.is_open(3000);
         s.past.probes(3030);
         s.past.relapses(3090, Rule::max_wait);
       },
       [](Situation& s) {
         s.is_open(3000);
         s.past.probes(3030);
         s.past.relapses(3090, Rule::probe);
       },
       "did not come back within 1 min", "`half_open.max_wait`"},
      {"relapses",
       [](Situation& s) {
         s.is_open(3000);
         s.present.breaker.relapses = 3;
       },
       [](Situation& s) {
         s.is_open(3000);
         s.present.breaker.relapses = 2;
       },
       "failed 3 times in a row since 2026-03-01 12:50:00 UTC", "to the service itself"},
      {"unhealthy",
       [](Situation& s) {
         s.past.opens(3590, Rule::health_check).value = 2;
         s.settle(State::open, 3590);
       },
       [](Situation& s) { s.is_open(); }, "2 bad results in a row", "`health_checks`"},
      {"unreachable",
       [](Situation& s) {
         s.is_open();
         s.failed(3580, FailureType::connection_error, 9);
         s.failed(3590, FailureType::timeout, 1);
       },
       [](Situation& s) {
         s.is_open();
         s.failed(3580, FailureType::connection_error, 4);
         s.failed(3590, FailureType::http_error, 6);
       },
       "90% connection_error, 10% timeout", "runs and listens"},
      {"too_slow",
       [](Situation& s) {
         s.is_open();
         s.failed(3580, FailureType::timeout, 9);
       },
       [](Situation& s) {
         s.is_open();
         s.failed(3580, FailureType::http_error, 9);
       },
       "100% timeout", "Do not raise `timeout`"},
      {"too_slow",
       [](Situation& s) {
         s.past.opens(3590, Rule::slow_call);
         s.settle(State::open, 3590);
       },
       [](Situation& s) { s.is_open(); }, "too slowly", "load"},
      {"failing",
       [](Situation& s) {
         s.is_open();
         s.failed(3580, FailureType::http_error, 9);
       },
       [](Situation& s) { s.failed(3580, FailureType::http_error, 9); },  // it is closed
       "with errors (100% http_error)", "log from 2026-03-01 12:58:50 UTC on"},
      {"sudden",
       [](Situation& s) {
         s.got_worse(3590, {1, 0, 2, 1, 60});
         s.is_open(3585);
       },
       [](Situation& s) {
         s.got_worse(3590, {1, 10, 25, 40, 60});
         s.is_open(3585);
       },
       "at once: from 1% to 60% of the calls within 10 s", "changed at 2026-03-01 12:59:40 UTC"},
      {"creeping",
       [](Situation& s) {
         s.got_worse(3590, {1, 10, 25, 40, 60});
         s.is_open(3585);
       },
       [](Situation& s) {
         s.got_worse(3590, {1, 0, 2, 1, 60});
         s.is_open(3585);
       },
       "little by little: from 10% to 60% of the calls within 30 s", "grown since"},
      {"flapping",
       [](Situation& s) {
         for (int i = 0; i < 6; ++i) s.past.opens(1000 + i);
       },
       [](Situation& s) {
         for (int i = 0; i < 5; ++i) s.past.opens(1000 + i);
       },
       "changed its state 6 times within the last hour", "`backoff: 2`"},
      {"approaching", [](Situation& s) { grows(s, 14); }, [](Situation& s) { grows(s, 0); },
       "The failure rate grows: it is ", "what the failures of the last minutes have in common"},
      {"filling", [](Situation& s) { fills(s, 20); }, [](Situation& s) { fills(s, 200); },
       "one call in a hundred finds the bulkhead of 20 full in about ", "raise `bulkhead.max_concurrent`"},
      {"opens_too_easily", [](Situation& s) { doubtful_openings(s, 4, 2); },
       [](Situation& s) { doubtful_openings(s, 4, 3); }, "50% of its openings were doubtful",
       "`minimum_calls`"},
      {"few_calls", [](Situation& s) { s.past.opens(1000).window = {.calls = 4, .failures = 2}; },
       [](Situation& s) { s.past.opens(1000).window = {.calls = 10, .failures = 5}; },
       "decided by 4 calls (failure_rate 0.6 >= 0.5: 2 of 4 calls failed)", "from 20 to at least 20"},
      {"ineffective", [](Situation& s) { s.present.breaker.window = {.calls = 50, .failures = 16}; },
       [](Situation& s) { s.present.breaker.window = {.calls = 49, .failures = 40}; },  // too few to tell
       "32% of the last 50 calls failed, and the breaker is closed", "Lower `failure_rate` from 0.5"},
      {"pool_exhausted",
       [](Situation& s) { s.present.around.pool = PoolUse{.busy = 256, .waiting = 3, .limit = 256}; },
       [](Situation& s) { s.present.around.pool = PoolUse{.busy = 256, .waiting = 0, .limit = 256}; },
       "3 requests wait for a connection to the service; 256 of 256", "`connections.max`"},
      {"retries_exhausted",
       [](Situation& s) {
         s.present.around.retries = RetryUse{.max_attempts = 3, .retries = 40, .used_up = 10};
       },
       [](Situation& s) {
         s.present.around.retries = RetryUse{.max_attempts = 3, .retries = 41, .used_up = 10};
       },
       "Since the start, 10 calls failed although all 3 attempts were made", "`retry.budget`"},
      {"budget_spent",
       [](Situation& s) {
         s.present.around.retries = RetryUse{.budget_refused = 5, .budget_is_spent = true};
       },
       [](Situation& s) { s.present.around.retries = RetryUse{.budget_refused = 5}; },
       "since the start it has refused 5 retries", "`retry.budget.ratio`"}};
  return table;
}

TEST(DiagnosisRules, AreEachEarnedByOneSituationAndNotByTheNext) {
  for (const Earned& each : all()) {
    Situation earning;
    each.by(earning);
    const Diagnosis found = earning.diagnosis();
    const Finding* finding = earning.finding(found, each.rule);
    ASSERT_NE(finding, nullptr) << each.rule;
    EXPECT_NE(finding->cause.find(each.cause_says), std::string::npos) << each.rule << ": " << finding->cause;
    EXPECT_NE(finding->action.find(each.action_says), std::string::npos)
        << each.rule << ": " << finding->action;
    Situation other;
    each.not_by(other);
    const Diagnosis not_found = other.diagnosis();
    EXPECT_EQ(other.finding(not_found, each.rule), nullptr) << each.rule;
  }
}

std::string advice(Situation& situation, std::string_view rule) {
  const Diagnosis found = situation.diagnosis();
  const Finding* const finding = situation.finding(found, rule);
  return finding == nullptr ? "" : finding->action;
}

TEST(DiagnosisRules, DoNotAdviseWhatThePolicyHas) {
  Situation flaps;
  for (int i = 0; i < 6; ++i) flaps.past.opens(1000 + i);
  EXPECT_NE(advice(flaps, "flapping").find("let calls return slowly (`ramp`)"), std::string::npos);
  flaps.present.options.ramp = RampOptions{};
  EXPECT_NE(advice(flaps, "flapping").find("`ramp.controller: true`"), std::string::npos);
  flaps.present.options.ramp->controller = RampControllerOptions{};
  EXPECT_EQ(advice(flaps, "flapping").find("ramp"), std::string::npos);
}

TEST(DiagnosisRules, NameTheOptionThatWasInForce) {
  Situation few;
  few.past.opens(1000).window = {.calls = 4, .failures = 2};
  few.present.options.levels = LevelsOptions{};
  EXPECT_NE(advice(few, "few_calls").find("`minimum_calls` of its levels to at least 20"), std::string::npos);
  few.present.options.levels.reset();
  few.present.options.failure_rate_confidence = 0.95;
  EXPECT_EQ(advice(few, "few_calls"), "") << "these few were enough on purpose";
  Situation ineffective;
  ineffective.present.breaker.window = {.calls = 50, .failures = 16};
  ineffective.present.options.levels = LevelsOptions{};
  EXPECT_NE(advice(ineffective, "ineffective").find("`failure_rate` of its levels"), std::string::npos);
}

TEST(DiagnosisRules, AreAllTriedAndAreSentences) {
  std::set<std::string_view> tried;
  for (const Earned& each : all()) tried.insert(each.rule);
  std::set<std::string_view> names;
  for (const DiagnosisRule& rule : diagnosis_rules()) {
    EXPECT_TRUE(tried.contains(rule.name)) << rule.name;
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name << " is there twice";
  }
  for (const Earned& each : all()) {
    Situation earning;
    each.by(earning);
    for (const Finding& finding : earning.diagnosis().findings) {
      for (const std::string& sentence : {finding.cause, finding.action}) {
        EXPECT_TRUE(std::isupper(static_cast<unsigned char>(sentence.front())) != 0 ||
                    std::isdigit(static_cast<unsigned char>(sentence.front())) != 0)
            << sentence;
        EXPECT_TRUE(sentence.ends_with('.')) << sentence;
      }
    }
  }
}

TEST(DiagnosisRules, EachLeadToARunbookPageThatExists) {
  for (const DiagnosisRule& rule : diagnosis_rules()) {
    const std::string page = std::string(SWITCHGEAR_DOCS "/runbooks/").append(rule.page).append(".md");
    EXPECT_TRUE(std::filesystem::exists(page)) << rule.name << ": " << page;
  }
}

TEST(Diagnosis, FindsNothingAmissWithAHealthyBreaker) {
  Situation healthy;
  healthy.got_worse(3590, {1, 0, 1, 2});
  const Diagnosis diagnosis = healthy.diagnosis();
  EXPECT_TRUE(diagnosis.findings.empty());
  EXPECT_FALSE(diagnosis.recommendation());
  EXPECT_NE(diagnosis_text(diagnosis).find("No problems found."), std::string::npos);
}

TEST(Diagnosis, RecommendsTheMostUrgentFirst) {
  Situation open;
  open.got_worse(3590, {1, 0, 2, 1, 60});
  open.is_open(3585);
  open.present.others = {{"orders", open.past.at(3580)}};
  const Diagnosis diagnosis = open.diagnosis();
  ASSERT_GE(diagnosis.findings.size(), 3U);
  EXPECT_EQ(diagnosis.findings[0].rule, "shared_cause");
  EXPECT_EQ(diagnosis.recommendation(), diagnosis.findings[0].action);
}

TEST(Diagnosis, SaysWhenItOpenedFirstAndHowOftenInTheLastDay) {
  Situation busy;
  busy.now = 30 * 3600;
  busy.past.opens(100);
  busy.past.closes(200);
  busy.past.opens(7 * 3600);
  busy.past.closes(7 * 3600 + 60);
  busy.past.opens(29 * 3600);
  busy.settle(State::open, 29 * 3600);
  const Facts facts = busy.diagnosis().facts;
  EXPECT_EQ(facts.first_opened, busy.past.at(100));
  EXPECT_EQ(facts.openings_today, 2U);
  const std::string text = diagnosis_text(busy.diagnosis());
  EXPECT_NE(text.find("2 openings in the last 24 h, the first known at 2026-03-01 12:01:40 UTC"),
            std::string::npos)
      << text;
}

TEST(Diagnosis, AdvisesNoLocalCommandAgainstOneToTheFleet) {
  Situation forced;
  forced.settle(State::forced_open, 10);
  forced.present.around.fleet_forced = FleetForce{"ann", std::chrono::minutes{9}};
  EXPECT_EQ(diagnosis_text(forced.diagnosis()).find("force-close"), std::string::npos);
}

TEST(Diagnosis, DoesNotLetANameSteerTheTerminalOrTheShell) {
  Situation named;
  named.present.circuit = "x\x1b[2J; rm -rf '/'";
  named.settle(State::forced_open, 10);
  const Diagnosis diagnosis = named.diagnosis();
  EXPECT_NE(diagnosis.findings[0].action.find("`switchgear force-close 'x?[2J; rm -rf '\\''/'\\'''`"),
            std::string::npos)
      << diagnosis.findings[0].action;
  EXPECT_EQ(diagnosis_text(diagnosis).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace switchgear
