#include "app/top/draw.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "app/control/terminal_text.hpp"
#include "app/top/screen_fixture.hpp"

namespace switchgear::top {
namespace {

using namespace std::chrono_literals;

constexpr const char* shop_status = R"({"services": {
  "payment": {"policy": "careful", "requests": {"2xx": 90, "5xx": 10}, "responses_aborted": 2,
              "calls": {"success": {"count": 90, "mean": 0.021}},
              "connections": {"idle": 6, "busy": 2, "waiting": 3}, "retry": {"retries": 40},
              "bulkhead": {"in_use": 2, "max_concurrent": 50, "waiting": 0},
              "adaptive_limit": {"limit": 38, "in_flight": 2}},
  "plain": {"policy": "plain", "calls": {"success": {"count": 0, "mean": null}}}}})";

class Drawing : public ScreenTest {
 protected:
  void tell_shop() {
    tell({{.name = "payment",
           .state = "open",
           .calls = 12.04,
           .failure_rate = 0.62,
           .refusals = 51,
           .health = 25,
           .retry_after = "4.2"},
          {.name = "inventory", .calls = 12345.6}});
  }
};

TEST_F(Drawing, ShowsARowForEachBreakerWithItsFigures) {
  tell_shop();
  EXPECT_EQ(line_with("payment  "),
            "› payment           ██░░░░░░ open              12.0   62.0%       51.0      4.2s");
  EXPECT_EQ(line_with("inventory  "),
            "  inventory         ████████ closed           12.3k    0.0%        0.0");
  EXPECT_TRUE(shows("2 breakers, 1 refusing, degraded"));
}

TEST_F(Drawing, ShowsTheHealthThatTheServerGives) {
  tell({{.name = "payment", .state = "open", .failure_rate = 0.62, .health = 10}});
  EXPECT_NE(line_with("payment  ").find(" █░░░░░░░ open "), std::string::npos) << drawn();
  press(Key::enter);
  EXPECT_TRUE(shows("health █░░░░░░░░░ 10")) << drawn();
}

TEST_F(Drawing, ShowsThatTheFleetRefusesTheCallsOfAClosedBreaker) {
  tell({{.name = "inventory"}, {.name = "payment", .health = 50, .more = R"(, "fleet_open": true)"}});
  EXPECT_NE(line_with("payment  ").find(" fleet_open "), std::string::npos) << drawn();
  EXPECT_TRUE(shows("2 breakers, 1 refusing")) << drawn();
  EXPECT_LT(drawn().find("payment"), drawn().find("inventory")) << "what refuses comes first";
}

TEST_F(Drawing, CountsARetryDownBetweenTwoEvents) {
  tell_shop();
  now += 1s;
  EXPECT_NE(line_with("payment  ").find(" 3.2s"), std::string::npos) << drawn();
}

TEST_F(Drawing, MarksTheColumnThatTheRowsAreSortedBy) {
  tell_shop();
  EXPECT_TRUE(shows("STATE▼"));
  press("s");
  EXPECT_TRUE(shows("NAME▲"));
  press("i");
  EXPECT_TRUE(shows("NAME▼"));
  press("s");
  EXPECT_TRUE(shows("CALLS/S▼"));
}

TEST_F(Drawing, FillsALargerTerminalWithMoreColumns) {
  tell_shop();
  screen.size = {50, 200};
  screen.settle(now);
  screen.circuits.sample(now, Circuits::Data::live);
  EXPECT_TRUE(shows("LAST TRANSITION"));
  EXPECT_NE(line_with("payment  ").find("1m00s"), std::string::npos) << "in its state for: " << drawn();
  EXPECT_NE(line_with("payment  ").find("█ "), std::string::npos) << "the spark of its calls";
}

TEST_F(Drawing, SaysWhichSizeItNeedsOnASmallerTerminal) {
  tell_shop();
  screen.size = {20, 60};
  EXPECT_EQ(drawn().substr(0, 82),
            "This terminal has 60 x 20\nswitchgear top needs 80 x 24\nMake it larger, or q: quit\n");
  screen.size = {1, 5};
  EXPECT_EQ(drawn(), "This\n");
}

TEST_F(Drawing, FitsABreakersPageIntoEverySize) {
  tell({{.name = "決済サービス決済サービス決済サービス決済サービス", .state = "forced_open"}});
  press(Key::enter);
  for (int columns = 80; columns < 400; columns += 7) {
    screen.size = {24, columns};
    screen.settle(now);
    EXPECT_TRUE(shows("決済サービス"));
    EXPECT_NE(line_with(" ago").find("now"), std::string::npos) << drawn();
    EXPECT_NE(line_with("calls/s").find("peak 0.0"), std::string::npos) << drawn();
  }
}

