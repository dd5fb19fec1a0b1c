#include "app/lab/tune/tune_command.hpp"

#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/lab/seconds.hpp"
#include "app/lab/tune/weather_fixture.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::lab {
namespace {

struct Ran {
  int code = -1;
  std::string out, err;
};

class TuneCommand : public testing::Test {
 protected:
  TuneCommand() {
    options_.config =
        testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".yaml";
    std::ofstream(options_.config)
        << "version: 1\npolicies:\n  payment:\n    circuit_breaker: {failure_rate: 0.6, "
           "window: {type: count, size: 400}, minimum_calls: 300, slow_call: {}}\n"
           "  plain: {timeout: 1s}\n";
    options_.policy = "payment";
    options_.settings.budget = 20s;
  }
  ~TuneCommand() override { std::remove(options_.config.c_str()); }

  Ran run(const std::string& trace) {
    std::istringstream in(trace);
    std::ostringstream out, err;
    const int code = run_tune(options_, in, out, err);
    return {code, out.str(), err.str()};
  }
  static std::string trace_of(const Calls& calls) {
    std::string text;
    for (const RecordedCall& call : calls) {
      text += "{\"at\":" + format_seconds(call.at.time_since_epoch()) +
              ",\"latency\":" + format_seconds(call.latency) + ",\"verdict\":\"" +
              std::string(to_string(call.verdict)) + "\"}\n";
    }
    return text;
  }

  TuneOptions options_;
};

TEST_F(TuneCommand, PrintsAPolicyThatCanBePutIntoTheFile) {
  options_.json = true;
  const Ran ran = run(trace_of(weather({}, 1'200s, 1)));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const boost::json::value answer = boost::json::parse(ran.out);
  const auto& proposal = answer.at("proposal").as_object();
  const std::string yaml(proposal.at("yaml").as_string());
  const config::Loaded loaded = config::load_text("version: 1\n" + yaml, "proposed.yaml");
  ASSERT_TRUE(loaded.config) << loaded.errors.front().text();
  const auto& proposed = *loaded.config->policies.at("payment").circuit_breaker;
  EXPECT_TRUE(proposed.slow_call) << "rules that are not about failures stay";
  EXPECT_GT(proposal.at("held_out").at("low").to_number<double>(), 0);
  EXPECT_NE(
      std::string(proposal.at("why").as_string()).find("60% failed of 300 calls or more among the last 400"),
      std::string::npos);
  EXPECT_FALSE(answer.at("front").as_array().empty());
  EXPECT_GT(answer.at("current").at("cost").to_number<double>(), 0);
}

TEST_F(TuneCommand, SaysWhyThereIsNoProposal) {
  Weather calm;
  calm.every = 0s;
  const Ran ran = run(trace_of(weather(calm, 600s, 1)));
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.out.find("no proposal: "), std::string::npos) << ran.out;
  options_.json = true;
  const boost::json::value answer = boost::json::parse(run(trace_of(weather(calm, 600s, 1))).out);
  EXPECT_TRUE(answer.at("proposal").is_null());
  EXPECT_FALSE(answer.at("why_not").as_string().empty());
}

TEST_F(TuneCommand, PrintsATableForPeople) {
  const Ran ran = run(trace_of(weather({}, 1'200s, 1)));
  EXPECT_NE(ran.out.find("10 outages"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\npolicies:\n  payment:\n    circuit_breaker:\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("← today"), std::string::npos) << ran.out;
}

TEST_F(TuneCommand, NamesWhatIsWrong) {
  options_.policy = "plain";
  EXPECT_EQ(run("").err, options_.config + ": policy \"plain\" has no circuit_breaker to tune\n");
  options_.policy = "payment";
  EXPECT_EQ(run("{\"at\":1}\n").err, "<stdin>:1: a whole call needs \"latency\"\n");
  EXPECT_EQ(run("").err, "<stdin>:1: the trace has no calls\n");
  std::ofstream(options_.config, std::ios::app) << "  stepped: {circuit_breaker: {failure_rate: 0.5, levels: "
                                                   "{warning: {}, critical: {}, emergency: {}}}}\n";
  options_.policy = "stepped";
  EXPECT_TRUE(run("").err.starts_with(options_.config +
                                      ": policies.stepped.circuit_breaker.levels: the search has no levels"));
  options_.policy = "payment";
  options_.trace = testing::TempDir();
  EXPECT_EQ(run("").err, testing::TempDir() + ": is a directory; expected a file\n");
}

TEST_F(TuneCommand, TakesATraceWithHalfACenturyBetweenTwoCallsAsIfItWereNotThere) {
  Calls calls = weather({}, 1'200s, 1);
  for (RecordedCall& call : calls) call.at += 1'700'000'000s;
  calls.insert(calls.begin(), RecordedCall{});
  const Ran ran = run(trace_of(calls));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("10 outages"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\npolicies:\n  payment:\n    circuit_breaker:\n"), std::string::npos) << ran.out;
}

TEST_F(TuneCommand, NeedsANameForThePolicy) {
  CLI::App app;
  int code = 0;
  add_tune_command(app, code, {});
  try {
    app.parse(
        std::vector<std::string>{"", "--policy", options_.config, "--config", "tune"});  // from the last
    FAIL() << "no error";
  } catch (const CLI::ValidationError& error) {
    EXPECT_STREQ(error.what(), "--policy: must not be empty");
  }
}

}  // namespace
}  // namespace switchgear::lab
