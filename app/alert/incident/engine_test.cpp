#include "app/alert/incident/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/alert/incident/engine_fixture.hpp"
#include "app/alert/rules/shipped_rules.hpp"

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<std::string>;

/// Open for five minutes is told to `hook`.
AlertRule open_for_5m() {
  AlertRule rule;
  rule.name = "open_too_long";
  rule.when.states = {State::open};
  rule.hold = 5min;
  rule.severity = Severity::high;
  rule.notify = {"hook"};
  rule.message = message_template("{{circuit}} has been open for {{duration}}");
  return rule;
}

AlertRule opened() {
  AlertRule rule;
  rule.name = "opened";
  rule.when.opened = true;
  rule.notify = {"hook"};
  return rule;
}

TEST(Engine, FiresOnceAConditionHasHeldForAsLongAsTheRuleSays) {
  Alerting engine{{open_for_5m()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(299s), Lines{}) << "pending";
  EXPECT_EQ(engine.after(1s), Lines{"hook firing payment has been open for 5m"});
  EXPECT_EQ(engine.after(10min), Lines{}) << "once";
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s), Lines{"hook resolved payment has been open for 15m"});
  EXPECT_EQ(engine.after(24h), Lines{});
}

TEST(Engine, ForgetsWhatDidNotHoldForLongEnough) {
  Alerting engine{{open_for_5m()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(4min), Lines{});
  engine.change("payment", State::closed);
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(4min), Lines{}) << "the five minutes begin anew";
  EXPECT_EQ(engine.after(1min).size(), 1U);
}

TEST(Engine, TakesAHalfOpenBreakerBetweenTwoOpeningsForAnOpenOne) {
  Alerting engine{{open_for_5m()}};
  engine.change("payment", State::open);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(engine.after(30s), Lines{});
    engine.change("payment", State::half_open);
    engine.change("payment", State::open);
  }
  EXPECT_EQ(engine.after(30s), Lines{"hook firing payment has been open for 5m"});
}

TEST(Engine, TellsOfAnOpeningThatEndsBeforeItIsLookedAt) {
  Alerting engine{{opened()}};
  engine.change("payment", State::open, "failure_rate (0.6, threshold 0.5)");
  engine.change("payment", State::half_open);
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s),
            (Lines{"hook firing opened: payment: opened by failure_rate (0.6, threshold 0.5)",
                   "hook resolved opened: payment: opened by failure_rate (0.6, threshold 0.5)"}));
}

TEST(Engine, KeepsFiringThroughAShortRecovery) {
  AlertRule rule = opened();
  rule.keep_firing_for = 1min;
  Alerting engine{{rule}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(59s), Lines{});
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1h), Lines{}) << "the same incident";
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(61s).size(), 1U) << "resolved";
}

TEST(Engine, SaysThatACircuitFlaps) {
  AlertRule rule;
  rule.name = "flapping";
  rule.when.changes = ChangesCondition{5, 1h};
  rule.notify = {"hook"};
  Alerting engine{{rule}};
  for (int i = 0; i < 5; ++i) {
    engine.change("payment", i % 2 == 0 ? State::open : State::closed);
    EXPECT_EQ(engine.after(10min), Lines{});
  }
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s), Lines{"hook firing flapping: payment: 6 changes of state within 1h (limit 5)"});
  EXPECT_EQ(engine.after(10min).size(), 1U) << "the first change is an hour old: resolved";
}

TEST(Engine, MeasuresTheFailureRateOverItsOwnSpanAndOnlyWithEnoughCalls) {
  AlertRule rule;
  rule.name = "failing";
  rule.when.states = {State::closed};
  rule.when.failure_rate = FailureRateCondition{0.5, 5min, 10};
  rule.notify = {"hook"};
  Alerting engine{{rule}};
  engine.calls("payment", 0, 9);
  EXPECT_EQ(engine.after(1s), Lines{}) << "nine calls mean nothing";
  engine.calls("payment", 6, 0);
  EXPECT_EQ(engine.after(1s),
            Lines{"hook firing failing: payment: failure rate 0.60 of 15 calls within 5m (limit 0.5)"});
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U) << "open: the breaker does its work";
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s).size(), 1U) << "and now it does not";
  EXPECT_EQ(engine.after(6min).size(), 1U) << "no call within five minutes";
}