TEST_F(Drawing, ShowsKeysAtTheBottomThatFitIntoEightyColumns) {
  tell_shop();
  for (const char* page : {"1", "2", "3"}) {
    press(page);
    const std::string all = drawn();
    EXPECT_NE(all.rfind("q quit\n"), std::string::npos) << all;
  }
  press("1");
  press(Key::enter);
  EXPECT_NE(drawn().rfind("q quit\n"), std::string::npos) << drawn();
}

TEST_F(Drawing, AsksInABoxThatNamesTheBreakerAndWhatTheCommandDoes) {
  tell_shop();
  press("o");
  EXPECT_TRUE(shows("force-open"));
  EXPECT_TRUE(shows("Refuse every call until the next command."));
  EXPECT_TRUE(shows("y: do it"));
}

TEST_F(Drawing, KeepsANameFromSteeringTheTerminalOrBreakingTheColumns) {
  tell({{.name = R"(\u001b[2J\u001b]0;title\u0007)"}, {.name = R"(a\nb\u009b31m\u202e)"}, {.name = "決済"}});
  const std::string all = drawn();
  EXPECT_EQ(all.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 24);
  const auto column_of_bar = [this](const std::string& name) {
    const std::string line = line_with(name);
    return control::columns_of(line.substr(0, line.find("█")));
  };
  EXPECT_EQ(column_of_bar("?[2J?]0;tit"), column_of_bar("決済"));
  EXPECT_EQ(column_of_bar("a?b?31m?"), column_of_bar("決済"));
  press("jjj");
  press(Key::enter);
  EXPECT_EQ(drawn().find('\x1b'), std::string::npos);
}

TEST_F(Drawing, ShowsTheAgeOfTheDataWhenTheConnectionIsLost) {
  tell_shop();
  EXPECT_NE(line_with("switchgear top").find(" live"), std::string::npos);
  screen.connection.live = false;
  screen.connection.why = "Connection refused";
  now += 65s;
  EXPECT_NE(line_with("switchgear top").find("LOST, data 1m05s old: Connection refused, trying again"),
            std::string::npos)
      << drawn();
  EXPECT_TRUE(shows("payment")) << "the last that is known stays";
}

TEST_F(Drawing, SaysThatAServerWhichIsConnectedHasFallenSilent) {
  tell_shop();
  now += 13s;
  EXPECT_NE(line_with("switchgear top").find("silent for 13s"), std::string::npos) << drawn();
}

TEST_F(Drawing, SaysWhyThereIsNoConnectionYet) {
  screen.connection = {};
  EXPECT_TRUE(shows("connecting"));
  screen.connection.why = "Connection refused";
  EXPECT_TRUE(shows("not connected: Connection refused, trying again")) << drawn();
}

TEST_F(Drawing, TellsAnEmptyListFromOneThatIsFilteredToNothing) {
  tell({});
  EXPECT_TRUE(shows("there are no circuit breakers"));
  tell_shop();
  press("/nothing");
  EXPECT_TRUE(shows("no breaker matches the filter"));
  EXPECT_TRUE(shows("filter: nothing_"));
}

TEST_F(Drawing, ShowsABreakersPageWithRatesEvidenceCountersAndPolicy) {
  tell_shop();
  press(Key::enter);
  answer(200, R"({"transitions": [{"from": "closed", "to": "open", "at": "2026-03-01T11:59:00.000Z",
      "rule": "failure_rate", "value": 0.62, "threshold": 0.5,
      "window": {"calls": 30, "failures": 16, "slow": 3},
      "last_failure": {"type": "http_error", "at": "2026-03-01T11:58:59.000Z"}}]})");
  for (int second = 0; second < 300; ++second) {
    now += 1s;
    screen.circuits.sample(now, Circuits::Data::live);
  }
  screen.size = {50, 100};
  screen.settle(now);
  EXPECT_TRUE(shows("open for 6m00s, retry in 0.0s"));
  EXPECT_TRUE(shows("refused/s      51.0  ███")) << drawn();
  EXPECT_TRUE(shows("5m00s ago"));
  EXPECT_TRUE(shows("11:59:00  closed → open            failure_rate 0.62 (limit 0.5)")) << drawn();
  EXPECT_TRUE(shows("30 calls, 16 failed, 3 slow; last failure http_error at 11:58:59")) << drawn();
  EXPECT_TRUE(shows("failures_by_type.http_error 16")) << drawn();
  EXPECT_TRUE(shows("open_duration 30")) << drawn();
}

