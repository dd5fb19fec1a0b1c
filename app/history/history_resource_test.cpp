#include "app/history/history_resource.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>

#include "app/history/history.hpp"
#include "app/history/manual_history_fixture.hpp"
#include "app/history/tables.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class HistoryResource : public testing::Test {
 protected:
  using Query = std::map<std::string, std::string, std::less<>>;

  /// Samples of `payment` from half past eleven to noon, one every ten seconds, and an opening at 11:59.
  HistoryResource() {
    history
        .run([this](SQLite::Database& database) {
          Tables tables{database, anchor};
          for (auto at = noon - 30min; at < noon; at += 10s)
            tables.write(Stretch{at, 10s}, Samples{{"payment", sample_of(90, 10)}});
          tables.write(opening_of("payment", {TimePoint{59min}, noon - 1min}));
          tables.write(TimedCommand{noon - 2min, {"force-open", "payment", "10.0.0.3", CommandResult::done}});
          tables.write(TimedCommand{noon - 1min, {"reload", "", "10.0.0.4", CommandResult::unauthorized}});
        })
        .get();
  }
  admin::ResourceAnswer ask(const Query& query) { return resource.handle({"", query, "", "10.0.0.3"}); }
  json::value json_of(const Query& query) {
    const auto answer = ask(query);
    const auto* document = std::get_if<admin::Json>(&answer);
    return document != nullptr ? document->value : json::value(std::get<admin::Problem>(answer).detail);
  }
  admin::Problem problem_of(const Query& query) {
    const auto answer = ask(query);
    const auto* problem = std::get_if<admin::Problem>(&answer);
    return problem != nullptr ? *problem : admin::Problem{200, "no problem"};
  }

  TextLog log;
  TimePoint now{1h};
  WallAnchor anchor{now, noon};
  PolicyRegistry policies{anchor, 1};
  CallDurations durations;
  History history{{}, {policies, durations}, std::make_shared<EventQueue>(), {}, log.log};
  admin::AddedResource resource = history_resource(history, anchor, [] { return noon; });
};

TEST_F(HistoryResource, ListsTheCircuitsThatHaveAHistory) {
  EXPECT_EQ(json_of({}).at("circuits"), json::array{"payment"});
}

TEST_F(HistoryResource, TellsWhoCommandedACircuitAndWhen) {
  const json::array of_payment{json::object{{"at", "2026-03-01T11:58:00.000Z"},
                                            {"command", "force-open"},
                                            {"circuit", "payment"},
                                            {"client", "10.0.0.3"},
                                            {"result", "done"}}};
  EXPECT_EQ(json_of({{"name", "payment"}}).at("commands"), of_payment);
  EXPECT_TRUE(json_of({{"name", "payment"}, {"to", "-10m"}}).at("commands").as_array().empty());
  const json::value all = json_of({}).at("commands");
  ASSERT_EQ(all.as_array().size(), 2U) << "of all circuits, and those of none";
  EXPECT_EQ(all.at(1).at("command"), "reload");
  EXPECT_EQ(all.at(1).at("result"), "unauthorized");
  EXPECT_EQ(json_of({{"from", "-90s"}}).at("commands").as_array().size(), 1U);
}

TEST_F(HistoryResource, TellsAtWhichLevelABreakerWas) {
  history
      .run([this](SQLite::Database& database) {
        using enum BreakerLevel;
        Tables tables{database, anchor};
        tables.write(level_of("payment", noon - 20min, warning, critical));
        tables.write(level_of("payment", noon - 15min, critical, emergency));
        tables.write(level_of("search", noon - 15min, warning, critical));
        tables.write(level_of("payment", noon - 5min, emergency, critical));
      })
      .get();
  const json::value all = json_of({{"name", "payment"}});
  ASSERT_EQ(all.at("levels").as_array().size(), 3U);
  const json::value& first = all.at("levels").at(0);
  EXPECT_EQ(first.at("at"), "2026-03-01T11:40:00.000Z");
  EXPECT_EQ(first.at("to"), "critical");
  EXPECT_EQ(first.at("failure_rate"), 0.75);
  EXPECT_EQ(first.at("text"), "goes from warning to critical: 9 of 12 failed, 75% is above 60%");
  EXPECT_EQ(all.at("levels").at(2).at("cause"), "calm");
  std::map<std::string, int> samples;
  for (const json::value& each : all.at("samples").as_array())
    ++samples[std::string{each.at("level").as_string()}];
  EXPECT_EQ(samples["warning"], 59) << "the level at the end of each ten seconds";
  EXPECT_EQ(samples["critical"], 61);
  EXPECT_EQ(samples["emergency"], 60);
  const json::value later = json_of({{"name", "payment"}, {"from", "-10m"}, {"to", "-6m"}});
  EXPECT_TRUE(later.at("levels").as_array().empty());
  EXPECT_EQ(later.at("samples").at(0).at("level"), "emergency") << "known from the change before";
}

