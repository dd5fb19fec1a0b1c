#include "app/lab/access_log_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace switchgear::lab {
namespace {

using namespace std::chrono_literals;

LoggedCall call(LogFormat format, std::string_view line) {
  const auto read = read_log_line(format, line);
  if (const auto* problem = std::get_if<LogProblem>(&read)) ADD_FAILURE() << line << ": " << problem->message;
  const auto* found = std::get_if<LoggedCall>(&read);
  if (found == nullptr) ADD_FAILURE() << line << ": no call";
  return found == nullptr ? LoggedCall{} : *found;
}

bool no_call(LogFormat format, std::string_view line) {
  return std::holds_alternative<NoCall>(read_log_line(format, line));
}

std::string problem(LogFormat format, std::string_view line) {
  const auto read = read_log_line(format, line);
  const auto* found = std::get_if<LogProblem>(&read);
  return found == nullptr ? "none" : found->message;
}

WallAnchor::Wall at(Duration since_noon) {
  return std::chrono::sys_days{std::chrono::year{2026} / 11 / 27} + 12h + since_noon;
}

const std::string combined =
    R"(10.0.0.3 - ann [27/Nov/2026:12:00:10 +0000] "GET /x HTTP/1.1" 200 128 "http://a/" "curl \"8\" [x]")";

TEST(NginxLine, BeginsWhereItEndedLessItsRequestTime) {
  for (const char* time :
       {" 1.500", " rt=1.500", " request_time=1.500", R"( rt="1.500")", " urt=0.1 rt=1.500 up=x"}) {
    const LoggedCall read = call(LogFormat::nginx, combined + time);
    EXPECT_EQ(read.latency, 1500ms) << time;
    EXPECT_EQ(read.began, at(8500ms)) << time;
    EXPECT_TRUE(read.timed);
    EXPECT_EQ(read.verdict, Verdict::success);
  }
  const LoggedCall tries = call(LogFormat::nginx, combined + R"( urt="0.001, 0.020")");
  EXPECT_EQ(tries.latency, 20ms) << "the attempt that answered";
}

TEST(NginxLine, HasNoLatencyWhereTheLogHasNone) {
  const LoggedCall read = call(LogFormat::nginx, combined);
  EXPECT_FALSE(read.timed);
  EXPECT_EQ(read.began, at(10s));
}

TEST(NginxLine, TakesTheZoneIntoAccount) {
  const LoggedCall read =
      call(LogFormat::nginx, R"(::1 - - [27/Nov/2026:10:30:00 -0130] "GET / HTTP/1.0" 200 1 "-" "-")");
  EXPECT_EQ(read.began, at(0s));
}

TEST(NginxLine, IsJudgedByItsStatus) {
  const auto ended = [](const std::string& status) {
    return call(LogFormat::nginx, R"(1.1.1.1 - - [27/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" )" + status +
                                      R"( 0 "-" "-" rt=0.1)");
  };
  for (const char* good : {"200", "301", "404", "429"})
    EXPECT_EQ(ended(good).verdict, Verdict::success) << good;
  EXPECT_EQ(ended("499").verdict, Verdict::ignored);
  EXPECT_EQ(ended("504").type, FailureType::timeout);
  EXPECT_EQ(ended("502").type, FailureType::connection_error);
  EXPECT_EQ(ended("503").type, FailureType::http_error);
  EXPECT_EQ(ended("500").verdict, Verdict::failure);
}

TEST(NginxLine, SaysWhatIsMissing) {
  EXPECT_EQ(problem(LogFormat::nginx, "hello"), "no time in square brackets found");
  EXPECT_EQ(problem(LogFormat::nginx, "a - - [yesterday] \"GET / HTTP/1.1\" 200 1"),
            "no time like [27/Nov/2026:04:10:00 +0000] found");
  EXPECT_EQ(problem(LogFormat::nginx, "a - - [27/Nov/2026:12:00:00 +0000] \"GET"),
            "no \"request\", status and number of bytes found behind the time");
  EXPECT_EQ(problem(LogFormat::nginx, "a - - [32/Nov/2026:12:00:00 +0000] \"GET /\" 200 1"),
            "no time like [27/Nov/2026:04:10:00 +0000] found");
}

TEST(HaproxyLine, TakesWhatTheServerTookAndLeavesOutTheClientsTime) {
  for (const std::string prefix : {"", "Nov 27 12:00:00 host haproxy[71]: "}) {
    const LoggedCall read = call(
        LogFormat::haproxy, prefix + R"(10.0.0.3:5000 [27/Nov/2026:12:00:00.250] front~ pay/one )"
                                     R"(100/0/1/49/150 200 1024 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1")");
    EXPECT_EQ(read.began, at(350ms));
    EXPECT_EQ(read.latency, 50ms);
    EXPECT_EQ(read.service, "pay");
    EXPECT_EQ(read.verdict, Verdict::success);
  }
}

TEST(HaproxyLine, IsJudgedByItsTerminationState) {
  const auto ended = [](const std::string& server, const std::string& status, const std::string& state) {
    return "10.0.0.3:5000 [27/Nov/2026:12:00:00.000] front " + server + " 0/0/-1/-1/3001 " + status +
           " 200 - - " + state + R"( 1/1/0/0/3 0/0 "GET / HTTP/1.1")";
  };
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "504", "sH--")).type, FailureType::timeout);
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "503", "SC--")).type, FailureType::connection_error);
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "200", "SD--")).verdict, Verdict::failure)
      << "broken off";
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "-1", "CH--")).verdict, Verdict::ignored);
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "200", "cD--")).verdict, Verdict::ignored);
  EXPECT_EQ(call(LogFormat::haproxy, ended("pay/one", "500", "----")).type, FailureType::http_error);
  EXPECT_TRUE(no_call(LogFormat::haproxy, ended("front/<NOSRV>", "400", "PR--")))
      << "HAProxy refused it itself";
  EXPECT_EQ(
      problem(LogFormat::haproxy, "10.0.0.3:5000 [27/Nov/2026:12:00:00.000] front pay/one 1/2 0 0 - - ----"),
      "\"1/2\" is not five timers like 0/0/1/25/26");
}

