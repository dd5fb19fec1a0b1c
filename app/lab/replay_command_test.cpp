#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "app/lab/replay_command_fixture.hpp"

namespace switchgear::lab {
namespace {

using ReplayCommand = ReplayFixture;

TEST_F(ReplayCommand, ReplaysAFile) {
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_NE(ran.out.find("\"reason\":\"open\""), std::string::npos) << ran.out;
}

TEST_F(ReplayCommand, ATraceWithoutALineIsAnError) {
  write(options_.config, R"(version: 1
policies:
  careful: {circuit_breaker: {consecutive_failures: 2}}
services:
  payment: {url: "http://127.0.0.1:1", policy: careful, routes: [{prefix: /}]}
)");
  for (const char* const empty : {"", "\n  \n"}) {
    write(trace_, empty);
    for (const bool json : {false, true}) {
      options_.json = json;
      for (const bool of_service : {false, true}) {
        options_.policy = of_service ? "" : "careful";
        options_.service = of_service ? "payment" : "";
        const Ran ran = run();
        EXPECT_EQ(ran.code, 1);
        EXPECT_EQ(ran.out, "");
        EXPECT_EQ(ran.err, trace_ + ":1: the trace has no calls\n");
      }
    }
  }
  write(trace_, "{\"at\":1,\"op\":\"check\",\"answer\":\"bad\"}\n");
  EXPECT_EQ(run().code, 0) << "a check opens a breaker without a call";
}

TEST_F(ReplayCommand, ReadsStandardInput) {
  options_.trace = "-";
  const Ran ran = run("{\"at\":1,\"op\":\"reset\"}\nnonsense\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "{\"at\":1,\"op\":\"reset\",\"state\":\"closed\"}\n");
  EXPECT_EQ(ran.err.substr(0, ran.err.find(',')), "<stdin>:2: not JSON");
}

TEST_F(ReplayCommand, TheSeedDecidesTheJitterAndNothingElseDoes) {
  const std::string once = run().out;
  EXPECT_EQ(run().out, once);
  options_.seed = 7;
  EXPECT_NE(run().out, once);
}

TEST_F(ReplayCommand, ShowsThatAnHourOfGoodAnswersClosesABreakerAndThenRefusesNobody) {
  write(options_.config, R"(version: 1
policies:
  defaults: {circuit_breaker: {consecutive_failures: 3}}
  backoff: {circuit_breaker: {consecutive_failures: 3, backoff: 2}}
  preset: {preset: payment}
  slow: {circuit_breaker: {consecutive_failures: 3}, timeout: 2m}
)");
  std::string trace;
  for (int i = 0; i < 3; ++i) trace += "{\"at\":0,\"latency\":0,\"verdict\":\"failure\"}\n";
  for (int at = 20; at <= 3600; at += 20)
    trace += "{\"at\":" + std::to_string(at) + ",\"latency\":0.1,\"verdict\":\"success\"}\n";
  write(trace_, trace);
  const auto summary = [&](const char* policy) {
    options_.policy = policy;
    const std::string out = run().out;
    const std::size_t at = out.find("{\"event\":\"summary\"");
    return at == std::string::npos ? out : out.substr(at, out.find(",\"time_open\"") - at);
  };
  const std::string two_refused =
      "{\"event\":\"summary\",\"calls\":181,\"successes\":178,\"failures\":3,\"slow\":0,\"ignored\":0,"
      "\"rejected\":2,\"late\":0,\"opened\":1";
  const std::string one_refused =
      "{\"event\":\"summary\",\"calls\":182,\"successes\":179,\"failures\":3,\"slow\":0,\"ignored\":0,"
      "\"rejected\":1,\"late\":0,\"opened\":1";
  EXPECT_EQ(summary("defaults"), one_refused) << "while it is open for 30 s";
  EXPECT_EQ(summary("backoff"), one_refused);
  EXPECT_EQ(summary("preset"), two_refused) << "while it is open for 60 s";
  EXPECT_EQ(summary("slow"), one_refused);
}

TEST_F(ReplayCommand, CountsAProbeAsHungWhenTheTimeoutOfItsPolicyIsLongOver) {
  write(options_.config, R"(version: 1
policies:
  quick: {circuit_breaker: {consecutive_failures: 1}, timeout: 2s}
  patient: {circuit_breaker: {consecutive_failures: 1}, timeout: 2m}
)");
  write(trace_, R"({"at":0,"latency":0,"verdict":"failure"}
{"at":40,"op":"acquire","id":"probe"}
{"at":130,"op":"record","id":"probe","verdict":"success"}
)");
  const auto says = [&](const char* policy, const std::string& text) {
    options_.policy = policy;
    return run().out.find(text) != std::string::npos;
  };
  EXPECT_TRUE(
      says("quick", R"({"at":100,"event":"transition","from":"half_open","to":"open","rule":"max_wait")"));
  EXPECT_FALSE(says("patient", "max_wait")) << "90 s are within its own limit of 2 minutes";
}

TEST_F(ReplayCommand, PointsAtTheLineOfABadTrace) {
  write(trace_, "{\"at\":1,\"op\":\"reset\"}\n{\"at\":0,\"op\":\"reset\"}\n");
  const Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, trace_ + ":2: \"at\" runs backwards, from 1 to 0\n");
}

TEST_F(ReplayCommand, KnowsWhichPolicyWasMeant) {
  options_.policy = "paymnet";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, options_.config + ": policy \"paymnet\" does not exist; did you mean \"payment\"?\n");
}

TEST_F(ReplayCommand, RefusesAPolicyWithoutABreaker) {
  options_.policy = "plain";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, options_.config + ": policy \"plain\" has no circuit_breaker to replay\n");
}