TEST_F(HistoryResource, TellsWhatHappenedToTheInstancesOfAService) {
  history
      .run([this](SQLite::Database& database) {
        Tables tables{database, anchor};
        tables.write(ejection_of("payment", {now - 3min, noon - 3min}));
        tables.write(LoggedInstance{"payment", "", "panic_began",
                                    "0 of 3 instances are healthy: all are used", now - 2min, noon - 2min});
        tables.write(ejection_of("new", {now - 1min, noon - 1min}));
      })
      .get();
  const json::array of_payment{json::object{{"at", "2026-03-01T11:57:00.000Z"},
                                            {"instance", "10.0.0.1:80"},
                                            {"what", "ejected"},
                                            {"text", ejection_of("", {}).text}},
                               json::object{{"at", "2026-03-01T11:58:00.000Z"},
                                            {"instance", nullptr},
                                            {"what", "panic_began"},
                                            {"text", "0 of 3 instances are healthy: all are used"}}};
  EXPECT_EQ(json_of({{"name", "payment"}}).at("instances"), of_payment);
  EXPECT_TRUE(json_of({{"name", "payment"}, {"to", "-10m"}}).at("instances").as_array().empty());
  EXPECT_EQ(json_of({{"name", "new"}}).at("instances").as_array().size(), 1U) << "before its first sample";
}

TEST_F(HistoryResource, ShowsTheLastHourWithAStepThatSuitsIt) {
  const json::value seen = json_of({{"name", "payment"}});
  EXPECT_EQ(seen.at("circuit"), "payment");
  EXPECT_EQ(seen.at("from"), "2026-03-01T11:00:00.000Z");
  EXPECT_EQ(seen.at("to"), "2026-03-01T12:00:00.000Z");
  EXPECT_EQ(seen.at("step"), 10);
  ASSERT_EQ(seen.at("samples").as_array().size(), 180U);
  const json::value& sample = seen.at("samples").as_array().front();
  EXPECT_EQ(sample.at("at"), "2026-03-01T11:30:00.000Z");
  EXPECT_EQ(sample.at("length"), 10);
  EXPECT_EQ(sample.at("state"), "closed");
  EXPECT_EQ(sample.at("successes"), 90U);
  EXPECT_EQ(sample.at("failures"), 10U);
  EXPECT_EQ(sample.at("failures_by_type").at("http_error"), 10U);
  EXPECT_EQ(sample.at("fallbacks").at("answered"), 0U);
  EXPECT_EQ(sample.at("latency").at("mean"), 0.005);
  EXPECT_GT(sample.at("latency").at("p99").as_double(), sample.at("latency").at("p50").as_double());
  const json::value& opening = seen.at("transitions").as_array().at(0);
  EXPECT_EQ(opening.at("at"), "2026-03-01T11:59:00.000Z");
  EXPECT_EQ(opening.at("rule"), "failure_rate");
  EXPECT_EQ(opening.at("window").at("failures"), 6U);
  EXPECT_EQ(opening.at("last_failure").at("at"), "2026-03-01T11:58:59.992Z");
}

TEST_F(HistoryResource, ShowsTheSpanAndTheStepThatWereAskedFor) {
  const json::value seen =
      json_of({{"name", "payment"}, {"from", "2026-03-01T11:40:00Z"}, {"to", "-10m"}, {"step", "5m"}});
  EXPECT_EQ(seen.at("step"), 300);
  ASSERT_EQ(seen.at("samples").as_array().size(), 2U);
  EXPECT_EQ(seen.at("samples").as_array()[0].at("successes"), 90U * 30);
  EXPECT_TRUE(seen.at("transitions").as_array().empty());
  const json::value day = json_of({{"name", "payment"}, {"from", "-24h"}});
  EXPECT_EQ(day.at("step"), 240) << "360 points, in whole minutes";
}

TEST_F(HistoryResource, ACircuitThatIsQuietHasAnEmptyHistoryAndAnUnknownOneNone) {
  EXPECT_TRUE(json_of({{"name", "payment"}, {"to", "-2h"}}).at("samples").as_array().empty());
  EXPECT_EQ(problem_of({{"name", "paiment"}}).status, 404U);
  EXPECT_EQ(problem_of({{"name", "paiment"}}).members.at("circuit"), "paiment");
}

TEST_F(HistoryResource, SaysWhichParameterIsWrongAndHowToWriteIt) {
  const auto wrong = [&](const char* parameter, const char* value) {
    Query query{{"name", "payment"}};
    query[parameter] = value;
    const admin::Problem problem = problem_of(query);
    EXPECT_EQ(problem.status, 400U) << value;
    EXPECT_EQ(problem.members.at("parameter"), parameter) << value;
    return problem.detail;
  };
  EXPECT_EQ(wrong("from", "yesterday"),
            "from is not a point in time: use 2026-03-01T12:00:00Z, -1h (before now) or now");
  EXPECT_EQ(wrong("to", "1h"),
            "to is not a point in time: use 2026-03-01T12:00:00Z, -1h (before now) or now");
  EXPECT_EQ(wrong("from", "now"), "from must be before to");
  for (const char* step : {"", "10", "0s", "-1s", "1.5s", "1x"})
    EXPECT_EQ(wrong("step", step), "step is not a length of time in whole seconds, such as 10s, 1m or 1h");
  EXPECT_EQ(wrong("step", "1s"),
            "that would be 3600 samples, and an answer has at most 3000: use a longer step or a "
            "shorter span");
}

}  // namespace
}  // namespace switchgear::history
