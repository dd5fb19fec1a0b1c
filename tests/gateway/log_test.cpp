// What an operator finds in the log.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(GatewayLog, SaysThatAServiceIsDownWithoutALineForEachOf300Failures) {
  const DeafPort deaf;
  GatewayProcess gateway{config_text({{"shop", deaf.port()}})};
  for (int i = 0; i < 300; ++i) ASSERT_EQ(gateway.get("/").status(), 502U);
  const std::string line =
      "service 'shop' at 127.0.0.1:" + std::to_string(deaf.port()) + ": 502: the service takes no connection";
  EXPECT_TRUE(gateway.logs(line)) << "at once, not when the gateway ends";
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_LE(count_of(gateway.log(), line), 10U);
  EXPECT_NE(gateway.log().find(" more)"), std::string::npos);
}

TEST(GatewayLog, WarnsAtAReloadAsItDoesAtTheStart) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  gateway.rewrite(config_text({{"shop", upstream.port()}}, "  unused: {timeout: 1s}\n"));
  gateway.signal(SIGHUP);
  EXPECT_TRUE(gateway.logs("policies.unused: no service names this policy")) << gateway.log();
}

TEST(GatewayLog, SaysThatAServiceDoesNotAnswerInTime) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "hasty"}}, "  hasty: {timeout: 50ms}\n")};
  EXPECT_EQ(gateway.get("/").status(), 504U);
  EXPECT_TRUE(gateway.logs(": 504: the service did not answer in time"));
}

TEST(GatewayLog, SaysThatAResponseWasBrokenOff) {
  std::counting_semaphore<> begun{0};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    begun.acquire();
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  EXPECT_TRUE(is_broken_off(gateway.port(), begun));
  EXPECT_TRUE(gateway.logs(": response broken off: the service broke off its answer"));
}

/// `POST` with a token.
unsigned command(const GatewayProcess& gateway, const std::string& target, const std::string& token) {
  Socket client = Socket::connect(gateway.admin_port());
  client.send("POST " + target +
              " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nAuthorization: Bearer " + token +
              "\r\n\r\n");
  return client.read_response().value_or(Message{}).status();
}

TEST(GatewayLog, SaysWhoResetABreakerAndWhoGuessedAtTheToken) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}},
                                           "  guarded: {circuit_breaker: {consecutive_failures: 3}}\n",
                                           "token: s3cret")};
  EXPECT_EQ(command(gateway, "/circuit-breakers/shop/reset", "s3cret"), 200U);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(command(gateway, "/circuit-breakers/shop/force-open", "guess" + std::to_string(i)), 401U);
  EXPECT_EQ(command(gateway, "/reload", "s3cret"), 200U);
  const std::string last = "info admin: reload by 127.0.0.1: done\n";
  EXPECT_TRUE(eventually([&] { return count_of(gateway.log(), last) == 1; }));
  const std::string log = gateway.log();
  EXPECT_EQ(count_of(log, "info admin: reset of \"shop\" by 127.0.0.1: done\n"), 1U);
  EXPECT_EQ(
      count_of(log,
               "warning admin: force-open of \"shop\" by 127.0.0.1: refused: no token, or a wrong one\n"),
      30U);
  EXPECT_EQ(log.find("s3cret"), std::string::npos);
  EXPECT_EQ(log.find("guess"), std::string::npos);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  EXPECT_NE(
      metrics.find("switchgear_admin_commands_total{command=\"force-open\",result=\"unauthorized\"} 30\n"),
      std::string::npos);
}

TEST(GatewayLog, IsNotFloodedByGuessesAtTheTokenNorSplitByWhatTheyName) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "token: s3cret")};
  const std::string name = "a%0A2026-01-01T00:00:00.000+00:00%20info%20admin:%20forged%1b[2J";
  for (int i = 0; i < 150; ++i)
    EXPECT_EQ(command(gateway, "/circuit-breakers/" + name + "/reset", "guess"), 401U);
  EXPECT_TRUE(eventually([&] { return count_of(gateway.log(), "refused: no token") >= 100; }));
  EXPECT_LE(count_of(gateway.log(), "refused: no token"), 110U) << "100 in 10 s";
  EXPECT_EQ(gateway.log().find("\n2026-01-01"), std::string::npos);
  EXPECT_EQ(gateway.log().find('\x1b'), std::string::npos);
}

TEST(GatewayLog, DoesNotForgetHowManyGuessesAtTheTokenItDidNotLogWhenItEnds) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "token: s3cret")};
  for (int i = 0; i < 300; ++i) EXPECT_EQ(command(gateway, "/reload", "guess"), 401U);
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  const std::string log = gateway.log();
  std::size_t more = 0;
  for (std::size_t at = 0; (at = log.find("warning admin: ", at)) != std::string::npos; ++at)
    more += std::strtoul(log.c_str() + at + 15, nullptr, 10);  // 0 where a word follows
  EXPECT_EQ(count_of(log, "refused: no token") + more, 300U) << log;
  EXPECT_GT(more, 0U);
}