TEST_F(ReplayCommand, RefusesFilesThatCannotBeRead) {
  options_.trace = testing::TempDir();
  EXPECT_EQ(run().code, 1);
  options_.trace = own_path(".missing");
  EXPECT_EQ(run().err, options_.trace + ": cannot be read: No such file or directory\n");
  options_.config = own_path(".absent");
  EXPECT_EQ(run().code, 1);
}

TEST_F(ReplayCommand, ComparesPolicies) {
  write(trace_, R"({"at":1,"latency":0.5,"verdict":"failure"}
{"at":2,"verdict":"refused"}
)");
  options_.compare = {"payment", "plain"};
  options_.policy.clear();
  Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out.find("{\"calls\":2,\"failed\":1,\"unknown\":1,\"from\":1,\"to\":2,"), 0U) << ran.out;
  EXPECT_NE(ran.out.find("\"if_refused_had_failed\""), std::string::npos);
  options_.json = false;
  ran = run();
  EXPECT_NE(ran.out.find("2 calls in 1s, 1 failed"), std::string::npos) << ran.out;
}

TEST_F(ReplayCommand, AComparisonNeedsWholeCalls) {
  options_.compare = {"payment"};
  Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err,
            trace_ +
                ":2: a comparison needs whole calls (\"at\", \"latency\", \"verdict\"); this line has an "
                "\"op\"\n");
  write(trace_, "\n");
  ran = run();
  EXPECT_EQ(ran.err, trace_ + ":1: the trace has no calls\n");
}

TEST_F(ReplayCommand, AComparisonKnowsItsPoliciesAndNamesEachOnce) {
  options_.compare = {"payment", "plian"};
  EXPECT_EQ(run().err, options_.config + ": policy \"plian\" does not exist; did you mean \"plain\"?\n");
  options_.compare = {"plain", "plain"};
  EXPECT_EQ(run().err, "switchgear replay: --compare names \"plain\" twice\n");
}

