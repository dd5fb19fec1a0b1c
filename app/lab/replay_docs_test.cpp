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

TEST(ReplayDocs, TheExamplePrintsWhatThePageSays) {
  std::ifstream file(SWITCHGEAR_SOURCE_DIR "/docs/replay.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string page = text.str();

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

}  // namespace
}  // namespace switchgear::lab
