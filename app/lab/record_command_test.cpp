#include "app/lab/record_command.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "app/lab/trace_reader.hpp"

namespace switchgear::lab {
namespace {

struct Ran {
  int status = 0;
  std::string out, err;
};

Ran record(const RecordOptions& options, const std::string& log) {
  std::istringstream input{log};
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_record(options, input, out, err);
  return {status, out.str(), err.str()};
}

std::string line(int second, double latency, int status, const std::string& service) {
  std::ostringstream text;
  text << R"({"time":"2026-11-27T12:00:)" << (second < 10 ? "0" : "") << second << R"(Z","status":)" << status
       << R"(,"duration":)" << latency << R"(,"service":")" << service << "\"}\n";
  return text.str();
}

RecordOptions json() {
  RecordOptions options;
  options.format = LogFormat::json;
  return options;
}

TEST(Record, WritesATraceInTheOrderOfTheCallsStarts) {
  const Ran ran =
      record(json(), line(5, 4.5, 504, "pay") + "\n" + line(6, 0.25, 200, "pay") + line(6, 0, 499, "pay"));
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out,
            "{\"at\":0,\"latency\":4.5,\"verdict\":\"failure\",\"type\":\"timeout\"}\n"
            "{\"at\":5.25,\"latency\":0.25,\"verdict\":\"success\"}\n"
            "{\"at\":5.5,\"latency\":0,\"verdict\":\"ignored\"}\n");
  EXPECT_EQ(ran.err, "3 calls in 5.5s: 1 successes, 1 failures, 1 ignored\n");
  std::istringstream trace{ran.out};
  TraceReader reader{trace, "trace"};
  int entries = 0;
  while (reader.next()) ++entries;
  EXPECT_EQ(entries, 3) << "what `replay` reads";
}

TEST(Record, SpreadsCallsOverTheSecondThatTheLogKnows) {
  const auto nginx = [](int second, const std::string& time) {
    return "a - - [27/Nov/2026:12:00:0" + std::to_string(second) +
           " +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" rt=" + time + "\n";
  };
  RecordOptions options;
  options.format = LogFormat::nginx;
  const Ran ran = record(
      options, nginx(1, "0.1") + nginx(1, "0.1") + nginx(1, "0.2") + nginx(1, "0.1") + nginx(3, "0.1"));
  EXPECT_EQ(ran.out,
            "{\"at\":0,\"latency\":0.1,\"verdict\":\"success\"}\n"
            "{\"at\":0.25,\"latency\":0.1,\"verdict\":\"success\"}\n"
            "{\"at\":0.4,\"latency\":0.2,\"verdict\":\"success\"}\n"
            "{\"at\":0.75,\"latency\":0.1,\"verdict\":\"success\"}\n"
            "{\"at\":2,\"latency\":0.1,\"verdict\":\"success\"}\n");
}

TEST(Record, TakesOneServiceAndTellsOfTheRest) {
  RecordOptions options = json();
  options.service = "pay";
  const Ran ran = record(options, line(1, 0.1, 200, "pay") + line(2, 0.1, 200, "user") + "nonsense\n" +
                                      R"({"ts":5,"status":200,"service":"pay"})");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err,
            "<stdin>:3: not JSON: syntax error\n"
            "2 calls in 1795780795.9s: 2 successes, 0 failures, 0 ignored\n"
            "left out: 1 calls to other services\n"
            "left out: 1 lines that could not be read\n"
            "1 calls have no duration in the log and count as 0s: rules about slow calls and latency see "
            "nothing of "
            "them\n");
  options.service = "payment";
  const Ran none = record(options, line(1, 0.1, 200, "pay") + line(2, 0.1, 200, "user"));
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err, "<stdin>: no call to the service \"payment\"; the log has pay (1), user (1)\n");
}

TEST(Record, SaysThatALogIsEmptyOrOfAnotherFormat) {
  EXPECT_EQ(record(json(), "").err, "<stdin>: is empty\n");
  RecordOptions haproxy = json();
  haproxy.format = LogFormat::haproxy;
  const Ran ran = record(haproxy, line(1, 0.1, 200, "pay"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("no call in 1 lines; is it of the format haproxy?"), std::string::npos) << ran.err;
}

TEST(Record, TellsOfFewUnreadableLinesAndCountsTheRest) {
  std::string log = line(1, 0.1, 200, "pay");
  for (int i = 0; i < 1'000; ++i) log += "nonsense\n";
  const Ran ran = record(json(), log);
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("left out: 1000 lines that could not be read"), std::string::npos);
  EXPECT_LT(ran.err.size(), 600U);
}

TEST(Record, RefusesMoreCallsThanItMayKeep) {
  RecordOptions options = json();
  options.most_calls = 2;
  const Ran ran = record(options, line(1, 0, 200, "a") + line(2, 0, 200, "a") + line(3, 0, 200, "a"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "<stdin>:3: more than 2 calls; take a part of the log, or raise --max-calls\n");
}

TEST(Record, SaysWhichFileItCannotReadOrWrite) {
  RecordOptions options = json();
  options.log = "/absent/log";
  EXPECT_EQ(record(options, "").err, "/absent/log: cannot be read: No such file or directory\n");
  options.log = "-";
  options.out = "/absent/trace";
  EXPECT_EQ(record(options, line(1, 0, 200, "a")).err, "/absent/trace: cannot be written\n");
}

TEST(Record, KeepsTheTraceThatIsThereWhenNoCallTakesItsPlace) {
  RecordOptions options = json();
  options.out = testing::TempDir() + "Record.kept.jsonl";
  const auto content = [&] {
    std::ifstream file{options.out};
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  std::ofstream{options.out} << "yesterday's\n";
  EXPECT_EQ(record(options, "nonsense\n").status, 1);
  EXPECT_EQ(content(), "yesterday's\n");
  EXPECT_EQ(record(options, line(5, 4.5, 504, "pay")).status, 0);
  EXPECT_EQ(content().find("{\"at\":0,"), 0U) << content();
  std::filesystem::remove(options.out);
}

TEST(Record, EndsAtALineThatHasNoEnd) {
  RecordOptions options = json();
  options.log = "/dev/zero";
  const Ran ran = record(options, "");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err,
            "/dev/zero:1: longer than 1 MiB\n/dev/zero:1: longer than 64 MiB; expected a log of lines\n");
}

TEST(Record, LeavesOutALineThatIsTooLong) {
  const Ran ran = record(json(), line(5, 1, 200, "pay") + std::string(std::size_t{3} << 20U, 'x') + "\n" +
                                     line(6, 1, 200, "pay"));
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err.find("<stdin>:2: longer than 1 MiB\n2 calls in 1s"), 0U) << ran.err;
}

}  // namespace
}  // namespace switchgear::lab
