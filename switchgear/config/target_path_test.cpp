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

TEST(TargetPath, RefusesDotSegmentsThatHideBehindPathParameters) {
  for (const char* target :
       {"/pay/..;/manager", "/pay/..;x=1/manager", "/pay/.;/x", "/pay/..;", "/..;/x", "/pay/%2e%2e;/manager",
        "/pay/.%2E%3b/manager", "/pay/..%3Bx/manager", "/pay%2f..;/manager", "/pay/;/../manager",
        "/pay/;x=1/../manager", "/pay/%3b/%2e%2e/manager", "//..;/x", "/pay/x/../..;/y"})
    EXPECT_FALSE(TargetPath{target}.valid()) << target;
}

TEST(TargetPath, OtherPathParametersBelongToTheirSegment) {
  const std::vector<std::pair<const char*, const char*>> cases{{"/refund;x=1/y", "/refund;x=1/y"},
                                                               {"/a;/../b", "/b"},
                                                               {"/;x", "/;x"},
                                                               {"/a%3Bx", "/a;x"},
                                                               {"/...;x/b", "/...;x/b"},
                                                               {"/.a;x/b", "/.a;x/b"},
                                                               {"/a;x/./b", "/a;x/b"},
                                                               {"/a?b=/..;/c", "/a"},
                                                               {"/a/x;..;y", "/a/x;..;y"}};
  for (const auto& [target, view] : cases) {
    const TargetPath path{target};
    EXPECT_TRUE(path.valid()) << target;
    EXPECT_EQ(path.view(), view) << target;
  }
}

}  // namespace
}  // namespace switchgear::config