TEST(Engine, CountsRefusalsInTheErrorBudgetAndNeedsBothSpansToBurn) {
  AlertRule rule;
  rule.name = "burning_fast";
  rule.when.burn_rate = BurnRateCondition{14.4, 0.999, 1h, 5min, 50};
  rule.notify = {"hook"};
  Alerting engine{{rule}};
  engine.calls("payment", 1000, 0);
  EXPECT_EQ(engine.after(1s), Lines{});
  engine.calls("payment", 0, 10, 10);  // 20 of 1020 bad: 19.6 times
  EXPECT_EQ(engine.after(1s).size(), 1U);
  EXPECT_EQ(engine.after(6min).size(), 1U) << "the last five minutes are quiet: resolved";
  engine.calls("payment", 100, 0);
  EXPECT_EQ(engine.after(1s), Lines{});
}

TEST(Engine, StartsAnewWithACircuitThatWasReplaced) {
  AlertRule rule;
  rule.name = "failing";
  rule.when.failure_rate = FailureRateCondition{0.5, 5min, 10};
  Alerting engine{{rule}};
  engine.calls("payment", 100, 0);
  (void)engine.after(1s);
  engine.restart_totals("payment");
  engine.calls("payment", 0, 20);
  (void)engine.after(1s);
  EXPECT_EQ(engine.stages(), Lines{}) << "20 of 120 failed";
  engine.calls("payment", 0, 200);
  (void)engine.after(1s);
  EXPECT_EQ(engine.stages(), Lines{"failing payment firing"});
}

TEST(Engine, ResolvesTheAlertsOfACircuitThatHasGone) {
  Alerting engine{{opened()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  engine.remove("payment");
  EXPECT_EQ(engine.after(1s).size(), 1U);
  EXPECT_EQ(engine.stages(), Lines{"opened payment resolved"});
}

TEST(Engine, RepeatsWhatStillFiresUntilSomebodyAcknowledgesIt) {
  AlertRule rule = opened();
  rule.repeat_every = 1h;
  Alerting engine{{rule}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  EXPECT_EQ(engine.after(59min), Lines{});
  EXPECT_EQ(engine.after(1min), Lines{"hook again opened: payment: opened"});
  EXPECT_EQ(engine.after(1h).size(), 1U);
  EXPECT_TRUE(engine.acknowledge("opened", "payment"));
  EXPECT_EQ(engine.after(5h), Lines{});
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s).size(), 1U) << "its end is told all the same";
  EXPECT_FALSE(engine.acknowledge("opened", "payment")) << "it is over";
}

TEST(Engine, TellsAcknowledgementsOnlyToChannelsThatHaveAWordForThem) {
  AlertRule rule = opened();
  rule.notify = {"hook", "pager"};
  AlertPlan plan = plan_of({rule});
  plan.channels["pager"].takes_acknowledgements = true;
  Alerting engine{plan};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 2U);
  EXPECT_TRUE(engine.acknowledge("opened", "payment"));
  EXPECT_EQ(engine.after(1s), Lines{"pager acknowledged opened: payment: opened"});
  EXPECT_TRUE(engine.acknowledge("opened", "payment")) << "again, by a second operator";
  EXPECT_EQ(engine.after(1s), Lines{});
}

TEST(Engine, KeepsUnimportantAlertsFromAChannelForImportantOnes) {
  AlertRule grave = open_for_5m();
  grave.notify = {"hook", "pager"};
  AlertRule small = opened();
  small.severity = Severity::info;
  small.notify = {"hook", "pager"};
  AlertPlan plan = plan_of({grave, small});
  plan.channels["pager"].min_severity = Severity::high;
  Alerting engine{plan};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s), Lines{"hook firing opened: payment: opened"});
  EXPECT_EQ(engine.after(5min),
            (Lines{"hook firing payment has been open for 5m", "pager firing payment has been open for 5m"}));
}

