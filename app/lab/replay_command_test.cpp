#include "app/lab/replay_command.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace switchgear::lab {
namespace {

struct Ran {
  int code = -1;
  std::string out, err;
};

class ReplayCommand : public testing::Test {
 protected:
  ReplayCommand() {
    write(options_.config, R"(version: 1
policies:
  payment:
    circuit_breaker: {consecutive_failures: 1, open_duration: 10s, jitter: 0.5}
  plain:
    timeout: 2s
)");
    write(trace_, R"({"at":1,"id":"a","latency":0,"verdict":"failure"}
{"at":1,"op":"acquire","id":"b"}
)");
    options_.policy = "payment";
    options_.trace = trace_;
    options_.json = true;
  }
  ~ReplayCommand() override {
    std::remove(options_.config.c_str());
    std::remove(trace_.c_str());
  }

  Ran run(const std::string& standard_input = "") {
    std::istringstream in(standard_input);
    std::ostringstream out, err;
    const int code = run_replay(options_, in, out, err);
    return {code, out.str(), err.str()};
  }

  static std::string own_path(const char* ending) {
    return testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ending;
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  ReplayOptions options_{own_path(".yaml"), "", "-", false, 0};
  std::string trace_ = own_path(".jsonl");
};

TEST_F(ReplayCommand, ReplaysAFile) {
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_NE(ran.out.find("\"reason\":\"open\""), std::string::npos) << ran.out;
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
  EXPECT_EQ(ran.err, options_.config + ": there is no policy \"paymnet\"; did you mean \"payment\"?\n");
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
  EXPECT_EQ(run().err, options_.trace + ": cannot be read\n");
  options_.config = own_path(".absent");
  EXPECT_EQ(run().code, 1);
}

TEST_F(ReplayCommand, SaysSoWhenTheOutputIsGone) {
  std::istringstream in;
  std::ostringstream err;
  std::ofstream full("/dev/full");
  EXPECT_EQ(run_replay(options_, in, full, err), 1);
  EXPECT_EQ(err.str(), "switchgear replay: the output could not be written\n");
}

}  // namespace
}  // namespace switchgear::lab