TEST(JsonLine, FindsTheUsualNames) {
  const LoggedCall ours =
      call(LogFormat::json, R"({"time":"2026-11-27T12:00:01.500Z","status":503,"duration":0.5})");
  EXPECT_EQ(ours.began, at(1s));
  EXPECT_EQ(ours.verdict, Verdict::failure);
  const LoggedCall texts =
      call(LogFormat::json, R"({"@timestamp":"2026-11-27T12:00:01Z","status":"200","request_time":"0.250",)"
                            R"("service":"pay"})");
  EXPECT_EQ(texts.began, at(750ms));
  EXPECT_EQ(texts.service, "pay");
  const LoggedCall epoch =
      call(LogFormat::json, R"({"ts":1795780801,"response_code":200,"latency_ms":1000})");
  EXPECT_EQ(epoch.began, at(0s));
  const LoggedCall milliseconds = call(LogFormat::json, R"({"timestamp":1795780801000,"code":200})");
  EXPECT_EQ(milliseconds.began, at(1s));
  EXPECT_FALSE(milliseconds.timed);
}

TEST(JsonLine, SaysWhatIsMissing) {
  EXPECT_EQ(problem(LogFormat::json, "[]"), "not a JSON object");
  EXPECT_EQ(problem(LogFormat::json, "{"), "not JSON: incomplete JSON");
  EXPECT_EQ(problem(LogFormat::json, R"({"status":200})"),
            "no time found; expected time, @timestamp, timestamp or ts");
  EXPECT_EQ(problem(LogFormat::json, R"({"ts":-5,"status":200})"),
            "no time found; expected time, @timestamp, timestamp or ts");
  EXPECT_EQ(problem(LogFormat::json, R"({"ts":5})"),
            "no status found; expected status, status_code or response_code");
  EXPECT_EQ(problem(LogFormat::json, R"({"ts":5,"status":1e99})"), "the status is not one of HTTP");
}

TEST(OwnLine, TellsCallsFromWhatTheGatewayAnsweredItself) {
  const std::string head = R"(10.0.0.3 - - [27/Nov/2026:12:00:10 +0000] "GET /pay/1 HTTP/1.1" )";
  const std::string behind = R"( 128 host="a b" duration=0.500000 service="payment" )";
  const LoggedCall good = call(
      LogFormat::switchgear, head + "200" + behind + R"(upstream="10.0.0.7:9001" attempts=1 source=service)");
  EXPECT_EQ(good.service, "payment");
  EXPECT_EQ(good.began, at(9500ms));
  EXPECT_EQ(call(LogFormat::switchgear,
                 head + "504" + behind + "attempts=1 source=gateway reason=http_response_timeout")
                .type,
            FailureType::timeout);
  EXPECT_TRUE(
      no_call(LogFormat::switchgear, head + "503" + behind + "attempts=0 source=gateway reason=open"));
  EXPECT_TRUE(no_call(LogFormat::switchgear, head + "200" + behind + "attempts=0 source=cache"));
  EXPECT_EQ(call(LogFormat::switchgear, head + "200" + behind + "attempts=2 source=fallback").verdict,
            Verdict::failure);
  EXPECT_EQ(call(LogFormat::switchgear, head + "-" + behind + "attempts=1 reason=client_left").verdict,
            Verdict::ignored);
  EXPECT_EQ(call(LogFormat::switchgear,
                 head + "200" + behind + "attempts=1 source=service reason=response_broken_off")
                .type,
            FailureType::connection_error);
  EXPECT_TRUE(
      no_call(LogFormat::switchgear,
              R"(10.0.0.3 - - [27/Nov/2026:12:00:10 +0000] "-" 400 0 duration=0.000000 source=gateway)"));

  const std::string json =
      R"({"time":"2026-11-27T12:00:10.000Z","status":200,"duration":0.5,"service":"payment",)";
  EXPECT_EQ(call(LogFormat::switchgear, json + R"("attempts":1,"source":"service"})").began, at(9500ms));
  EXPECT_TRUE(no_call(LogFormat::switchgear, json + R"("attempts":0,"source":"gateway","reason":"open"})"));
}

/// Bytes of any kind are a call, none, or a problem: never a crash, never a latency below zero.
TEST(AnyLine, CanBeRead) {
  const std::string lines[] = {
      combined + " rt=1.5",
      R"(a:1 [27/Nov/2026:12:00:00.250] f b/s 1/0/1/4/6 200 1 - - ---- 1/1/0/0/0 0/0 "GET /")",
      R"({"time":"2026-11-27T12:00:10.000Z","status":200,"duration":0.5})"};
  for (const std::string& line : lines) {
    for (std::size_t cut = 0; cut <= line.size(); ++cut) {
      for (const char odd : {'\0', '"', '[', '\\', '9', '\xff'}) {
        std::string bad = line.substr(0, cut) + odd + (cut < line.size() ? line.substr(cut + 1) : "");
        for (const LogFormat format :
             {LogFormat::nginx, LogFormat::haproxy, LogFormat::json, LogFormat::switchgear}) {
          for (const std::string& each : {bad, line.substr(0, cut)}) {
            const auto read = read_log_line(format, each);
            const auto* found = std::get_if<LoggedCall>(&read);
            EXPECT_TRUE(found == nullptr || found->latency >= Duration::zero()) << each;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace switchgear::lab