TEST(GatewayLog, WarnsOfAnAdminServerThatAnybodyOnTheNetworkCanOperate) {
  const DeafPort taken;  // so that each ends by itself
  const std::string listen = "listen: \"127.0.0.1:" + std::to_string(taken.port()) + "\"";
  const auto warned = [&](const std::string& gateway, const std::string& flags = "") {
    const Ended ended = serve_to_its_end(config_text({{"a", 1}}, "", listen + gateway), flags);
    EXPECT_EQ(ended.exit_code, 3);
    return count_of(ended.output, "it requires no token");
  };
  EXPECT_EQ(warned(", admin: \"0.0.0.0:9090\""), 1U);
  EXPECT_EQ(warned("", "--admin 0.0.0.0:9090"), 1U) << "a flag is no way around it";
  EXPECT_EQ(warned(", admin: \"0.0.0.0:9090\", token: s3cret"), 0U);
  EXPECT_EQ(warned(", token: s3cret", "--admin 0.0.0.0:9090"), 0U);
  EXPECT_EQ(warned(", admin: \"localhost:9090\""), 0U);
  EXPECT_EQ(warned(", admin: \"[::ffff:127.0.0.1]:9090\""), 0U);
  EXPECT_EQ(warned("", "--admin [::ffff:127.0.0.1]:9090"), 0U);
  EXPECT_EQ(warned(", admin: \"[::ffff:10.0.0.1]:9090\""), 1U);
}

TEST(GatewayLog, SaysWhichPolicyRefusesWithoutALineForEachRefusal) {
  const DeafPort deaf;
  GatewayProcess gateway{
      config_text({{"shop", deaf.port(), "/shop/", "guarded"}, {"slow", deaf.port(), "/slow/", "limited"}},
                  "  guarded: {circuit_breaker: {consecutive_failures: 1, open_duration: 60s}}\n"
                  "  limited: {rate_limiter: {rate: 1, burst: 1}}\n")};
  for (int i = 0; i < 200; ++i) (void)gateway.get("/shop/");
  for (int i = 0; i < 20; ++i) (void)gateway.get("/slow/");
  const std::string at = "' at 127.0.0.1:" + std::to_string(deaf.port());
  const std::string open = "warning service 'shop" + at + ": 503: breaker 'shop' is open";
  EXPECT_TRUE(gateway.logs(open)) << "at once";
  EXPECT_TRUE(gateway.logs("warning service 'slow" + at + ": 429: rate limiter 'slow'"));
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_LE(count_of(gateway.log(), open), 10U);
}

TEST(GatewayLog, SaysThatClientsAskForWhatHasNoRoute) {
  const DeafPort deaf;
  const GatewayProcess gateway{config_text({{"shop", deaf.port(), "/shop/"}})};
  for (int i = 0; i < 50; ++i) EXPECT_EQ(gateway.get("/secret" + std::to_string(i)).status(), 404U);
  const std::string line = "info a client: 404: no service has a route for this path\n";
  EXPECT_TRUE(gateway.logs(line));
  EXPECT_EQ(count_of(gateway.log(), line), 1U);
  EXPECT_EQ(gateway.log().find("secret"), std::string::npos);
}

/// Where nothing is read, and 4096 bytes find room.
struct StalledPipe {
  StalledPipe() {
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    EXPECT_GT(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
  }
  StalledPipe(const StalledPipe&) = delete;
  StalledPipe& operator=(const StalledPipe&) = delete;
  ~StalledPipe() {
    for (const int end : ends) ::close(end);
  }
  std::array<int, 2> ends{};
};

TEST(GatewayLog, HoldsUpNeitherRequestsNorTheEndWhenNothingReadsStderr) {
  const StalledPipe stalled;
  Upstream upstream{Upstream::saying(ok())};
  const DeafPort deaf;
  GatewayProcess gateway{config_text({{"shop", upstream.port(), "/shop/", "guarded"}, {"down", deaf.port()}},
                                     "  guarded: {circuit_breaker: {consecutive_failures: 3}}\n"),
                         0, std::nullopt, stalled.ends[1]};
  for (int i = 0; i < 200; ++i)  // a line of 70 bytes each
    ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/shop/reset").status(), 200U) << i;
  EXPECT_EQ(gateway.get("/").status(), 502U) << "of which the worker logs a line";
  EXPECT_EQ(gateway.get("/shop/").status(), 200U);
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U) << "which may change the format";
  EXPECT_NE(gateway.admin("GET", "/metrics").body.find("\nswitchgear_log_lines_lost_total 0\n"),
            std::string::npos);
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

TEST(GatewayLog, ChangesItsLevelAndFormatWithAReload) {
  const DeafPort deaf;
  const std::string services = config_text({{"shop", deaf.port()}});
  const GatewayProcess gateway{services + "log: {level: error}\n"};
  EXPECT_EQ(gateway.get("/").status(), 502U);
  EXPECT_EQ(gateway.log(), "");
  gateway.rewrite(services + "log: {format: json}\n");
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  const std::string last = R"(,"level":"info","message":"admin: reload by 127.0.0.1: done"})";
  ASSERT_TRUE(eventually([&] { return gateway.log().find(last) != std::string::npos; }));
  std::istringstream lines{gateway.log()};
  for (std::string line; std::getline(lines, line);) {
    const boost::json::object object = boost::json::parse(line).as_object();
    EXPECT_EQ(object.size(), 3U) << line;
  }
}

}  // namespace
}  // namespace switchgear::wire
