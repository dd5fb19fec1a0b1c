// Real Sentinels: which server is the master is found, and followed when another one becomes it.
#include "switchgear/redis/sentinels.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP

#include <fstream>
#include <sstream>

#include "switchgear/redis/fleet_fixture.hpp"

namespace switchgear::redis {
namespace {

/// A master, its replica, and one Sentinel whose word is enough.
class SentinelGroup {
 public:
  SentinelGroup() : sentinel_({}, RedisServer::Kind::sentinel) {
    (void)replica.run({"REPLICAOF", "127.0.0.1", std::to_string(master.port())});
    if (!soon([&] { return replica.run({"ROLE"}).items.at(3).text == "connected"; }))
      throw std::runtime_error("the replica does not follow");
    (void)sentinel_.run({"SENTINEL", "MONITOR", "store", "127.0.0.1", std::to_string(master.port()), "1"});
    for (const auto& [option, value] :
         {std::pair{"down-after-milliseconds", "500"}, {"failover-timeout", "2000"}})
      (void)sentinel_.run({"SENTINEL", "SET", "store", option, value});
  }

  [[nodiscard]] bool knows_the_replica() const {
    return soon([&] { return sentinel_.run({"SENTINEL", "REPLICAS", "store"}).items.size() == 1; }, 15s);
  }
  [[nodiscard]] FleetOptions options() const {
    FleetOptions made = test_fleet(sentinel_.address());
    Address nobody = sentinel_.address();
    nobody.port = 1;
    made.redis.sentinels = {nobody, sentinel_.address()};
    made.redis.address.host = "store";
    made.redis.sentinel_interval = 200ms;
    return made;
  }
  Reply ask(std::initializer_list<std::string_view> words) const { return sentinel_.run(words); }

  RedisServer master{{"--repl-diskless-sync-delay", "0"}}, replica;

 private:
  RedisServer sentinel_;
};

bool both_hear(TestMember& one, TestMember& other) {
  return soon([&] { return one.seen().fresh && other.seen().fresh; }, 15s);
}

TEST(RedisSentinels, FleetFindsTheMasterAndFollowsAFailover) {
  SentinelGroup group;
  TestFleet all(Address{}, 0);
  TestMember one(all, group.options()), other(all, group.options());
  ASSERT_TRUE(both_hear(one, other)) << one.fleet->status().trouble;
  ASSERT_EQ(group.master.run({"EXISTS", "{sg:shop:payment}:fleet"}).integer, 1);
  ASSERT_TRUE(group.knows_the_replica());
  one.fail_until_open();
  other.fail_until_open();
  ASSERT_TRUE(soon([&] { return one.seen().open; }));
  const std::uint64_t known = one.seen().view.epoch;
  group.master.kill();
  const auto moved = [](const TestMember& member) { return member.fleet->status().commands.connects >= 2; };
  ASSERT_TRUE(soon([&] { return moved(one) && moved(other); }, 20s)) << one.fleet->status().trouble;
  EXPECT_EQ(group.replica.run({"ROLE"}).items.at(0).text, "master");
  ASSERT_TRUE(both_hear(one, other)) << one.fleet->status().trouble;
  EXPECT_GE(one.seen().view.epoch, known);
  ASSERT_TRUE(soon([&] {
    one.call(1);
    other.call(1);
    return all.all_closed() && one.breaker->state() == State::closed &&
           other.breaker->state() == State::closed;
  }));
  EXPECT_TRUE(soon([&] {
    one.fail();
    other.fail();
    return one.seen().open && other.seen().open;
  })) << "and they warn each other again";
}

TEST(RedisSentinels, MasterThatIsNoneAnyMoreIsLeft) {
  SentinelGroup group;
  TestFleet all(Address{}, 0);
  TestMember one(all, group.options());
  ASSERT_TRUE(soon([&] { return one.seen().fresh; }, 15s)) << one.fleet->status().trouble;
  ASSERT_TRUE(group.knows_the_replica());
  const std::uint64_t known = one.seen().view.epoch;
  group.master.signal(SIGSTOP);  // as behind a partition: it goes on believing that it is the master
  ASSERT_TRUE(soon([&] { return group.replica.run({"ROLE"}).items.at(0).text == "master"; }, 20s));
  group.master.signal(SIGCONT);
  ASSERT_TRUE(soon([&] { return one.seen().fresh; }, 15s)) << one.fleet->status().trouble;
  EXPECT_TRUE(soon([&] {
    return group.replica.run({"HGET", "{sg:shop:payment}:votes", ""}).kind != Reply::Kind::error &&
           group.replica.run({"EXISTS", "{sg:shop:payment}:votes"}).integer == 1;
  }));
  EXPECT_GE(one.seen().view.epoch, known);
}

TEST(RedisSentinels, MayHaveAUserAndAPasswordOfTheirOwn) {
  SentinelGroup group;
  ASSERT_EQ(group.ask({"ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all"}).text, "OK");
  ASSERT_EQ(group.ask({"ACL", "SETUSER", "default", "off"}).text, "OK");
  TestFleet all(Address{}, 0);
  FleetOptions options = group.options();
  TestMember stranger(all, options);
  EXPECT_TRUE(soon([&] { return stranger.fleet->status().trouble.find("NOAUTH") != std::string::npos; }))
      << stranger.fleet->status().trouble;
  for (Address& each : options.redis.sentinels) {
    each.user = "ann";
    each.password = "secret";
  }
  TestMember one(all, options);
  EXPECT_TRUE(soon([&] { return one.seen().fresh; }, 15s)) << one.fleet->status().trouble;
}

TEST(RedisSentinels, MayBeSpokenToOverTls) {
  const house::Certificates certificates;
  const RedisServer server({"--tls-port", "0"});  // not a Sentinel, as it says itself
  FleetOptions options = test_fleet(server.address());
  options.redis.address.host = "store";
  Address& sentinel = options.redis.sentinels.emplace_back(server.address());
  sentinel.host = "localhost";
  sentinel.port = server.speak_tls(certificates);
  sentinel.tls = true;
  tls::ClientSettings settings;
  std::ifstream ca(certificates.file("ca.pem"));
  settings.ca = (std::stringstream() << ca.rdbuf()).str();
  options.redis.tls.emplace(settings);
  TestFleet all(Address{}, 0);
  TestMember one(all, options);
  EXPECT_TRUE(soon([&] {
    return one.fleet->status().trouble.find("unknown command 'SENTINEL'") != std::string::npos;
  })) << one.fleet->status().trouble;
}

TEST(RedisSentinels, SaysWhichSentinelDoesNotAnswer) {
  const RedisServer server;  // not a Sentinel
  TestFleet all(Address{}, 0);
  FleetOptions options = test_fleet(server.address());
  options.redis.sentinels = {server.address()};
  options.redis.address.host = "store";
  TestMember one(all, options);
  EXPECT_TRUE(soon([&] { return one.fleet->status().trouble.find("Sentinel redis://127.0.0.1") == 0; }))
      << one.fleet->status().trouble;
  EXPECT_FALSE(one.fleet->status().connected);
  EXPECT_EQ(one.reason(), admitted);
}

}  // namespace
}  // namespace switchgear::redis
