// `switchgear replay --json` against the model, in this process: random policies and traces of every higher
// kind of breaker, and of breakers by value and those of routes (`--service`), every line it prints.
// SWITCHGEAR_SEED sets the first seed, SWITCHGEAR_CASES how many follow.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/lab/replay_command.hpp"
#include "tests/model/random_case.hpp"
#include "tests/model/same_lines.hpp"
#include "tests/model/trace_text.hpp"

namespace switchgear::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What `switchgear replay --json` prints, in this process; its exit code in `code`.
std::string replayed(const lab::ReplayOptions& options, const std::string& trace, int& code) {
  std::istringstream in(trace);
  std::ostringstream out, err;
  code = lab::run_replay(options, in, out, err);
  return code == 0 ? out.str() : err.str();
}

std::string config_file() { return testing::TempDir() + "model-" + std::to_string(::getpid()) + ".yaml"; }

class ReplayedOfAKind : public testing::TestWithParam<Kind> {};

TEST_P(ReplayedOfAKind, AgreeWithTheModel) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 170'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  lab::ReplayOptions options;
  options.config = config_file();
  options.policy = "p0";
  options.json = true;
  int transitions = 0;
  for_each_case(GetParam(), first, cases, Flavour::replay, [&](const Case& given) {
    std::ofstream(options.config) << policy_file({given});
    options.seed = given.jitter_seed;
    int code = 0;
    const std::string printed = replayed(options, trace_file(given), code);
    EXPECT_EQ(code, 0) << printed;
    EXPECT_EQ(first_difference(expected_lines(given), printed), "")
        << "seed " << given.seed << " (SWITCHGEAR_SEED=" << given.seed << " SWITCHGEAR_CASES=1 repeats it)\n"
        << policy_file({given}) << trace_file(given);
    transitions += occurrences(printed, "\"event\":\"transition\"");
    return !HasFailure();
  });
  std::remove(options.config.c_str());
  if (cases < 10'000) return;
  EXPECT_GE(transitions, 10'000);
}

INSTANTIATE_TEST_SUITE_P(Of, ReplayedOfAKind, testing::ValuesIn(kinds),
                         [](const auto& given) { return name_of(given.param); });

TEST(ReplayedHurriedCallers, AgreeWithTheModelOnRandomPoliciesAndTraces) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 130'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  lab::ReplayOptions options;
  options.config = config_file();
  options.policy = "p0";
  options.json = true;
  int cut_off = 0, transitions = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const Case given = random_hurried_case(seed);
    std::ofstream(options.config) << policy_file({given});
    options.seed = given.jitter_seed;
    int code = 0;
    const std::string printed = replayed(options, trace_file(given), code);
    ASSERT_EQ(code, 0) << printed;
    ASSERT_EQ(first_difference(expected_lines(given), printed), "")
        << "seed " << seed << " (SWITCHGEAR_SEED=" << seed << " SWITCHGEAR_CASES=1 repeats it)\n"
        << policy_file({given}) << trace_file(given);
    transitions += occurrences(printed, "\"event\":\"transition\"");
    for (const Step& step : given.steps) cut_off += step.deadline && step.outcome.latency >= *step.deadline;
  }
  std::remove(options.config.c_str());
  if (cases < 10'000) return;
  EXPECT_GE(cut_off, 10'000) << "the random traces hardly reach what they are made for";
  EXPECT_GE(transitions, 10'000);
}

TEST(ReplayedValues, AgreeWithTheModelOnRandomPoliciesAndTraces) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 150'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  lab::ReplayOptions options;
  options.config = config_file();
  options.service = "s0";
  options.json = true;
  int refused = 0, opened = 0, escalated = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const ValuesCase given = random_values_case(seed, Flavour::replay);
    std::ofstream(options.config) << service_file({given});
    options.seed = given.calls.jitter_seed;
    int code = 0;
    const std::string printed = replayed(options, trace_file(given.calls, given.values), code);
    const auto story = [&] {
      return "seed " + std::to_string(seed) + " (SWITCHGEAR_SEED=" + std::to_string(seed) +
             " SWITCHGEAR_CASES=1 repeats it)\n" + service_file({given}) +
             trace_file(given.calls, given.values);
    };
    ASSERT_EQ(code, 0) << printed << story();
    ASSERT_EQ(first_difference(expected_lines(given), printed), "") << story();
    refused += occurrences(printed, "\"by\":\"value\"");
    opened += occurrences(printed, "\"event\":\"transition\",\"of_value\":");
    escalated += occurrences(printed, "\"event\":\"level\",\"of_value\":");
  }
  std::remove(options.config.c_str());
  if (cases < 10'000) return;
  EXPECT_GE(refused, 10'000) << "the random traces hardly reach what they are made for";
  EXPECT_GE(opened, 10'000);
  EXPECT_GE(escalated, 500);
}

TEST(ReplayedPaths, AgreeWithTheModelOnRandomPoliciesAndTraces) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 190'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  lab::ReplayOptions options;
  options.config = config_file();
  options.service = "s0";
  options.json = true;
  int refused = 0, opened = 0, escalated = 0, refused_inside = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const ValuesCase given = random_paths_case(seed, Flavour::replay);
    const std::string file = service_file({given});
    const std::string trace = trace_file(given.calls, given.values, given.routes);
    std::ofstream(options.config) << file;
    options.seed = given.calls.jitter_seed;
    int code = 0;
    const std::string printed = replayed(options, trace, code);
    const auto story = [&] {
      return "seed " + std::to_string(seed) + " (SWITCHGEAR_SEED=" + std::to_string(seed) +
             " SWITCHGEAR_CASES=1 repeats it)\n" + file + trace;
    };
    ASSERT_EQ(code, 0) << printed << story();
    ASSERT_EQ(first_difference(expected_lines(given), printed), "") << story();
    refused += occurrences(printed, "\"by\":\"route\"");
    opened += occurrences(printed, "\"event\":\"transition\",\"of_route\":");
    escalated += occurrences(printed, "\"event\":\"level\",\"of_route\":");
    refused_inside += occurrences(printed, "\"by\":\"value\"");
  }
  std::remove(options.config.c_str());
  if (cases < 10'000) return;
  EXPECT_GE(refused, 10'000) << "the random traces hardly reach what they are made for";
  EXPECT_GE(opened, 10'000);
  EXPECT_GE(escalated, 500);
  EXPECT_GE(refused_inside, 1'000);
}

}  // namespace
}  // namespace switchgear::model
