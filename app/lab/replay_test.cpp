#include "app/lab/replay.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "app/lab/json_report.hpp"
#include "app/lab/text_report.hpp"
#include "app/lab/trace_reader.hpp"

namespace switchgear::lab {
namespace {

CircuitBreakerOptions trips_on_two_failures() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = std::chrono::milliseconds{4500};
  options.half_open.permitted_calls = 1;
  return options;
}

template <class Report>
std::string replayed(const CircuitBreakerOptions& options, const std::string& trace) {
  std::istringstream input(trace);
  std::ostringstream out;
  Report report(out);
  TraceReader reader(input, "trace");
  Replay replay("payment", options, 0, report);
  while (const auto entry = reader.next()) {
    if (const auto problem = replay.play(*entry))
      return "line " + std::to_string(entry->line) + ": " + problem->message;
  }
  replay.finish();
  return out.str();
}

std::string json(const CircuitBreakerOptions& options, const std::string& trace) {
  return replayed<JsonReport>(options, trace);
}

/// The ids and operations of a JSON report, in order: `acquire a, record a`.
std::string order(const std::string& report) {
  std::istringstream lines(report);
  std::string line, order;
  const auto field = [&](const std::string& name) {
    const auto at = line.find("\"" + name + "\":\"");
    if (at == std::string::npos) return std::string{};
    const auto from = at + name.size() + 4;
    return line.substr(from, line.find('"', from) - from);
  };
  while (std::getline(lines, line)) {
    if (!field("op").empty()) order += (order.empty() ? "" : ", ") + field("op") + " " + field("id");
  }
  return order;
}

TEST(Replay, PrintsEachOperationThenTheTransitionsItCausedThenTheSummary) {
  EXPECT_EQ(json(trips_on_two_failures(),
                 R"({"at":1.25,"op":"acquire","id":"c7"}
{"at":1.25,"op":"acquire","id":"c8"}
{"at":1.3,"op":"record","id":"c8","verdict":"failure","type":"timeout"}
{"at":1.37,"op":"record","id":"c7","verdict":"failure","latency":0.12}
{"at":1.37,"op":"acquire","id":"c9"}
{"at":1.4,"op":"record","id":"c9","verdict":"failure"}
{"at":5.87,"op":"acquire","id":"p"}
{"at":6,"op":"record","id":"p","verdict":"success"}
)"),
            R"({"at":1.25,"op":"acquire","id":"c7","decision":"admitted","state":"closed"}
{"at":1.25,"op":"acquire","id":"c8","decision":"admitted","state":"closed"}
{"at":1.3,"op":"record","id":"c8","state":"closed"}
{"at":1.37,"op":"record","id":"c7","state":"open"}
{"at":1.37,"event":"transition","from":"closed","to":"open","rule":"consecutive_failures","value":2,"threshold":2}
{"at":1.37,"op":"acquire","id":"c9","decision":"rejected","reason":"open","retry_after":4.5,"state":"open"}
{"at":1.4,"op":"record","id":"c9","state":"open"}
{"at":5.87,"op":"acquire","id":"p","decision":"admitted","state":"half_open"}
{"at":5.87,"event":"transition","from":"open","to":"half_open","rule":"open_duration","value":4.5,"threshold":4.5}
{"at":6,"op":"record","id":"p","state":"closed"}
{"at":6,"event":"transition","from":"half_open","to":"closed","rule":"recovered","value":0,"threshold":0}
{"event":"summary","calls":3,"successes":1,"failures":2,"slow":0,"ignored":0,"rejected":1,"late":0,"opened":1,"time_open":4.5}
)");
}

TEST(Replay, EndsWholeCallsBeforeStartsAtTheSameInstantThenInFileOrder) {
  EXPECT_EQ(
      order(json(trips_on_two_failures(), R"({"at":1,"id":"a","latency":2,"verdict":"success"}
{"at":2,"id":"b","latency":1,"verdict":"success"}
{"at":2,"id":"c","latency":0,"verdict":"success"}
{"at":3,"id":"d","latency":0.5,"verdict":"success"}
{"at":3,"op":"force_open"}
)")),
      "acquire a, acquire b, acquire c, record c, record a, record b, acquire d, force_open , record d");
}

TEST(Replay, RecordsNothingForAWholeCallThatWasRefused) {
  EXPECT_EQ(order(json(trips_on_two_failures(), R"({"at":1,"op":"force_open"}
{"at":2,"id":"a","latency":1,"verdict":"success"}
)")),
            "force_open , acquire a");
}

TEST(Replay, PrintsRecordsOfUnknownIdsAndChangesNothing) {
  const std::string report =
      json(trips_on_two_failures(), R"({"at":1,"op":"record","id":"x","verdict":"failure"}
{"at":1,"op":"abandon","id":"y"}
)");
  EXPECT_EQ(report, R"({"at":1,"op":"record","id":"x","state":"closed"}
{"at":1,"op":"abandon","id":"y","state":"closed"}
{"event":"summary","calls":0,"successes":0,"failures":0,"slow":0,"ignored":0,"rejected":0,"late":0,"opened":0,"time_open":0}
)");
}

TEST(Replay, CountsASecondRecordOfOneCallOnce) {
  const std::string report = json(trips_on_two_failures(), R"({"at":1,"op":"acquire","id":"a"}
{"at":1,"op":"record","id":"a","verdict":"failure"}
{"at":1,"op":"record","id":"a","verdict":"failure"}
)");
  EXPECT_NE(report.find("\"failures\":1,"), std::string::npos) << report;
  EXPECT_EQ(report.find("transition"), std::string::npos) << report;
}

TEST(Replay, CountsTheLatencyOfARecordWithoutOneFromItsAcquire) {
  CircuitBreakerOptions options = trips_on_two_failures();
  options.slow_call = SlowCallRule{std::chrono::milliseconds{100}, 1.0};
  const std::string report = json(options, R"({"at":1,"op":"acquire","id":"a"}
{"at":1,"op":"acquire","id":"b"}
{"at":1.1,"op":"record","id":"a","verdict":"success"}
{"at":1.2,"op":"record","id":"b","verdict":"success"}
)");
  EXPECT_NE(report.find("\"slow\":1,"), std::string::npos) << report;
}

TEST(Replay, RefusesAnIdThatIsStillInFlightAndTakesOneThatIsNot) {
  EXPECT_EQ(json(trips_on_two_failures(),
                 "{\"at\":1,\"op\":\"acquire\",\"id\":\"a\"}\n\n"
                 "{\"at\":1,\"op\":\"acquire\",\"id\":\"a\"}\n"),
            "line 3: id \"a\" is still in flight, acquired on line 1");
  EXPECT_EQ(order(json(trips_on_two_failures(), R"({"at":1,"op":"acquire","id":"a"}
{"at":1,"op":"abandon","id":"a"}
{"at":1,"op":"acquire","id":"a"}
)")),
            "acquire a, abandon a, acquire a");
}

TEST(Replay, TellsAtItsEndWhatWasDueByTheLastLine) {
  CircuitBreakerOptions options = trips_on_two_failures();
  options.consecutive_failures = 1;
  options.probe_automatically = true;
  const std::string report = json(options, R"({"at":1,"id":"a","latency":0,"verdict":"failure"}
{"at":7,"op":"record","id":"nobody","verdict":"success"}
)");
  const auto record = report.find("\"id\":\"nobody\",\"state\":\"open\"");
  const auto due = report.find("{\"at\":5.5,\"event\":\"transition\",\"from\":\"open\",\"to\":\"half_open\"");
  EXPECT_NE(record, std::string::npos) << report;
  EXPECT_NE(due, std::string::npos) << report;
  EXPECT_LT(record, due);
  EXPECT_NE(report.find("\"time_open\":4.5}"), std::string::npos) << report;
}

TEST(Replay, IdsAreEscaped) {
  EXPECT_NE(json(trips_on_two_failures(), R"({"at":1,"op":"acquire","id":"a\"\n\u0001"})")
                .find(R"("id":"a\"\n\u0001")"),
            std::string::npos);
}

TEST(TextReport, TellsTheTransitionsWithTheirEvidenceAndTheTotals) {
  CircuitBreakerOptions options = trips_on_two_failures();
  options.failure_rate = 0.5;
  options.minimum_calls = 2;
  const std::string report =
      replayed<TextReport>(options, R"({"at":1,"id":"a","latency":0.5,"verdict":"success"}
{"at":2,"id":"b","latency":0.5,"verdict":"failure","type":"timeout"}
{"at":3,"id":"c","latency":0.5,"verdict":"success"}
)");
  EXPECT_NE(report.find("closed -> open"), std::string::npos) << report;
  EXPECT_NE(report.find("failure_rate 0.5 >= 0.5: 1 of 2 calls failed"), std::string::npos) << report;
  EXPECT_NE(report.find("timeout 1"), std::string::npos) << report;
  EXPECT_NE(report.find("open for 0.5s of 2s"), std::string::npos) << report;
  EXPECT_NE(report.find("ends open after 5 operations"), std::string::npos) << report;
}

TEST(TextReport, SaysThatNothingHappened) {
  EXPECT_NE(replayed<TextReport>(trips_on_two_failures(), "").find("no transition: it stayed closed"),
            std::string::npos);
}

TEST(Replay, ACallThatWasRefusedEndsInAnUnknownWay) {
  const std::string report = json(trips_on_two_failures(), R"({"at":1,"id":"a","verdict":"refused"}
)");
  EXPECT_EQ(order(report), "acquire a, abandon a");
  EXPECT_NE(report.find("\"ignored\":1"), std::string::npos) << report;
}

}  // namespace
}  // namespace switchgear::lab
