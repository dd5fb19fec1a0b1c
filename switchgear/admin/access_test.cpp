#include "switchgear/admin/access.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace switchgear::admin {
namespace {

struct HostRow {
  std::string_view host;
  bool allowed;
};

TEST(AccessRules, AnswersToItsOwnAddressesOnly) {
  const AccessRules rules{"127.0.0.1", "", {}};
  const std::vector<HostRow> table{
      {"127.0.0.1:9090", true},
      {"127.0.0.1", true},
      {"localhost:9090", true},
      {"LocalHost", true},
      {"[::1]:9090", true},
      {"127.8.9.10:1", true},
      {"", false},
      {"evil.example", false},
      {"evil.example:9090", false},
      {"localhost.evil", false},
      {"10.0.0.5", false},
      {"127.0.0.1.evil.example", false},
      {"[::1", false},
      {"[::1]x", false},
      {"127.0.0.1:9a", false},
      {"127.0.0.1:999999", false},
      {"localhost@evil.com", false},
      {":9090", false},
  };
  for (const HostRow& row : table)
    EXPECT_EQ(rules.host_allowed(row.host, "127.0.0.1"), row.allowed) << row.host;
}

TEST(AccessRules, OnAllInterfacesAnswersToTheAddressTheConnectionArrivedAt) {
  const AccessRules rules{"0.0.0.0", "", {}};
  EXPECT_TRUE(rules.host_allowed("10.1.2.3:9090", "10.1.2.3"));
  EXPECT_TRUE(rules.host_allowed("10.1.2.3:9090", "::ffff:10.1.2.3"));
  EXPECT_FALSE(rules.host_allowed("10.9.9.9:9090", "10.1.2.3"));
  EXPECT_FALSE(rules.host_allowed("rebound.example:9090", "10.1.2.3"));
}

TEST(AccessRules, AnswersToTheHostsOfConfiguredOrigins) {
  const AccessRules rules{"127.0.0.1", "", {"https://Ops.example.com"}};
  EXPECT_TRUE(rules.host_allowed("ops.example.com", "127.0.0.1"));
  EXPECT_FALSE(rules.host_allowed("dev.example.com", "127.0.0.1"));
}

TEST(AccessRules, TakesChangesFromItsOwnPagesAndConfiguredOrigins) {
  const AccessRules rules{"127.0.0.1", "", {"https://ops.example.com"}};
  constexpr std::string_view host = "127.0.0.1:9090";
  EXPECT_TRUE(rules.origin_allowed({}, host)) << "no browser page sent it";
  EXPECT_FALSE(rules.origin_allowed("", host)) << "no browser says so";
  EXPECT_FALSE(rules.origin_allowed("https://127.0.0.1:9090", host)) << "this server speaks plain text";
  EXPECT_TRUE(rules.origin_allowed("http://127.0.0.1:9090", host));
  EXPECT_TRUE(rules.origin_allowed("https://OPS.example.com", host));
  EXPECT_FALSE(rules.origin_allowed("http://127.0.0.1:8080", host)) << "another port is another origin";
  EXPECT_FALSE(rules.origin_allowed("http://evil.example", host));
  EXPECT_FALSE(rules.origin_allowed("null", host)) << "a sandboxed frame or a file";
  EXPECT_FALSE(rules.origin_allowed("https://ops.example.com.evil.example", host));
}

TEST(AccessRules, AsksForTheWholeTokenAndNothingElse) {
  const AccessRules rules{"127.0.0.1", "s3cret", {}};
  EXPECT_TRUE(rules.token_allowed("Bearer s3cret"));
  EXPECT_TRUE(rules.token_allowed("bearer s3cret")) << "the scheme's case does not matter";
  for (const std::string_view wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crett",
                                       "Bearer S3cret", "Bearer  s3cret", "Basic s3cret", "s3cret"}) {
    EXPECT_FALSE(rules.token_allowed(wrong)) << wrong;
  }
}

TEST(AccessRules, EitherTokenReadsAndOnlyTheAdminTokenChanges) {
  const AccessRules rules{"127.0.0.1", "s3cret", {}, "look"};
  EXPECT_TRUE(rules.may_read("Bearer look"));
  EXPECT_TRUE(rules.may_read("Bearer s3cret"));
  EXPECT_TRUE(rules.may_read("Basic b3BzOmxvb2s=")) << "ops:look, as a browser sends it";
  EXPECT_TRUE(rules.may_read("basic OnMzY3JldA==")) << ":s3cret, of no user";
  EXPECT_TRUE(rules.token_allowed("Bearer s3cret"));
  EXPECT_FALSE(rules.token_allowed("Bearer look"));
  EXPECT_FALSE(rules.token_allowed("Basic OnMzY3JldA==")) << "a browser sends it for other sites' pages too";
  for (const std::string_view wrong :
       {"", "Bearer", "Bearer ", "Bearer loo", "Bearer lookk", "Basic", "Basic ",
        "Basic bG9vaw==", "Basic b3BzOmxvb2s!", "Basic b3BzOmxvb2", "Digest look"}) {
    EXPECT_FALSE(rules.may_read(wrong)) << wrong;
  }
}

TEST(AccessRules, EveryoneReadsWhenNoReadTokenIsSet) {
  const AccessRules rules{"127.0.0.1", "s3cret", {}};
  EXPECT_TRUE(rules.may_read(""));
  EXPECT_TRUE(rules.may_read("Bearer wrong"));
}

TEST(AccessRules, AsksForNoTokenWhenNoneIsSet) {
  const AccessRules rules{"127.0.0.1", "", {}};
  EXPECT_TRUE(rules.token_allowed(""));
}

}  // namespace
}  // namespace switchgear::admin
