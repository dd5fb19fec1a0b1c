// `switchgear replay --service --json` against the model of breakers by value: random policies and traces,
// every line it prints. SWITCHGEAR_SEED sets the first seed, SWITCHGEAR_CASES how many follow.

#include <gtest/gtest.h>

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

TEST(ReplayedValues, AgreeWithTheModelOnRandomPoliciesAndTraces) {
  constexpr std::uint64_t per_file = 1;  // reading it takes most of the time
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 150'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  const std::string config = testing::TempDir() + "values-" + std::to_string(::getpid()) + ".yaml";
  int refused = 0, opened = 0, escalated = 0;
  for (std::uint64_t begin = first; begin < first + cases; begin += per_file) {
    std::vector<ValuesCase> batch;
    for (std::uint64_t seed = begin; seed < std::min(begin + per_file, first + cases); ++seed)
      batch.push_back(random_values_case(seed, Flavour::replay));
    std::ofstream(config) << service_file(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const ValuesCase& given = batch[i];
      lab::ReplayOptions options;
      options.config = config;
      options.service = "s" + std::to_string(i);
      options.json = true;
      options.seed = given.calls.jitter_seed;
      std::istringstream trace(trace_file(given.calls, given.values));
      std::ostringstream out, err;
      const auto story = [&] {
        return "seed " + std::to_string(given.calls.seed) +
               " (SWITCHGEAR_SEED=" + std::to_string(given.calls.seed) + " SWITCHGEAR_CASES=1 repeats it)\n" +
               service_file({given}) + trace.str();
      };
      ASSERT_EQ(lab::run_replay(options, trace, out, err), 0) << err.str() << story();
      ASSERT_EQ(first_difference(expected_lines(given), out.str()), "") << story();
      refused += occurrences(out.str(), "\"by\":\"value\"");
      opened += occurrences(out.str(), "\"event\":\"transition\",\"of_value\":");
      escalated += occurrences(out.str(), "\"event\":\"level\",\"of_value\":");
    }
  }
  std::remove(config.c_str());
  if (cases < 10'000) return;
  EXPECT_GE(refused, 10'000) << "the random traces hardly reach what they are made for";
  EXPECT_GE(opened, 10'000);
  EXPECT_GE(escalated, 500);
}

}  // namespace
}  // namespace switchgear::model
