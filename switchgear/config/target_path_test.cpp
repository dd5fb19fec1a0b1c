#include "switchgear/config/target_path.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace switchgear::config {
namespace {

TEST(TargetPath, SeesEverySpellingOfAPathAsTheSame) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"/", "/"},          {"/a/b", "/a/b"},       {"/a/b?c=/../d", "/a/b"}, {"/%61/b", "/a/b"},
      {"/a//b", "/a/b"},   {"//a/b", "/a/b"},      {"/a/./b", "/a/b"},       {"/a/x/../b", "/a/b"},
      {"/a/b/.", "/a/b/"}, {"/a/b/x/..", "/a/b/"}, {"/a%2Fb", "/a/b"},       {"/a%5cb", "/a/b"},
      {"/a/..", "/"},      {"/.a/..b", "/.a/..b"}, {"/a/%2e%2E/b/", "/b/"},  {"/a%20b", "/a b"}};
  for (const auto& [target, view] : cases) {
    const TargetPath path{target};
    EXPECT_TRUE(path.valid()) << target;
    EXPECT_EQ(path.view(), view) << target;
  }
}

TEST(TargetPath, RefusesWhatNobodyCanAgreeOn) {
  for (const char* target : {"/..", "/a/../..", "/%2e%2e", "/a/%2e%2e/%2e%2e/b", "/%", "/%4", "/%zz",
                             "/a%00b", "/a/..%2fb", "/a%2f../b", "/a%5c..%5cb"})
    EXPECT_FALSE(TargetPath{target}.valid()) << target;
}

}  // namespace
}  // namespace switchgear::config
