#include "switchgear/redis/connection.hpp"

#include <gtest/gtest.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGSTOP

#include <chrono>
#include <fstream>
#include <sstream>

#include "switchgear/redis/error.hpp"
#include "switchgear/redis/io_fixture.hpp"
#include "switchgear/redis/redis_server_fixture.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::redis {
namespace {

using namespace std::chrono_literals;

/// A connection and what became of opening it.
class Opened {
 public:
  Opened(const Address& address, std::optional<tls::ClientContext> context = std::nullopt,
         const ConnectionLimits& limits = {}, Duration limit = 5s) {
    io_.on([&] {
      connection_ = std::make_unique<Connection>(io_.executor(), address, std::move(context), limits);
    });
    auto promise = std::make_shared<std::promise<std::pair<std::error_code, std::string>>>();
    auto future = promise->get_future();
    io_.on([&] {
      connection_->on_lost([this](std::error_code why) { lost = why; });
      connection_->open(limit, [promise](std::error_code why, std::string said) {
        promise->set_value({why, std::move(said)});
      });
    });
    std::tie(error, words) = future.get();
  }
  ~Opened() {
    io_.on([&] { connection_.reset(); });
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  Answer run(std::initializer_list<std::string_view> words_of_it, Duration limit = 5s,
             const std::string& before = {}) {
    return answer_of(
        io_, [&](Done done) { connection_->send(command(words_of_it), limit, std::move(done), before); });
  }
  template <class F>
  auto on(F f) {
    return io_.on([&] { return f(*connection_); });
  }

  std::error_code error;
  std::string words;
  std::error_code lost;

 private:
  IoThread io_;
  std::unique_ptr<Connection> connection_;
};

TEST(RedisConnection, PipelinedCommandsGetTheirOwnReplies) {
  const RedisServer server;
  Opened opened(server.address());
  ASSERT_FALSE(opened.error) << opened.words;
  std::vector<std::int64_t> got;
  std::promise<void> all;
  opened.on([&](Connection& connection) {
    for (int i = 0; i < 1000; ++i) {
      connection.send(command({"INCR", "n"}), 5s, [&](std::error_code, const Reply& reply) {
        got.push_back(reply.integer);
        if (got.size() == 1000) all.set_value();
      });
    }
  });
  ASSERT_EQ(all.get_future().wait_for(20s), std::future_status::ready);
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], static_cast<std::int64_t>(i) + 1);
}

TEST(RedisConnection, PasswordAndDatabaseAreSentFirst) {
  const RedisServer server({"--requirepass", "secret"});
  Address address = server.address();
  address.password = "secret";
  address.database = 5;
  Opened opened(address);
  ASSERT_FALSE(opened.error) << opened.words;
  EXPECT_NE(opened.run({"CLIENT", "INFO"}).reply.text.find(" db=5 "), std::string::npos);
}

TEST(RedisConnection, ServersWordsSayWhyItRefuses) {
  const RedisServer server({"--requirepass", "secret"});
  Opened without(server.address());
  EXPECT_EQ(without.error, Errc::refused);
  EXPECT_EQ(without.words, "NOAUTH Authentication required.");
  Address wrong = server.address();
  wrong.password = "guess";
  Opened with(wrong);
  EXPECT_EQ(with.error, Errc::refused);
  EXPECT_TRUE(with.words.starts_with("WRONGPASS")) << with.words;
}

