#include "switchgear/redis/address.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace switchgear::redis {
namespace {

TEST(RedisAddress, AllPartsAreRead) {
  const Address address = parse_address("rediss://shop:p%40ss@[::1]:7000/3");
  EXPECT_EQ(address.host, "::1");
  EXPECT_EQ(address.port, 7000);
  EXPECT_TRUE(address.tls);
  EXPECT_EQ(address.user, "shop");
  EXPECT_EQ(address.password, "p@ss");
  EXPECT_EQ(address.database, 3U);
  EXPECT_EQ(to_string(address), "rediss://[::1]:7000/3") << "a password is never shown";
}

TEST(RedisAddress, DefaultsAreRedisOwn) {
  const Address address = parse_address("redis://:secret@cache.internal");
  EXPECT_EQ(address.port, 6379);
  EXPECT_EQ(address.database, 0U);
  EXPECT_FALSE(address.tls);
  EXPECT_EQ(address.user, "");
  EXPECT_EQ(address.password, "secret");
}

TEST(RedisAddress, WhatIsWrongIsSaidWithoutThePassword) {
  const auto problem = [](std::string_view url) -> std::string {
    try {
      (void)parse_address(url);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string hint = "; write, for example, redis://127.0.0.1:6379/0";
  EXPECT_EQ(problem("127.0.0.1:6379"), "this is not a URL" + hint);
  EXPECT_EQ(problem("http://a"), "the scheme is \"http\", which is neither redis nor rediss" + hint);
  EXPECT_EQ(problem("redis://:secret@/0"), "there is no host" + hint);
  EXPECT_EQ(problem("redis://a:0"), "\"0\" is not a port" + hint);
  EXPECT_EQ(problem("redis://a:65536"), "\"65536\" is not a port" + hint);
  EXPECT_EQ(problem("redis://a:4295032832"), "\"4295032832\" is not a port" + hint);
  EXPECT_EQ(problem("redis://a/x"), "\"/x\" is not the number of a database" + hint);
  EXPECT_EQ(problem("redis://a/0?b"), "there is something behind the database" + hint);
  EXPECT_EQ(problem("redis://shop@a"), "there is a user without a password" + hint);
}

}  // namespace
}  // namespace switchgear::redis
