// GET /reports/{name}, GET /analysis/{name}, and what GET /status says of each breaker's health.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <string>

#include "switchgear/admin/api.hpp"
#include "switchgear/admin/program_fixture.hpp"
#include "switchgear/admin/report_resources.hpp"
#include "switchgear/observe/figures/history_fixture.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;
namespace http = boost::beast::http;
namespace json = boost::json;

class AdminReports : public testing::Test {
 protected:
  Response get(std::string_view target) {
    if (!api) api.emplace(options, breakers.registry, program);
    Request made{http::verb::get, target, 11};
    made.set(http::field::host, "127.0.0.1:9090");
    return api->answer(made, {"127.0.0.1", "10.0.0.3"}, {}).response;
  }
  json::value json_of(std::string_view target) {
    const Response response = get(target);
    EXPECT_EQ(response.result(), http::status::ok) << response.body();
    return json::parse(response.body());
  }

  ManualBreakers breakers;
  ServerOptions options = options_of(breakers);
  Program program = program_of(breakers);
  std::optional<Api> api;
};

TEST_F(AdminReports, AreMadeOfWhatIsInMemoryAndSaySo) {
  (void)get("/livez");  // the server starts
  breakers.succeed("payment", 12);
  breakers.fail("payment", 12);
  breakers.durations.of("payment")->failure.record(40ms);
  breakers.now += 10s;
  const json::value report = json_of("/reports/payment?since=24h");
  EXPECT_EQ(report.at("source"), "memory");
  EXPECT_EQ(report.at("from"), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(report.at("success_rate"), 0.5);
  EXPECT_EQ(report.at("openings"), 1);
  EXPECT_EQ(report.at("calls").at("refused").to_number<int>(), 0);
  EXPECT_EQ(report.at("latency").at("p99").at("at_most"), 0.05);
  EXPECT_TRUE(report.at("false_positive_rate").is_null());
  EXPECT_EQ(report.at("opened").at(0).at("evidence"), "failure_rate 0.5 >= 0.5: 12 of 24 calls failed");
}

TEST_F(AdminReports, AreMadeOfTheStoredHistoryOfTheSpanThatIsAskedFor) {
  figures::PastOf past;
  for (int i = 0; i < 100; ++i) past.sample(10 * i, 99, 1);
  past.opens(500);
  past.probes(530);
  past.closes(531);
  for (std::size_t i = 50; i < 53; ++i) past.history.samples[i].state = State::open;
  program.history = [&](const std::string& circuit, WallAnchor::Wall from, WallAnchor::Wall to) {
    EXPECT_EQ(circuit, "pay/ment");
    EXPECT_EQ(WallAnchor::between(from, to), 48h);
    return std::optional{past.history};
  };
  breakers.add("pay/ment");
  breakers.now += 1000s;
  const json::value report = json_of("/reports/pay%2Fment?since=2d");
  EXPECT_EQ(report.at("source"), "history");
  EXPECT_EQ(report.at("success_rate"), 0.99);
  EXPECT_EQ(report.at("mean_time_to_recovery").to_number<double>(), 31);
  EXPECT_FALSE(report.at("course").as_array().empty());
  const json::array& states = report.at("states").as_array();
  ASSERT_EQ(states.size(), 4U);
  EXPECT_EQ(states[1].at("state"), "open");
  EXPECT_EQ(states[2].at("state"), "half_open");
  EXPECT_EQ(states[2].at("from"), states[1].at("to"));
}

TEST_F(AdminReports, FallBackToMemoryForACircuitWhosePastIsNotKept) {
  program.history = [](const std::string&, WallAnchor::Wall,
                       WallAnchor::Wall) -> std::optional<CircuitHistory> { return std::nullopt; };
  breakers.add("payment");
  EXPECT_EQ(json_of("/reports/payment").at("source"), "memory");
}

TEST_F(AdminReports, KnowWhatTheProgramSaysOfACircuitsSurroundings) {
  program.surroundings = [] {
    CircuitSurroundings around;
    around.value = figures::CallValue{2.5, "EUR"};
    around.fallbacks = FallbackUse{.answered = 3, .queued = 0, .failed = 1};
    around.pool = PoolUse{.busy = 8, .waiting = 5, .limit = 8};
    return std::map<std::string, CircuitSurroundings>{{"payment", around}};
  };
  breakers.fail("payment", 4);
  const json::value report = json_of("/reports/payment");
  EXPECT_EQ(report.at("business").at("at_risk").to_number<double>(), 10);
  EXPECT_EQ(report.at("business").at("protected"), 7.5);
  EXPECT_EQ(report.at("fallback_success_rate"), 0.75);
  const json::value analysis = json_of("/analysis/payment");
  EXPECT_EQ(analysis.at("findings").as_array().back().at("rule"), "pool_exhausted");
}

TEST_F(AdminReports, AreTextOrAFileToSaveWhereThatIsAskedFor) {
  breakers.fail("a b", 4);
  const Response text = get("/reports/a%20b?format=text");
  EXPECT_EQ(text[http::field::content_type], "text/plain; charset=utf-8");
  EXPECT_TRUE(text.body().starts_with("Report on a b\n")) << text.body();
  const Response page = get("/reports/a%20b?format=html");
  EXPECT_EQ(page[http::field::content_type], "text/html; charset=utf-8");
  EXPECT_EQ(page[http::field::content_disposition], "attachment; filename=\"report-a_b.html\"");
  EXPECT_TRUE(page.body().starts_with("<!doctype html>"));
}

TEST_F(AdminReports, SayWhatIsWrongWithARequest) {
  breakers.add("payment");
  for (const char* target :
       {"/reports/payment?since=24", "/reports/payment?since=soon", "/reports/payment?format=pdf",
        "/analysis/payment?format=html", "/reports/payment?from=1"})
    EXPECT_EQ(get(target).result(), http::status::bad_request) << target;
  for (const char* target : {"/reports/paymnet", "/analysis/paymnet"})
    EXPECT_EQ(get(target).result(), http::status::not_found) << target;
}

TEST_F(AdminReports, AnalysisTellsWhichOtherCircuitsOpenedAtTheSameTime) {
  breakers.fail("orders", 4);
  breakers.now += 20s;
  breakers.fail("payment", 4);
  const json::value analysis = json_of("/analysis/payment");
  EXPECT_EQ(analysis.at("together"), json::array({"orders"}));
  EXPECT_EQ(analysis.at("findings").at(0).at("rule"), "shared_cause");
  EXPECT_EQ(analysis.at("findings").at(0).at("runbook"), "docs/runbooks/cascading-failures.md");
  EXPECT_EQ(analysis.at("recommendation"), analysis.at("findings").at(0).at("action"));
  EXPECT_EQ(analysis.at("first_opened"), "2026-03-01T12:00:20.000Z");
  EXPECT_EQ(analysis.at("openings_last_24h"), 1);
}

TEST_F(AdminReports, StatusHasAHealthScoreAndARecommendationOfEachBreaker) {
  breakers.succeed("fine", 4);
  breakers.fail("payment", 4);
  const json::value status = json_of("/status");
  const json::array& all = status.at("circuit_breakers").as_array();
  EXPECT_EQ(all.at(0).at("health_score"), 100);
  EXPECT_TRUE(all.at(0).at("recommendation").is_null());
  EXPECT_EQ(all.at(1).at("health_score"), 20);
  EXPECT_EQ(all.at(1).at("recommendation"), json_of("/analysis/payment").at("recommendation"));
}

TEST_F(AdminReports, StatusOfAThousandBreakersIsQuicklyMade) {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "breaker-" + std::to_string(i);
    for (int k = 0; k < 50; ++k) {
      breakers.fail(name, 4);
      breakers.add(name).command(Command::reset, breakers.now);
    }
  }
  const auto before = std::chrono::steady_clock::now();
  const json::value status = json_of("/status");
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(status.at("circuit_breakers").as_array().size(), 1000U);
  EXPECT_LT(took, 60s);
  std::printf("status of 1000 breakers, 100 transitions each: %.1f ms\n",
              std::chrono::duration<double, std::milli>(took).count());
}

TEST(SpanOf, TakesAWholeNumberAndAUnit) {
  EXPECT_EQ(span_of("24h"), 24h);
  EXPECT_EQ(span_of("90m"), 90min);
  EXPECT_EQ(span_of("7d"), 168h);
  for (const char* wrong : {"", "h", "24", "0h", "-1h", "1.5h", "1 h", "100000d", "9223372036854775808s"})
    EXPECT_FALSE(span_of(wrong)) << wrong;
}

}  // namespace
}  // namespace switchgear::admin