TEST(RedisConnection, ServerThatStopsIsGivenUpAtTheCommandsLimit) {
  const RedisServer server;
  Opened opened(server.address());
  ASSERT_FALSE(opened.error) << opened.words;
  server.signal(SIGSTOP);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(opened.run({"PING"}, 100ms).error, Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
  server.signal(SIGCONT);
  EXPECT_EQ(opened.run({"PING"}).error, Errc::lost)
      << "it stays failed: its replies would be another command's";
  EXPECT_EQ(opened.lost, Errc::timed_out);
}

TEST(RedisConnection, StoppedServerDoesNotHoldUpOpening) {
  const RedisServer server;
  server.signal(SIGSTOP);  // the kernel still accepts
  const auto before = std::chrono::steady_clock::now();
  Opened opened(server.address(), std::nullopt, {}, 100ms);
  EXPECT_EQ(opened.error, Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
  server.signal(SIGCONT);
}

TEST(RedisConnection, EveryWaitingCommandHearsOfALostConnection) {
  RedisServer server;
  Opened opened(server.address());
  ASSERT_FALSE(opened.error) << opened.words;
  int lost = 0;
  std::promise<void> all;
  server.signal(SIGSTOP);
  opened.on([&](Connection& connection) {
    for (int i = 0; i < 10; ++i) {
      connection.send(command({"PING"}), 20s, [&](std::error_code error, const Reply&) {
        lost += error == Errc::lost ? 1 : 0;
        if (lost == 10) all.set_value();
      });
    }
  });
  server.kill();
  EXPECT_EQ(all.get_future().wait_for(20s), std::future_status::ready);
}

TEST(RedisConnection, BuffersAreBounded) {
  const RedisServer server;
  ConnectionLimits limits;
  limits.unanswered = 3;
  Opened opened(server.address(), std::nullopt, limits);
  ASSERT_FALSE(opened.error) << opened.words;
  server.signal(SIGSTOP);
  opened.on([&](Connection& connection) {
    for (int i = 0; i < 3; ++i) connection.send(command({"PING"}), 20s, [](std::error_code, const Reply&) {});
  });
  EXPECT_EQ(opened.run({"PING"}).error, Errc::too_much);
  server.signal(SIGCONT);
}

TEST(RedisConnection, ACommandGoesBeforeAnotherOrNotAtAll) {
  const RedisServer server;
  ConnectionLimits limits;
  limits.unanswered = 2;
  Opened opened(server.address(), std::nullopt, limits);
  ASSERT_FALSE(opened.error) << opened.words;
  std::promise<std::error_code> refused;
  opened.on([&](Connection& connection) {
    connection.send(command({"INCR", "n"}), 5s, [](std::error_code, const Reply&) {});
    connection.send(
        command({"GET", "n"}), 5s, [&](std::error_code error, const Reply&) { refused.set_value(error); },
        command({"INCR", "n"}));
  });
  auto future = refused.get_future();
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
  EXPECT_EQ(future.get(), Errc::too_much) << "there is room for one of the two";
  EXPECT_EQ(opened.run({"GET", "n"}).reply.text, "1");
  EXPECT_EQ(opened.run({"GET", "n"}, 5s, command({"INCR", "n"})).reply.text, "2") << "its own reply";
}

TEST(RedisConnection, ReplyBeyondTheLimitEndsIt) {
  const RedisServer server;
  (void)server.run({"SET", "large", std::string(5000, 'x')});
  ConnectionLimits limits;
  limits.reply.bytes = 1000;
  Opened opened(server.address(), std::nullopt, limits);
  ASSERT_FALSE(opened.error) << opened.words;
  EXPECT_EQ(opened.run({"GET", "large"}).error, Errc::malformed);
}

TEST(RedisConnection, TlsServerMustHaveACertificateForItsName) {
  const house::Certificates certificates;
  const RedisServer server({"--tls-port", "0"});
  const auto text_of = [&](const std::string& name) {
    std::ifstream file(certificates.file(name));
    return (std::stringstream() << file.rdbuf()).str();
  };
  Address address = server.address();
  address.host = "localhost";
  address.port = server.speak_tls(certificates);
  address.tls = true;
  tls::ClientSettings settings;
  settings.ca = text_of("ca.pem");
  Opened trusted(address, tls::ClientContext(settings));
  EXPECT_FALSE(trusted.error) << trusted.error.message() << " " << trusted.words;
  EXPECT_EQ(trusted.run({"PING"}).reply.text, "PONG");
  settings.ca = text_of("stranger.pem");
  Opened stranger(address, tls::ClientContext(settings));
  EXPECT_TRUE(stranger.error);
  EXPECT_NE(stranger.words.find("certificate verify failed"), std::string::npos) << stranger.words;
}

}  // namespace
}  // namespace switchgear::redis