TEST(Engine, DoesNotTellWhatIsSilencedUnlessItOutlastsTheSilence) {
  Alerting engine{{opened()}};
  engine.silence("pay*", "*", 1h);
  engine.change("payment", State::open);
  engine.change("search", State::open);
  EXPECT_EQ(engine.after(1s), Lines{"hook firing opened: search: opened"});
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s), Lines{}) << "neither that it is over";
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(30min), Lines{});
  EXPECT_EQ(engine.after(30min), Lines{"hook firing opened: payment: opened"}) << "the silence is over";
}

TEST(Engine, TellsTheEndOfWhatItToldThoughItIsSilencedMeanwhile) {
  Alerting engine{{opened()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  engine.silence("payment", "opened", 1h);
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s), Lines{"hook resolved opened: payment: opened"});
}

TEST(Engine, LetsAServicesAlertSpeakForItsParts) {
  AlertPlan plan = plan_of({opened()});
  plan.inhibitions = {{{{"scope", "service"}}, {{"scope", "part"}}, {"service"}}};
  Alerting engine{plan};
  engine.label("payment", {{"service", "payment"}, {"scope", "service"}});
  engine.label("payment/a", {{"service", "payment"}, {"scope", "part"}});
  engine.label("search/a", {{"service", "search"}, {"scope", "part"}});
  (void)engine.after(1s);
  for (const char* circuit : {"payment/a", "payment", "search/a"}) engine.change(circuit, State::open);
  EXPECT_EQ(engine.after(1s), Lines{"hook firing opened: payment: opened; opened: search/a: opened"});
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s),
            (Lines{"hook firing opened: payment/a: opened", "hook resolved opened: payment: opened"}))
      << "its part is still open, and nothing else says so";
}

TEST(Engine, DoesNotTellWhatWasInhibitedToItsEndWhenBothEndTogether) {
  AlertRule grave = opened();
  grave.name = "grave";
  grave.severity = Severity::critical;
  AlertPlan plan = plan_of({opened(), grave});
  plan.inhibitions = {{{{"severity", "critical"}}, {{"severity", "high"}}, {"circuit"}}};
  plan.rules[0].severity = Severity::high;
  Alerting engine{plan};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(3s).size(), 1U) << "the grave one";
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(3s).size(), 1U) << "that it is over";
}

TEST(Engine, TellsTheEndToAChannelThatNowWantsGraverAlertsOnly) {
  AlertPlan plan = plan_of({opened()});
  plan.rules[0].severity = Severity::high;
  Alerting engine{plan};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  plan.channels["hook"].min_severity = Severity::critical;
  engine.configure(plan);
  engine.change("payment", State::closed);
  EXPECT_EQ(engine.after(1s), Lines{"hook resolved opened: payment: opened"});
}

TEST(Engine, KeepsTheLabelsByWhichReceiversKnowAnIncident) {
  const auto run = [](Alerting& engine, std::vector<Message>& told, const std::string& what) {
    engine.change("payment", what == "open" ? State::open : State::closed);
    for (Message& message : engine.messages_after(1s)) told.push_back(std::move(message));
  };
  AlertPlan plan = plan_of({opened()});
  plan.instance = "pod-1";
  std::vector<Message> told;
  Alerting first{plan};
  run(first, told, "open");
  plan.instance = "pod-2";
  plan.rules[0].severity = Severity::critical;
  Alerting second{plan};
  second.go_on_from(first);
  run(second, told, "closed");
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].instance, "pod-1");
  EXPECT_EQ(told[1].alerts[0].labels, told[0].alerts[0].labels);
}

TEST(Engine, GathersAGroupForAsLongAsGroupWaitSays) {
  AlertPlan plan = plan_of({opened()});
  plan.group_wait = 30s;
  Alerting engine{plan};
  engine.change("a", State::open);
  EXPECT_EQ(engine.after(20s), Lines{});
  engine.change("b", State::open);
  EXPECT_EQ(engine.after(10s), Lines{"hook firing opened: a: opened; opened: b: opened"});
  engine.change("c", State::open);
  EXPECT_EQ(engine.after(29s), Lines{}) << "the next group";
  engine.change("c", State::closed);
  EXPECT_EQ(engine.after(1s), (Lines{"hook firing opened: c: opened", "hook resolved opened: c: opened"}))
      << "an incident is told, however short it was";
}

