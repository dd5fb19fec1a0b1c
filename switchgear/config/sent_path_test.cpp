#include "switchgear/config/sent_path.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace switchgear::config {
namespace {

std::string sent(const std::string& prefix, const std::string& target, std::optional<Rewrite> rewrite = {},
                 bool strip = true) {
  const TargetPath path{target};
  EXPECT_TRUE(path.valid()) << target;
  std::string out = "left from before";
  write_sent_path(out, {"", Route::Match::prefix, prefix, {}, {}, strip, std::move(rewrite), {}, {}}, target,
                  path);
  return out;
}

TEST(SentPath, IsWithoutThePrefix) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/pay/x", "/x"},       {"/pay", "/"},
      {"/pay/", "/"},         {"/pay?a=/pay/", "/?a=/pay/"},
      {"/pay/x/?q", "/x/?q"}, {"/pay/.well-known/a", "/.well-known/a"}};
  for (const char* prefix : {"/pay", "/pay/"}) {
    for (const auto& [target, path] : cases) EXPECT_EQ(sent(prefix, target), path) << target;
  }
  EXPECT_EQ(sent("/", "/pay/x"), "/pay/x");
  EXPECT_EQ(sent("/", "/"), "/");
}

TEST(SentPath, IsCutAtThePrefixInEverySpelling) {
  const std::vector<std::pair<std::string, std::string>> cases{{"/%70ay/x", "/x"},
                                                               {"//pay//x", "/x"},
                                                               {"/pay/./x/", "/x/"},
                                                               {"/q/../pay/x", "/x"},
                                                               {"/pay/x/..", "/"},
                                                               {"/pay/x/../../pay/y", "/y"},
                                                               {"/pay%2Fx", "/x"},
                                                               {"/pay%5cx", "/x"},
                                                               {"/pay/%2Fx", "/x"},
                                                               {"/pay%2f%2F/x", "/x"},
                                                               {"/%2Fpay/x", "/x"},
                                                               {"/pay/a%2Fb%20c", "/a%2Fb%20c"},
                                                               {"/pay/%2e/x", "/x"},
                                                               {"/pay/..x/...", "/..x/..."},
                                                               {"/pay/a//b", "/a/b"},
                                                               {"/pay/.", "/"},
                                                               {"/pay/%2f%2fadmin", "/admin"},
                                                               {"/pay/a%2f%2fb", "/a%2f%2fb"}};
  for (const auto& [target, path] : cases) EXPECT_EQ(sent("/pay/", target), path) << target;
}

TEST(SentPath, CannotLeadOutOfThePrefix) {
  for (const char* target :
       {"/pay/x/../../pay/y", "/a/../pay/%2e%2e/pay/x", "/pay//..//pay/x", "/pay/%2F/x"}) {
    const std::string path = sent("/pay", target);
    EXPECT_EQ(path.find(".."), path.npos) << target << " is sent as " << path;
    EXPECT_FALSE(path.starts_with("//")) << target << " is sent as " << path;
  }
}

TEST(SentPath, StandsBehindARewrite) {
  const Rewrite below{"/v2", true};
  EXPECT_EQ(sent("/pay", "/pay/x?q=1", below, false), "/v2/pay/x?q=1");
  EXPECT_EQ(sent("/pay", "/pay/x?q=1", below), "/v2/x?q=1");
  EXPECT_EQ(sent("/pay", "/%70ay/../pay/./y", below), "/v2/y");
  EXPECT_EQ(sent("/", "/", below, false), "/v2/");
  EXPECT_EQ(sent("/pay", "/pay/x?q=1", Rewrite{"/status", false}, false), "/status?q=1");
  EXPECT_EQ(sent("/pay", "/pay//x", Rewrite{"/", false}), "/");
}

TEST(SentPath, OfThePrefixItselfHasNoSlashThatTheClientDidNotSend) {
  const Rewrite users{"/v2/users", true};
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/users", "/v2/users"},       {"/users?x=1", "/v2/users?x=1"},  {"/users/", "/v2/users/"},
      {"/users/?x", "/v2/users/?x"}, {"/users%2F", "/v2/users/"},      {"/users/.", "/v2/users/"},
      {"/%75sers", "/v2/users"},     {"/a/../users?/", "/v2/users?/"}, {"/users/a/..", "/v2/users/"},
      {"/users//", "/v2/users/"}};
  for (const char* prefix : {"/users", "/users/"}) {
    for (const auto& [target, path] : cases) EXPECT_EQ(sent(prefix, target, users), path) << target;
  }
  EXPECT_EQ(sent("/", "/", users), "/v2/users/");
  EXPECT_EQ(sent("/", "/?x", users), "/v2/users/?x");
}

/// Whatever a client writes, the service sees what the gateway has matched, without the prefix.
TEST(SentPath, IsSeenAsTheMatchedPathWithoutThePrefix) {
  const std::vector<std::string> pieces{"/",   "a",   "b",   ".",   "..", "%2F",
                                        "%2e", "%61", "%5C", "%20", "//", "/a"};
  rc::check([&pieces] {
    std::string target = "/a";
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) target += *rc::gen::elementOf(pieces);
    const TargetPath path{target};
    const std::string view{path.view()};
    if (!path.valid() || !(view == "/a" || view.starts_with("/a/"))) return;
    std::string out;
    write_sent_path(out, {"", Route::Match::prefix, "/a", {}, {}, true, {}, {}, {}}, target, path);
    const TargetPath seen{out};
    RC_ASSERT(seen.valid());
    RC_ASSERT(std::string(seen.view()) == (view == "/a" ? "/" : view.substr(2)));
  });
}

}  // namespace
}  // namespace switchgear::config