TEST_F(Drawing, ShowsTheLevelOfABreakerAndWhyItIsThere) {
  const std::string level = R"(, "level": {"name": "critical", "service": "degraded", "comes_down": null, )"
                            R"("last_change": {"text": "goes from warning to critical: 9 of 12 failed"}})";
  const std::string first = R"(, "level": {"name": "warning", "service": "full", "comes_down": null})";
  tell({{.name = "payment", .state = "half_open", .more = level}, {.name = "stock", .more = first}});
  EXPECT_NE(line_with("payment").find(" half_open (c) "), std::string::npos) << drawn();
  EXPECT_EQ(line_with("stock").find("("), std::string::npos) << "the first level goes without saying";
  press(Key::enter);
  EXPECT_TRUE(shows("level critical, degraded   goes from warning to critical: 9 of 12 failed")) << drawn();
}

TEST_F(Drawing, ShowsWhatAControlledRampLetsThrough) {
  const std::string ramp = R"(, "ramping": true, "ramp": {"share": 0.225, "safe_share": 0.15, "hold": 2, )"
                           R"("calls": 3, "failed": 1})";
  tell({{.name = "payment", .state = "closed", .more = ramp}});
  EXPECT_NE(line_with("payment").find("closed (22%)"), std::string::npos) << drawn();
  press(Key::enter);
  EXPECT_TRUE(shows("ramp lets 22.5% through   15.0% was safe, held for 2 steps; 1 of 3 failed")) << drawn();
}

TEST_F(Drawing, LeavesAGapInTheSparksForTheTimeWithoutAConnection) {
  tell({{.name = "payment", .calls = 5}});
  press(Key::enter);
  const auto pass = [this](int seconds, Circuits::Data data) {
    for (int second = 0; second < seconds; ++second) {
      now += 1s;
      screen.circuits.sample(now, data);
    }
  };
  pass(50, Circuits::Data::live);
  pass(50, Circuits::Data::stale);
  pass(50, Circuits::Data::live);
  const std::string line = line_with("calls/s");
  const std::size_t first = line.find("█");
  EXPECT_NE(line.find("█    ", first), std::string::npos) << line;
  EXPECT_NE(line.find("    █", first), std::string::npos) << line;
}

TEST_F(Drawing, ShowsServicesWithPoolsRetriesBulkheadsAndLimits) {
  press("2");
  answer(200, shop_status);
  now += 2s;
  std::string later = shop_status;
  later.replace(later.find("\"2xx\": 90"), 9, "\"2xx\": 96");
  answer(200, later);
  EXPECT_EQ(line_with("payment "),
            "› payment             3.0     0.0    21ms     2/8 +3       40      2/50     2/38");
  EXPECT_EQ(line_with("plain "), "  plain               0.0     0.0       -");
}

TEST_F(Drawing, ShowsEverythingThatAServiceSaysOnItsPage) {
  press("2");
  answer(200, shop_status);
  press(Key::enter);
  EXPECT_TRUE(shows("responses_aborted 2")) << drawn();
  EXPECT_TRUE(shows("BULKHEAD"));
  EXPECT_TRUE(shows("max_concurrent 50"));
}

TEST_F(Drawing, ShowsTheInstancesOfAServiceAndWhyOneIsLeftOut) {
  press("2");
  answer(200, R"x({"services": {"shop": {"policy": "careful", "instances": [
      {"name": "10.0.0.1:80", "usable": true, "ejected": null, "ejections": 0, "calls": 41, "failures": 0,
       "in_flight": 3},
      {"name": "10.0.0.2:80", "usable": false, "ejections": 2, "calls": 9, "failures": 9, "in_flight": 1,
       "ejected": {"rule": "consecutive_5xx", "evidence": "5 failed calls in a row (limit 5)", "for": 27.4}},
      {"name": "10.0.0.3:80", "usable": false, "ejected": null, "ejections": 0, "calls": 0, "failures": 0,
       "in_flight": 0},
      {"name": "10.0.0.4:80", "usable": false, "ejected": null, "ejections": 0, "calls": 0, "failures": 0,
       "in_flight": 0, "reasons": ["health_check"], "why": "its health check is bad; it gets calls all the same"},
       7]}}})x");
  press(Key::enter);
  EXPECT_EQ(line_with("INSTANCE "),
            "  INSTANCE            STATE                   CALLS   FAILED IN FLIGHT EJECTIONS");
  EXPECT_EQ(line_with("10.0.0.1"),
            "  10.0.0.1:80         usable                     41        0         3         0");
  EXPECT_EQ(line_with("10.0.0.2"),
            "  10.0.0.2:80         left out for 27s            9        9         1         2");
  EXPECT_TRUE(shows("\n    5 failed calls in a row (limit 5)\n")) << drawn();
  EXPECT_TRUE(shows("\n    its health check is bad\n")) << drawn();
  EXPECT_TRUE(shows("\n    its health check is bad; it gets calls all the same\n")) << drawn();
  EXPECT_FALSE(shows("instances")) << "not as JSON: " << drawn();
}