TEST(Engine, CutsAMessageThatWouldHoldTooManyAlerts) {
  Alerting engine{{opened()}};
  for (int i = 0; i < 120; ++i) engine.change("c" + std::to_string(i), State::open);
  EXPECT_EQ(engine.after(1s).size(), 3U);
}

TEST(Engine, GoesOnWhereAnEarlierProcessStood) {
  Alerting first{{opened()}};
  first.change("payment", State::open);
  EXPECT_EQ(first.after(1s).size(), 1U);
  Alerting second{{opened()}};
  second.go_on_from(first);
  second.change("payment", State::open);
  EXPECT_EQ(second.after(1s), Lines{}) << "told already";
  second.change("payment", State::closed);
  EXPECT_EQ(second.after(1s), Lines{"hook resolved opened: payment: opened"});
}

TEST(Engine, ResolvesWhatHasRecoveredWhileNoProcessRan) {
  Alerting first{{opened()}};
  first.change("payment", State::open);
  EXPECT_EQ(first.after(1s).size(), 1U);
  Alerting second{{opened()}};
  second.go_on_from(first);
  EXPECT_EQ(second.after(1s), Lines{"hook resolved opened: payment: opened"});
}

TEST(Engine, ResolvesAfterARestartTheIncidentsOfARuleThatIsLeftOut) {
  Alerting first{{opened(), open_for_5m()}};
  first.change("payment", State::open);
  EXPECT_EQ(first.after(1s).size(), 1U);
  AlertRule elsewhere = opened();
  elsewhere.circuits = {"search"};
  for (const std::vector<AlertRule>& rules : {std::vector{open_for_5m()}, std::vector{elsewhere}}) {
    Alerting second{rules};
    second.go_on_from(first);
    second.change("payment", State::open);
    EXPECT_EQ(second.after(1s).size(), 1U) << "resolved, though the breaker is open";
    EXPECT_EQ(second.stages().back(), "opened payment resolved");
  }
}

TEST(Engine, GivesAnIncidentAfterARestartTheSeverityThatItsRuleHasNow) {
  Alerting first{{opened()}};
  first.change("payment", State::open);
  EXPECT_EQ(first.after(1s).size(), 1U);
  AlertRule grave = opened();
  grave.severity = Severity::critical;
  grave.notify = {"hook", "pager"};
  AlertPlan plan = plan_of({grave});
  plan.channels["pager"].min_severity = Severity::critical;
  Alerting second{plan};
  second.go_on_from(first);
  second.change("payment", State::open);
  EXPECT_EQ(second.after(1s), Lines{"pager firing opened: payment: opened"});
}

TEST(Engine, IsNotMisledByAClockThatWasSetBackBetweenTwoProcesses) {
  AlertRule rule = opened();
  rule.repeat_every = 1h;
  Alerting first{{rule}};
  first.change("payment", State::open);
  EXPECT_EQ(first.after(1s).size(), 1U);
  Alerting second{{rule}};
  second.go_on_from(first, -48h);
  second.change("payment", State::open);
  EXPECT_EQ(second.after(30min), Lines{});
  EXPECT_EQ(second.after(31min).size(), 1U) << "repeated an hour later, not two days";
}

TEST(Engine, MeasuresLengthsOfTimeThoughTheClockIsSet) {
  for (const Duration by : {Duration{-2h}, Duration{2h}}) {
    AlertRule again = opened();
    again.repeat_every = 1h;
    AlertRule failing;
    failing.name = "failing";
    failing.when.failure_rate = FailureRateCondition{0.5, 5min, 10};
    failing.notify = {"hook"};
    Alerting engine{{open_for_5m(), again, failing}};
    engine.change("payment", State::open);
    engine.calls("payment", 0, 20);
    EXPECT_EQ(engine.after(2min).size(), 2U) << "opened, failing";
    engine.set_clock(by);
    EXPECT_EQ(engine.after(178s), Lines{});
    EXPECT_EQ(engine.after(2s), Lines{"hook firing payment has been open for 5m"});
    EXPECT_EQ(engine.after(1min).size(), 1U) << "failing is resolved";
    EXPECT_EQ(engine.after(53min), Lines{});
    EXPECT_EQ(engine.after(1min + 1s), Lines{"hook again opened: payment: opened"});
  }
}