TEST_F(ReplayCommand, ACallThatItsCallerCutShortIsIgnoredIfThePolicyWouldHaveWaited) {
  const char* const calls = R"({"at":1,"id":"a","latency":9,"verdict":"success","deadline":0.5}
{"at":2,"id":"b","latency":0.4,"verdict":"success","deadline":0.5}
)";
  write(trace_, calls);
  write(options_.config, R"(version: 1
policies:
  payment: {timeout: 2s, circuit_breaker: {consecutive_failures: 1}}
  quick: {timeout: 300ms, circuit_breaker: {consecutive_failures: 1}}
services:
  payment: {url: "http://127.0.0.1:1", policy: payment, routes: [{prefix: /}]}
)");
  const Ran ran = run();
  EXPECT_NE(ran.out.find("{\"at\":1.5,\"op\":\"record\",\"id\":\"a\",\"state\":\"closed\"}"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("\"successes\":1,\"failures\":0,\"slow\":0,\"ignored\":1"), std::string::npos)
      << ran.out;
  options_.policy = "quick";
  EXPECT_NE(run().out.find("\"failures\":1"), std::string::npos) << "the policy's own limit comes first";
  options_.policy.clear();
  options_.service = "payment";
  EXPECT_NE(run().out.find("\"failures\":0"), std::string::npos);
  write(trace_, R"({"at":1,"latency":9,"verdict":"ignored","deadline":0.5})");
  options_.service.clear();
  options_.policy = "quick";
  EXPECT_NE(run().out.find("\"failures\":0,\"slow\":0,\"ignored\":1"), std::string::npos)
      << "a gateway that saw why it ended has said so";
  write(trace_, R"({"at":1,"latency":0.4,"verdict":"success","deadline":-1})");
  EXPECT_NE(run().err.find("\"deadline\" is -1; expected seconds, 0 or more"), std::string::npos);
  write(trace_, R"({"at":1,"latency":0.4,"verdict":"success","deadline":"tomorrow"})");
  EXPECT_EQ(run().code, 0) << "another program's field of that name";
}

TEST_F(ReplayCommand, AComparisonIsWrittenAsAPage) {
  write(trace_, "{\"at\":1,\"latency\":0.5,\"verdict\":\"failure\"}\n");
  options_.compare = {"plain"};
  options_.html = own_path(".html");
  EXPECT_EQ(run().code, 0);
  std::stringstream page;
  page << std::ifstream(options_.html).rdbuf();
  EXPECT_NE(page.str().find("</html>"), std::string::npos);
  std::remove(options_.html.c_str());
  options_.html = trace_;
  EXPECT_EQ(run().err, "--html: " + trace_ + " is the trace itself; expected another file\n");
}

TEST_F(ReplayCommand, AChartThatCannotBeWrittenIsAnError) {
  write(trace_, "{\"at\":1,\"latency\":0.5,\"verdict\":\"failure\"}\n");
  options_.compare = {"plain"};
  options_.svg = testing::TempDir() + "no/such/folder.svg";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, options_.svg + ": cannot be written\n");
}

TEST_F(ReplayCommand, AChartDoesNotTakeThePlaceOfWhatItIsDrawnFrom) {
  write(trace_, "{\"at\":1,\"latency\":0.5,\"verdict\":\"failure\"}\n");
  options_.compare = {"plain"};
  options_.svg = options_.config;
  const Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "--svg: " + options_.config + " is the policy file itself; expected another file\n");
  options_.svg = trace_;
  EXPECT_EQ(run().err, "--svg: " + trace_ + " is the trace itself; expected another file\n");
  options_.svg = own_path(".svg");
  EXPECT_EQ(run().code, 0) << "and both files are whole";
  std::remove(options_.svg.c_str());
}

TEST_F(ReplayCommand, ABreakerThatCanNeverOpenIsReplayedAndSaidToBeOne) {
  write(options_.config, R"(version: 1
policies:
  payment:
    timeout: 1s
    circuit_breaker: {slow_call: {threshold: 5s, rate: 0.5}}
)");
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("it can never open"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.out.find("transition"), std::string::npos) << ran.out;
  options_.compare = {"payment"};
  EXPECT_EQ(run().code, 1) << "whole pipelines are those of a valid file";
}

}  // namespace
}  // namespace switchgear::lab
