#include "switchgear/redis/client.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP

#include <atomic>
#include <chrono>

#include "switchgear/redis/error.hpp"
#include "switchgear/redis/io_fixture.hpp"
#include "switchgear/redis/redis_server_fixture.hpp"

namespace switchgear::redis {
namespace {

using namespace std::chrono_literals;

class Member {
 public:
  explicit Member(ClientOptions options) {
    io_.on([&] {
      client_ = std::make_unique<Client>(io_.executor(), std::move(options), 7);
      client_->start([this] { ++connects; },
                     [this](std::string_view, std::string_view message) {
                       heard = std::string(message);
                       ++messages;
                     });
    });
  }
  ~Member() {
    io_.on([&] { client_.reset(); });
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  Answer send(std::initializer_list<std::string_view> words) {
    return answer_of(io_, [&](Done done) { client_->send(command(words), std::move(done)); });
  }
  Answer run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments,
             Asking asking = Asking::no) {
    return answer_of(io_, [&](Done done) { client_->run(script, keys, arguments, std::move(done), asking); });
  }
  [[nodiscard]] bool connected() {
    return io_.on([&] { return client_->connected(); });
  }
  [[nodiscard]] ClientCounts counts() {
    return io_.on([&] { return client_->counts(); });
  }

  std::atomic<int> connects = 0, messages = 0;
  std::string heard;

 private:
  IoThread io_;
  std::unique_ptr<Client> client_;
};

ClientOptions options_for(const RedisServer& server) {
  ClientOptions options;
  options.address = server.address();
  options.timeout = 200ms;
  options.retry_max = 100ms;
  return options;
}

TEST(RedisClient, ScriptTheServerHasForgottenIsSentWhole) {
  const RedisServer server;
  Member member(options_for(server));
  ASSERT_TRUE(soon([&] { return member.connected(); }));
  const Script script("return {KEYS[1], ARGV[1]}");
  for (int i = 0; i < 3; ++i) {
    const Answer answer = member.run(script, {"k"}, {"v"});
    ASSERT_FALSE(answer.error);
    ASSERT_EQ(answer.reply.items.size(), 2U) << answer.reply.text;
    EXPECT_EQ(answer.reply.items[1].text, "v");
    if (i == 1) (void)server.run({"SCRIPT", "FLUSH"});
  }
  EXPECT_EQ(member.counts().sent, 5U) << "three by their digest, two of them again as a whole";
}

TEST(RedisClient, ComesBackAfterTheServerDoes) {
  RedisServer server;
  Member member(options_for(server));
  ASSERT_TRUE(soon([&] { return member.connected(); }));
  server.kill();
  ASSERT_TRUE(soon([&] { return !member.connected(); }));
  EXPECT_EQ(member.send({"PING"}).error, Errc::not_connected) << "nothing is kept for later";
  server.start();
  ASSERT_TRUE(soon([&] { return member.connected(); }));
  EXPECT_EQ(member.send({"PING"}).reply.text, "PONG");
}

TEST(RedisClient, BreakerAroundItOpensForAServerThatHangs) {
  const RedisServer server;
  Member member(options_for(server));
  ASSERT_TRUE(soon([&] { return member.connected(); }));
  for (int i = 0; i < 5; ++i) (void)member.send({"EVAL", "return redis.error_reply('READONLY no')", "0"});
  EXPECT_EQ(member.send({"PING"}).error, Errc::breaker_open);
  EXPECT_TRUE(soon([&] { return !member.send({"PING"}).error; })) << "it probes, and closes";
}

TEST(RedisClient, AsksForNoSlotBeforeACommandThatIsRefused) {
  const RedisServer server;
  Member member(options_for(server));
  ASSERT_TRUE(soon([&] { return member.connected(); }));
  const Script script("return ARGV[1]");
  const auto asked = [&] {
    return server.run({"INFO", "commandstats"}).text.find("cmdstat_asking") != std::string::npos;
  };
  for (int i = 0; i < 5; ++i) (void)member.send({"EVAL", "return redis.error_reply('READONLY no')", "0"});
  EXPECT_EQ(member.run(script, {}, {"v"}, Asking::yes).error, Errc::breaker_open);
  ASSERT_TRUE(soon([&] { return !member.send({"PING"}).error; }));
  EXPECT_FALSE(asked()) << "another command of the connection would have been taken for the one that asks";
  const Answer answer = member.run(script, {}, {"v"}, Asking::yes);
  EXPECT_EQ(answer.reply.text, "v") << "the reply to ASKING is not its own";
  EXPECT_TRUE(asked());
}

TEST(RedisClient, HearsItsChannelAlsoAfterALoss) {
  RedisServer server;
  ClientOptions options = options_for(server);
  options.channels = {"hints"};
  Member member(std::move(options));
  const auto published = [&] {
    return soon([&] {
             return server.run({"PUBLISH", "hints", "x"}).integer == 1;
           }) &&
           soon([&] { return member.messages > 0; });
  };
  EXPECT_TRUE(published());
  server.kill();
  server.start();
  member.messages = 0;
  EXPECT_TRUE(published());
  EXPECT_EQ(member.heard, "x");
}

}  // namespace
}  // namespace switchgear::redis