TEST(Engine, EndsASilenceAtTheDateThatItSays) {
  Alerting engine{{opened()}};
  engine.silence("payment", "*", 1h);
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s), Lines{});
  engine.set_clock(2h);
  EXPECT_EQ(engine.after(1s).size(), 1U);
}

TEST(Engine, ResolvesTheIncidentsOfARuleThatAReloadLeavesOut) {
  Alerting engine{{opened(), open_for_5m()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  engine.configure(plan_of({open_for_5m()}));
  EXPECT_EQ(engine.after(1s).size(), 1U) << "resolved";
  EXPECT_EQ(engine.after(5min), Lines{"hook firing payment has been open for 5m"}) << "the others go on";
}

TEST(Engine, DoesNotCountCallsFromBeforeASpanThatAReloadHasWidened) {
  AlertRule rule;
  rule.name = "failing";
  rule.when.failure_rate = FailureRateCondition{0.5, 5min, 10};
  Alerting engine{{rule}};
  (void)engine.after(1s);
  engine.calls("payment", 0, 100);
  (void)engine.after(3h);
  EXPECT_EQ(engine.stages(), Lines{"failing payment resolved"});
  rule.when.failure_rate->within = 1h;
  engine.configure(plan_of({rule}));
  engine.calls("payment", 5, 0);
  (void)engine.after(1min);
  EXPECT_EQ(engine.stages(), Lines{"failing payment resolved"}) << "what failed is three hours old";
  engine.calls("payment", 0, 20);
  (void)engine.after(30min);
  EXPECT_EQ(engine.stages().front(), "failing payment firing");
}

TEST(Engine, TellsAChannelThatAReloadAddsOfWhatFiresAlready) {
  Alerting engine{{opened()}};
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s).size(), 1U);
  AlertRule rule = opened();
  rule.notify = {"hook", "mail"};
  AlertPlan plan = plan_of({rule});
  plan.channels["mail"] = {};
  engine.configure(plan);
  EXPECT_EQ(engine.after(1s), Lines{"mail firing opened: payment: opened"});
}

TEST(Engine, RefreshesAChannelThatForgets) {
  AlertPlan plan = plan_of({opened()});
  plan.channels["hook"].refresh = 1min;
  plan.channels["hook"].repeats = false;
  Alerting engine{plan};
  (void)engine.after(1s);
  engine.change("payment", State::open);
  EXPECT_EQ(engine.after(1s), Lines{"hook firing opened: payment: opened"});
  EXPECT_EQ(engine.after(58s), Lines{});
  EXPECT_EQ(engine.after(1s), Lines{"hook refresh opened: payment: opened"});
  EXPECT_EQ(engine.after(5h).size(), 300U) << "and no repeats";
}

TEST(Engine, DoesNotGrowWithoutEnd) {
  Alerting engine{{opened()}};
  for (int i = 0; i < 300; ++i) {
    engine.change("payment", State::open);
    engine.change("payment", State::closed);
    (void)engine.after(1s);
  }
  EXPECT_EQ(engine.stages().size(), Engine::most_ended);
}

TEST(ShippedRules, AreThoseOfTheDocumentation) {
  std::vector<std::string> rules;
  for (const AlertRule& rule : shipped_rules())
    rules.push_back(rule.name + " " + std::string{to_string(rule.severity)});
  EXPECT_EQ(rules, (Lines{"opened info", "open_too_long high", "flapping medium", "failing warning",
                          "ineffective critical", "burning_fast critical", "burning high"}));
}

}  // namespace
}  // namespace switchgear::alert
