#include "app/lab/trace_line.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear::lab {
namespace {

using std::chrono::milliseconds;

TraceEntry good(std::string_view line) {
  const auto parsed = parse_trace_line(line);
  if (const auto* problem = std::get_if<TraceProblem>(&parsed)) {
    ADD_FAILURE() << line << "\n" << problem->message;
    return {};
  }
  return std::get<TraceEntry>(parsed);
}

std::string problem(std::string_view line) {
  const auto parsed = parse_trace_line(line);
  const auto* found = std::get_if<TraceProblem>(&parsed);
  return found == nullptr ? "no problem" : found->message;
}

TEST(TraceLine, ReadsAWholeCall) {
  const TraceEntry entry = good(
      R"({"at": 1.25, "id": "c7", "latency": 0.12, "verdict": "failure", "type": "timeout", "retry_after": 3})");
  EXPECT_EQ(entry.kind, TraceEntry::Kind::call);
  EXPECT_EQ(entry.at, TimePoint{milliseconds{1250}});
  EXPECT_EQ(entry.id, "c7");
  EXPECT_EQ(entry.result.verdict, Verdict::failure);
  EXPECT_EQ(entry.result.type, FailureType::timeout);
  EXPECT_EQ(entry.result.latency, milliseconds{120});
  EXPECT_EQ(entry.result.retry_after, std::chrono::seconds{3});
}

TEST(TraceLine, ReadsThePolicyOfTheRoute) {
  EXPECT_EQ(good(R"({"at":0,"latency":0,"verdict":"success","route_policy":"careful"})").route_policy,
            "careful");
  EXPECT_EQ(good(R"({"at":0,"op":"acquire","id":"a","route_policy":"careful"})").route_policy, "careful");
  EXPECT_EQ(good(R"({"at":0,"latency":0,"verdict":"success","route_policy":7})").route_policy, std::nullopt)
      << "another program's field of that name";
}

TEST(TraceLine, AWholeCallNeedsNoId) {
  EXPECT_EQ(good(R"({"at":0,"latency":0,"verdict":"success"})").id, std::nullopt);
}

TEST(TraceLine, ReadsEveryOperation) {
  EXPECT_EQ(good(R"({"at":1,"op":"acquire","id":"a"})").kind, TraceEntry::Kind::acquire);
  EXPECT_EQ(good(R"({"at":1,"op":"abandon","id":"a"})").kind, TraceEntry::Kind::abandon);
  const TraceEntry record = good(R"({"at":1,"op":"record","id":"a","verdict":"ignored"})");
  EXPECT_EQ(record.kind, TraceEntry::Kind::record);
  EXPECT_EQ(record.result.verdict, Verdict::ignored);
  EXPECT_EQ(record.result.latency, std::nullopt);
  const std::pair<const char*, Command> commands[] = {{"reset", Command::reset},
                                                      {"force_open", Command::force_open},
                                                      {"force_close", Command::force_close},
                                                      {"disable", Command::disable},
                                                      {"metrics_only", Command::metrics_only}};
  for (const auto& [op, command] : commands) {
    const TraceEntry entry = good(std::string(R"({"at":1,"op":")") + op + "\"}");
    EXPECT_EQ(entry.kind, TraceEntry::Kind::command) << op;
    EXPECT_EQ(entry.command, command) << op;
  }
}

TEST(TraceLine, ReadsTheAnswersOfHealthChecks) {
  const TraceEntry bad = good(R"({"at":1,"op":"check","answer":"bad"})");
  EXPECT_EQ(bad.kind, TraceEntry::Kind::check);
  EXPECT_EQ(bad.answer, CheckAnswer::bad);
  EXPECT_EQ(bad.rows, (HealthRows{2, 2}));
  const TraceEntry well = good(R"({"at":1,"op":"check","answer":"good","unhealthy":3,"healthy":1000})");
  EXPECT_EQ(well.answer, CheckAnswer::good);
  EXPECT_EQ(well.rows, (HealthRows{3, 1000}));
}

TEST(TraceLine, AFieldOfAnotherProgramThatLooksLikeOneOfAHealthCheckIsSkipped) {
  EXPECT_EQ(good(R"({"at":1,"latency":1,"verdict":"success","answers":3,"health":"ok"})").kind,
            TraceEntry::Kind::call);
}

TEST(TraceLine, SkipsFieldsThatAreNotItsOwnHoweverDeep) {
  const TraceEntry entry = good(
      R"({"path":"/pay","time":[1,{"at":9,"op":"reset"}],"at":2,"latency":1,"latency_ms":7,"verdict":"success","ok":true})");
  EXPECT_EQ(entry.kind, TraceEntry::Kind::call);
  EXPECT_EQ(entry.at, TimePoint{std::chrono::seconds{2}});
  EXPECT_EQ(entry.result.latency, std::chrono::seconds{1});
}

TEST(TraceLine, ReadsEscapedIdsAndTrailingSpace) {
  EXPECT_EQ(good("{\"at\":1,\"op\":\"acquire\",\"id\":\"a\\n\\u00e9\\\"\"} \r").id, "a\n\u00e9\"");
}

TEST(TraceLine, SaysWhatIsWrong) {
  const struct {
    const char* line;
    const char* message;
  } cases[] = {
      {"{", "not JSON, column 2: incomplete JSON"},
      {"{\"at\":1,}", "not JSON, column 9: syntax error"},
      {"{\"at\":1} {\"at\":2}", "not JSON, column 10: extra data"},
      {"{'at':1}", "not JSON, column 2: syntax error"},
      {"{\"at\":NaN}", "not JSON, column 7: syntax error"},
      {"{\"at\":Infinity}", "not JSON, column 7: syntax error"},
      {"{\"at\":01}", "not JSON, column 8: syntax error"},
      {"[1]", "a line must be a JSON object"},
      {"7", "a line must be a JSON object"},
      {"null", "a line must be a JSON object"},
      {"\"at\"", "a line must be a JSON object"},
      {"{}", "a line needs \"at\""},
      {R"({"at":"1"})", "\"at\" must be a number of seconds"},
      {R"({"at":null})", "\"at\" must be a number of seconds"},
      {R"({"at":[1]})", "\"at\" must be a number of seconds"},
      {R"({"at":-1})", "\"at\" is -1; expected seconds, 0 or more and less than 292 years"},
      {R"({"at":1e999})", "\"at\" is 1e999; expected seconds, 0 or more and less than 292 years"},
      {R"({"at":1,"at":2})", "\"at\" is there twice"},
      {R"({"at":1})", "a whole call needs \"latency\""},
      {R"({"at":1,"latency":1})", "a whole call needs \"verdict\""},
      {R"({"at":1,"latancy":1,"verdict":"success"})", "unknown field \"latancy\"; did you mean \"latency\"?"},
      {R"({"at":1,"latency":-0.1,"verdict":"success"})",
       "\"latency\" is -0.1; expected seconds, 0 or more and less than 292 years"},
      {R"({"at":1,"latency":1,"verdict":"sucess"})",
       "unknown verdict \"sucess\"; expected success, failure, ignored or refused; did you mean "
       "\"success\"?"},
      {R"({"at":1,"latency":1,"verdict":true})", "\"verdict\" must be a string"},
      {R"({"at":1,"latency":1,"verdict":"failure","type":"oom"})",
       "unknown type \"oom\"; expected timeout, connection_error, http_error, exception or slow_response"},
      {R"({"at":1,"latency":1,"verdict":"failure","retry_after":"3"})",
       "\"retry_after\" must be a number of seconds"},
      {R"({"at":1,"op":"acquire"})", "acquire needs \"id\""},
      {R"({"at":1,"op":"record","id":"a"})", "record needs \"verdict\""},
      {R"({"at":1,"op":"abandon"})", "abandon needs \"id\""},
      {R"({"at":1,"op":"check"})", "check needs \"answer\""},
      {R"({"at":1,"op":"check","answer":"well"})", "unknown answer \"well\"; expected good or bad"},
      {R"({"at":1,"op":"check","answer":"bad","unhealthy":0})",
       "\"unhealthy\" must be a whole number from 1 to 1000"},
      {R"({"at":1,"op":"check","answer":"bad","healthy":1.5})",
       "\"healthy\" must be a whole number from 1 to 1000"},
      {R"({"at":1,"op":"check","answer":"bad","healthy":"2"})",
       "\"healthy\" must be a whole number from 1 to 1000"},
      {R"({"at":1,"op":"acquire","id":7})", "\"id\" must be a string"},
      {R"({"at":1,"op":7})", "\"op\" must be a string"},
      {R"({"at":1,"op":"force-open"})",
       "unknown op \"force-open\"; expected acquire, record, abandon, check, reset, force_close, force_open, "
       "disable or metrics_only; did you mean \"force_open\"?"},
  };
  for (const auto& [line, message] : cases) {
    const std::string found = problem(line);
    EXPECT_EQ(found.substr(0, std::string_view(message).size()), message) << line << "\n" << found;
  }
}

TEST(TraceLine, RefusesTextThatIsNotUtf8AndNestingWithoutEnd) {
  EXPECT_NE(problem("{\"at\":1,\"op\":\"acquire\",\"id\":\"\xff\"}").find("not JSON"), std::string::npos);
  const std::string deep = "{\"at\":1,\"x\":" + std::string(100'000, '[');
  EXPECT_NE(problem(deep).find("not JSON"), std::string::npos);
}

TEST(TraceLine, ACallThatWasRefusedHasNoLength) {
  const auto line = parse_trace_line(R"({"at":1,"verdict":"refused"})");
  ASSERT_TRUE(std::holds_alternative<TraceEntry>(line)) << std::get<TraceProblem>(line).message;
  EXPECT_TRUE(std::get<TraceEntry>(line).refused);
  EXPECT_FALSE(std::get<TraceEntry>(parse_trace_line(R"({"at":1,"verdict":"failure","latency":1})")).refused);
  const auto record = parse_trace_line(R"({"at":1,"op":"record","id":"a","verdict":"refused"})");
  EXPECT_TRUE(std::holds_alternative<TraceProblem>(record)) << "an operation has happened";
}

}  // namespace
}  // namespace switchgear::lab
