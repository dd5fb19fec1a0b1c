// docs/replay.md shows a policy, a trace and what replay prints. Here they are tried.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "app/lab/replay_command.hpp"

namespace switchgear::lab {
namespace {

/// The first fenced block in this language.
std::string block(const std::string& page, const std::string& language) {
  const std::string fence = "\n```" + language + "\n";
  const auto from = page.find(fence);
  if (from == std::string::npos) return "no block in " + language;
  const auto begin = from + fence.size();
  return page.substr(begin, page.find("```\n", begin) - begin);
}

std::string page_of(const std::string& name) {
  std::ifstream file(SWITCHGEAR_SOURCE_DIR "/docs/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ReplayDocs, TheExamplePrintsWhatThePageSays) {
  const std::string page = page_of("replay.md");

  ReplayOptions options;
  options.config = testing::TempDir() + "replay_docs_policies.yaml";
  options.policy = "payment";
  std::ofstream(options.config) << block(page, "yaml");
  std::istringstream for_people(block(page, "jsonl")), for_programs(block(page, "jsonl"));
  std::ostringstream out, json, err;
  EXPECT_EQ(run_replay(options, for_people, out, err), 0);
  options.json = true;
  EXPECT_EQ(run_replay(options, for_programs, json, err), 0);
  std::remove(options.config.c_str());

  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(out.str(), block(page, "text"));
  EXPECT_EQ(json.str(), block(page, "json"));
}

TEST(ReplayDocs, TheGroupOfBreakersPrintsWhatThePageSays) {
  const std::string all = page_of("replay.md");
  const std::string page = all.substr(all.find("\n## Groups"));
  ReplayOptions options;
  options.config = testing::TempDir() + "replay_docs_groups.yaml";
  options.service = "payment";
  std::ofstream(options.config) << block(page, "yaml");
  std::istringstream for_people(block(page, "jsonl")), for_programs(block(page, "jsonl"));
  std::ostringstream out, json, err;
  EXPECT_EQ(run_replay(options, for_people, out, err), 0);
  options.json = true;
  EXPECT_EQ(run_replay(options, for_programs, json, err), 0);
  std::remove(options.config.c_str());
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(out.str(), block(page, "text"));
  EXPECT_NE(json.str().find(block(page, "json")), std::string::npos) << json.str();
}

/// The trace that docs/compare.md describes.
std::string a_minute_of_calls() {
  std::ostringstream trace;
  for (int i = 0; i < 6'000; ++i) {
    trace << "{\"at\":" << i / 100 << '.' << i / 10 % 10 << i % 10 << ',';
    if (i >= 2'000 && i < 3'500) {
      trace << "\"latency\":1,\"verdict\":\"failure\",\"type\":\"timeout\"}\n";
    } else {
      trace << "\"latency\":0.02,\"verdict\":\"" << (i % 50 == 0 ? "failure" : "success") << "\"}\n";
    }
  }
  return trace.str();
}

TEST(ReplayDocs, TheComparisonPrintsWhatThePageSays) {
  const std::string page = page_of("compare.md");
  ReplayOptions options;
  options.config = testing::TempDir() + "compare_docs_policies.yaml";
  options.compare = {"timeout_only", "breaker", "breaker_and_retry"};
  std::ofstream(options.config) << block(page, "yaml");
  std::istringstream trace(a_minute_of_calls());
  std::ostringstream out, err;
  EXPECT_EQ(run_replay(options, trace, out, err), 0);
  std::remove(options.config.c_str());
  EXPECT_EQ(err.str(), "");
  EXPECT_EQ(out.str(), block(page, "text"));
}

}  // namespace
}  // namespace switchgear::lab