TEST_F(Drawing, ShowsUpgradesBreakersByValueAndPoliciesOfRoutesOnAServicesPage) {
  press("2");
  answer(200, R"x({"services": {"shop": {"policy": "careful",
      "upgrades": {"open": 3, "begun": 12, "refused": 1, "ended": {"upgrade_idle": 2}},
      "by": {"header": "x-tenant", "values": 7, "open": 1, "opened": [
          {"circuit": "shop/x-tenant=a\u001bb", "state": "open", "retry_after": 12.2}]},
      "route_policies": {"gentle": {"circuit": "shop/gentle", "retry": {"retries": 4}}}}}})x");
  press(Key::enter);
  screen.size = {40, 80};
  screen.settle(now);
  EXPECT_TRUE(shows("UPGRADES\n  open 3")) << drawn();
  EXPECT_TRUE(shows("refused 1"));
  EXPECT_TRUE(shows("ended.upgrade_idle 2"));
  EXPECT_TRUE(shows("VALUES NOT CLOSED\n  shop/x-tenant=a?b  open, retry in 12s")) << drawn();
  EXPECT_TRUE(shows("ROUTES WITH gentle\n  circuit shop/gentle")) << drawn();
  EXPECT_TRUE(shows("retry.retries 4"));
}

TEST_F(Drawing, NamesThePolicyOfABreaker) {
  tell({{.name = "payment", .more = R"(, "tags": {"policy": "careful"})"}, {.name = "alone"}});
  screen.size = {40, 80};
  press("/payment");
  press(Key::enter);
  press(Key::enter);
  EXPECT_TRUE(shows("POLICY careful")) << drawn();
  press(Key::escape);
  press(Key::escape);
  press("/alone");
  press(Key::enter);
  press(Key::enter);
  EXPECT_TRUE(shows(" POLICY\n")) << drawn();
}

TEST_F(Drawing, SaysWhenAlertsAreNotConfiguredAndWhenThereAreNone) {
  press("3");
  EXPECT_TRUE(shows("asking"));
  answer(404, "{}");
  EXPECT_TRUE(shows("alerts are not configured"));
  answer(200, R"({"alerts": []})");
  EXPECT_TRUE(shows("no alerts"));
  answer(500, "{}");
  EXPECT_TRUE(shows("GET /alerts was answered with 500"));
  screen.receive({0, nullptr, "Connection refused"}, now);
  EXPECT_TRUE(shows("no answer to GET /alerts: Connection refused"));
}

TEST_F(Drawing, ShowsAlerts) {
  press("3");
  answer(200,
         R"({"alerts": [{"severity": "high", "state": "firing", "circuit": "payment", "rule": "open_too_long",
                  "since": "2026-03-01T11:59:00.000Z", "message": "payment has been open for 5m"}, 7,
                 {"severity": "warning", "state": "firing", "circuit": "cart", "acknowledged": {"by": "me"}},
                 {"severity": "info", "state": "firing", "circuit": "users", "acknowledged": null,
                  "muted_by": "silence-1"}]})");
  EXPECT_EQ(line_with("firing"),
            "› high      firing    payment            open_too_long    11:59:00 payment has …");
  EXPECT_TRUE(shows("\n payment has been open for 5m\n")) << drawn();
  EXPECT_NE(line_with("cart").find("acked"), std::string::npos);
  EXPECT_NE(line_with("users").find("muted"), std::string::npos);
}

TEST_F(Drawing, SurvivesAnswersOfOtherShapes) {
  tell({{.name = "payment", .more = R"(, "last_transition": {}, "half_open": [1, 2])"}});
  for (const char* page : {"1", "2", "3"}) {
    press(page);
    press(Key::enter);
    for (const char* body :
         {"null", "[]", "7", R"({"services": [], "alerts": {}, "transitions": 3})",
          R"({"services": {"a": 1, "b": {"requests": 3, "calls": []}}, "alerts": [{}, null],
             "transitions": [null, {}]})"}) {
      answer(200, body);
      EXPECT_FALSE(drawn().empty());
    }
    press(Key::escape);
  }
}

TEST(Canvas, CutsAtItsEdgesAndLeavesNoHalfOfAWideCharacter) {
  Canvas canvas{{2, 5}};
  canvas.put(0, 0, "ab決済x");
  EXPECT_EQ(canvas.text(), "ab決\n\n") << "済 would need a sixth column";
  canvas.put(0, 3, "!");
  EXPECT_EQ(canvas.text(), "ab !\n\n");
  canvas.put(5, 0, "below");
  canvas.put(1, -2, "left");
  EXPECT_EQ(canvas.text(), "ab !\nft\n");
}

TEST(Canvas, TurnsIntoAsciiOfTheSameWidth) {
  Canvas canvas{{1, 12}};
  canvas.put(0, 0, "a█░→決…é│");
  EXPECT_EQ(canvas.in_ascii().text(), "a#->??~?|\n");
}

}  // namespace
}  // namespace switchgear::top
