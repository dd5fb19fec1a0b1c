#include "app/fleet/fleet_settings.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::fleet {
namespace {

using namespace std::chrono_literals;

config::Loaded load(const std::string& fleet) {
  config::OwnSections sections;
  sections.add("fleet", read_fleet);
  return config::load_text("version: 1\nfleet: " + fleet + "\n", "f.yaml", "/etc/switchgear", sections);
}

std::string error_of(const std::string& fleet) {
  const auto lines = config::lines_of(load(fleet).errors);
  return lines.size() == 1 ? lines.front() : "not one error: " + std::to_string(lines.size());
}

TEST(FleetSection, IsOffUnlessItIsThere) {
  config::OwnSections sections;
  sections.add("fleet", read_fleet);
  EXPECT_FALSE(
      config::load_text("version: 1\n", "f.yaml", "/", sections).config->own.get<FleetSettings>().on());
}

TEST(FleetSection, SaysWhereAndHowManyMustAgree) {
  const auto loaded = load(
      "{redis: \"redis://:secret@10.0.0.5:7000/2\", namespace: shop, quorum: 0.6, min_votes: 3, fresh: 10s, "
      "probe: 5s}");
  ASSERT_TRUE(loaded.config) << config::lines_of(loaded.errors).front();
  const redis::FleetOptions options = options_of(loaded.config->own.get<FleetSettings>());
  EXPECT_EQ(options.redis.address.host, "10.0.0.5");
  EXPECT_EQ(options.redis.address.database, 2U);
  EXPECT_EQ(options.redis.address.password, "secret");
  EXPECT_EQ(options.name_space, "shop");
  EXPECT_EQ(options.quorum, 0.6);
  EXPECT_EQ(options.min_votes, 3U);
  EXPECT_EQ(options.fresh, Duration{10s});
  EXPECT_EQ(options.probe, Duration{5s});
  EXPECT_FALSE(options.redis.tls);
  EXPECT_TRUE(redis::validate(options).empty());
  const auto shortest = load("{redis: \"rediss://a\", fresh: 1s}").config->own.get<FleetSettings>();
  EXPECT_TRUE(redis::validate(options_of(shortest)).empty()) << "reports are as frequent as fresh needs";
  EXPECT_TRUE(options_of(shortest).redis.tls);
}

TEST(FleetSection, TakesSentinelsThatKnowTheMaster) {
  const auto loaded =
      load("{redis: \"redis://:secret@shop-redis/1\", sentinels: [\"a:26379\", \"10.0.0.6:26380\"]}");
  ASSERT_TRUE(loaded.config) << config::lines_of(loaded.errors).front();
  const redis::FleetOptions options = options_of(loaded.config->own.get<FleetSettings>());
  EXPECT_EQ(options.redis.address.host, "shop-redis");
  EXPECT_EQ(options.redis.address.password, "secret");
  ASSERT_EQ(options.redis.sentinels.size(), 2U);
  EXPECT_EQ(options.redis.sentinels[1].host, "10.0.0.6");
  EXPECT_EQ(options.redis.sentinels[1].port, 26380);
  EXPECT_EQ(options.redis.sentinels[1].password, "");
}

TEST(FleetSection, TakesWhatTheSentinelsThemselvesAskFor) {
  const auto loaded = load(
      "{redis: \"redis://shop-redis\", sentinels: [\"a:26379\"], sentinel_user: ann, sentinel_password: "
      "secret, "
      "sentinel_tls: true, tls: {verify: none}}");
  ASSERT_TRUE(loaded.config) << config::lines_of(loaded.errors).front();
  const redis::FleetOptions options = options_of(loaded.config->own.get<FleetSettings>());
  EXPECT_EQ(options.redis.sentinels.at(0).user, "ann");
  EXPECT_EQ(options.redis.sentinels.at(0).password, "secret");
  EXPECT_TRUE(options.redis.sentinels.at(0).tls);
  EXPECT_TRUE(options.redis.tls);
  EXPECT_FALSE(options.redis.address.tls);
  EXPECT_EQ(options.redis.address.password, "");
}

TEST(FleetSection, TakesNodesOfACluster) {
  const auto loaded =
      load("{redis: \"redis://:secret@10.0.0.5:7000\", cluster: [\"10.0.0.6:7000\", \"b:6379\"]}");
  ASSERT_TRUE(loaded.config) << config::lines_of(loaded.errors).front();
  const redis::FleetOptions options = options_of(loaded.config->own.get<FleetSettings>());
  EXPECT_EQ(options.redis.address.host, "10.0.0.5");
  ASSERT_EQ(options.redis.cluster.size(), 2U);
  EXPECT_EQ(options.redis.cluster[0].host, "10.0.0.6");
  EXPECT_EQ(options.redis.cluster[0].port, 7000);
}

TEST(FleetSection, LocatesWhatIsWrongWithoutQuotingAPassword) {
  const std::string good = "redis: \"redis://a\"";
  EXPECT_EQ(error_of("{namespace: shop}"),
            "f.yaml:2:1: fleet.redis: is missing; write \"redis: redis://127.0.0.1:6379/0\"");
  EXPECT_EQ(error_of("{redis: \"http://:secret@a\"}"),
            "f.yaml:2:16: fleet.redis: the scheme is \"http\", which is neither redis nor rediss; write, for "
            "example, "
            "redis://127.0.0.1:6379/0");
  EXPECT_EQ(error_of("{" + good + ", quorum: 0}"),
            "f.yaml:2:37: fleet.quorum: is 0; it must be above 0 and at most 1");
  EXPECT_EQ(
      error_of("{" + good + ", min_votes: 1}"),
      "f.yaml:2:40: fleet.min_votes: is 1; it must be 2 to 10000, because a single process never decides for "
      "the others");
  EXPECT_EQ(error_of("{" + good + ", fresh: 100ms}"), "f.yaml:2:36: fleet.fresh: must be 1s to 5m");
  EXPECT_EQ(error_of("{" + good + ", tls: {verify: none}}"),
            "f.yaml:2:29: fleet.tls: applies only to an address that begins with rediss://");
  const std::string secure = "{redis: \"rediss://a\", tls: {ca: ";
  EXPECT_EQ(error_of(secure + "\"file:/tmp\"}}"),
            "f.yaml:2:40: fleet.tls.ca: file \"/tmp\" is a directory; expected a file");
  EXPECT_EQ(error_of(secure + "\"file:/dev/null\"}}").find("f.yaml:2:40: fleet.tls.ca: file \"/dev/null\""),
            0U);
  EXPECT_EQ(error_of(secure + "ca.pem}}"), "f.yaml:2:40: fleet.tls.ca: \"ca.pem\" found; expected file:PATH");
  EXPECT_NE(error_of("{" + good + ", sentinel: []}").find("sentinel"), std::string::npos);
  EXPECT_EQ(error_of("{" + good + ", sentinels: []}"),
            "f.yaml:2:40: fleet.sentinels: has no Sentinel, or more than 20; expected a list such as "
            "[\"10.0.0.5:26379\"]");
  EXPECT_EQ(error_of("{" + good + ", sentinels: [\"redis://a:1\"]}"),
            "f.yaml:2:41: fleet.sentinels[0]: \"redis://a:1\" found; expected host:port, such as "
            "\"10.0.0.5:26379\"");
  EXPECT_EQ(error_of("{" + good + ", sentinel_password: secret}"),
            "f.yaml:2:48: fleet.sentinel_password: applies only together with sentinels");
  EXPECT_EQ(error_of("{" + good + ", sentinels: [\"a:1\"], sentinel_user: ann}"),
            "f.yaml:2:64: fleet.sentinel_user: needs sentinel_password as well");
  EXPECT_EQ(error_of("{" + good + ", cluster: []}"),
            "f.yaml:2:38: fleet.cluster: has no node, or more than 20; expected a list such as "
            "[\"10.0.0.6:6379\"]");
  EXPECT_EQ(error_of("{" + good + ", cluster: [a]}"),
            "f.yaml:2:39: fleet.cluster[0]: \"a\" found; expected host:port, such as \"10.0.0.6:6379\"");
  EXPECT_EQ(
      error_of("{" + good + ", sentinels: [\"a:1\"], cluster: [\"a:1\"]}"),
      "f.yaml:2:58: fleet.cluster: is not possible together with sentinels: a Redis Cluster replaces its "
      "masters itself");
  EXPECT_EQ(
      error_of("{redis: \"redis://a/1\", cluster: [\"a:1\"]}"),
      "f.yaml:2:40: fleet.cluster: has database 0 alone; remove the database from the address in redis");
}

}  // namespace
}  // namespace switchgear::fleet
