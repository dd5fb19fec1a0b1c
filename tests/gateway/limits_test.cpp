// How much the gateway takes from a client.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

class GatewayLimits : public ::testing::Test {
 protected:
  unsigned status_of(const std::string& request) {
    Socket client = Socket::connect(gateway_.port());
    client.send(request);
    return client.read_response().value_or(Message{}).status();
  }

  Upstream upstream_{Upstream::saying(ok())};
  GatewayProcess gateway_{config_text({{"shop", upstream_.port()}}, "", "limits: {body_bytes: 1000}")};
};

TEST_F(GatewayLimits, Answer431To10000Headers) {
  std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10'000; ++i) request += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(status_of(request + "\r\n"), 431U);
}

TEST_F(GatewayLimits, Answer431Or414ToALineOf100Kilobytes) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"), 431U);
  EXPECT_EQ(status_of("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414U);
}

TEST_F(GatewayLimits, LetAHeadJustBelowThemPass) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(30'000, 'x') + "\r\n\r\n"), 200U);
}

TEST_F(GatewayLimits, Answer413ToABodyThatIsTooLarge) {
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), 413U);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')),
            200U);
}

TEST_F(GatewayLimits, Answer413ToChunksThatAddUpToTooMuch) {
  Upstream patient{[](Socket& socket) {
    (void)socket.read_head();
    (void)socket.read_all();
  }};
  const GatewayProcess gateway{config_text({{"shop", patient.port()}}, "", "limits: {body_bytes: 1000}")};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 413U);
}

TEST_F(GatewayLimits, KeepTheConnectionAfterARefusalThatIsCheapToReadPast) {
  const GatewayProcess gateway{config_text({{"shop", upstream_.port(), "/shop/"}})};
  Socket client = Socket::connect(gateway.port());
  client.send(
      "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /shop/ HTTP/1.1\r\nHost: "
      "a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 404U);
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
}

TEST_F(GatewayLimits, DeliverARefusalToAClientThatIsStillSending) {
  Socket client = Socket::connect(gateway_.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  client.send(std::string(100'000, 'x'));
  const auto answer = client.read_response();
  ASSERT_TRUE(answer.has_value()) << "not a reset instead of the answer";
  EXPECT_EQ(answer->status(), 413U);
}

TEST(Gateway, LetsFurtherClientsWaitWhenItsConnectionsAreTaken) {
  std::promise<void> may_answer;
  const std::shared_future<void> go = may_answer.get_future().share();
  Upstream upstream{Upstream::answering([go](const Message& request) {
    if (request.target() == "/slow") go.wait();
    return ok();
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {connections: 2}")};
  std::vector<Socket> busy;
  for (int i = 1; i <= 2; ++i) {
    busy.push_back(Socket::connect(gateway.port()));
    busy.back().send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return upstream.connections() == i; }));
  }
  Socket third = Socket::connect(gateway.port());
  third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] {
    return gateway.log().find("clients wait: all 2 client connections of the thread are in use") !=
           std::string::npos;
  })) << "and the operator can see why";
  EXPECT_EQ(third.receive(std::chrono::milliseconds{0}), "");
  may_answer.set_value();
  for (Socket& client : busy) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(third.read_response().value_or(Message{}).status(), 200U) << "once one of them is idle";
}

TEST(Gateway, Serves200RequestsThoughTwiceAsManyIdleClientsHoldConnectionsAsItHasDescriptorsFor) {
  rlimit own{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &own), 0);
  own.rlim_cur = own.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &own), 0);
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}), 0, rlimit{1024, 1024}};
  EXPECT_TRUE(gateway.logs("the limit of open files is 1024: each thread takes at most"));
  std::vector<Socket> idle;
  for (int i = 0; i < 1010; ++i) idle.push_back(Socket::connect(gateway.port()));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(gateway.get("/").status(), 200U) << i;
  EXPECT_TRUE(gateway.logs("idle clients are disconnected for others"));
  EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U);
}

TEST(Gateway, ServesEveryServiceThoughIdleConnectionsToTheOthersHadTakenAllDescriptors) {
  Upstream upstream{Upstream::saying(ok())};
  std::vector<ServiceText> services;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    services.push_back({name, upstream.port(), "/" + std::string{name} + "/"});
  const GatewayProcess gateway{config_text(services), 0, rlimit{128, 128}};
  for (const ServiceText& service : services) {
    std::vector<Socket> clients;  // at once, so that each needs a connection of its own
    for (int i = 0; i < 25; ++i) {
      clients.push_back(Socket::connect(gateway.port()));
      clients.back().send("GET " + service.prefix + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    }
    for (Socket& client : clients)
      EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U) << service.name;
  }
  EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U);
}

TEST(Gateway, RefusesToStartWithTooFewDescriptorsAndSaysHowMany) {
  const Ended ended = serve_to_its_end(config_text({{"shop", 9}}), "", 40);
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(
      ended.output.find("the limit of open files is 40: too low to serve with 1 thread, which needs 52"),
      std::string::npos)
      << ended.output;
}

TEST(Gateway, IsNotHeldToTheDefaultOf1024DescriptorsWhenTheSystemAllowsMore) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}), 0, rlimit{1024, 4096}};
  rlimit raised{};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_NOFILE, nullptr, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, 4096U);
}

TEST(Gateway, RestsWhenItHasNoDescriptorLeftAndRecovers) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  Socket scraper = Socket::connect(gateway.admin_port());  // has its descriptor before there is none left
  const auto failures = [&] {
    scraper.send("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    const std::string metrics = scraper.read_response().value_or(Message{}).body;
    const std::size_t at = metrics.find("\nswitchgear_gateway_accept_failures_total ");
    return at == std::string::npos ? -1 : std::stod(metrics.substr(metrics.find(' ', at + 1)));
  };
  EXPECT_EQ(failures(), 0);
  rlimit few{};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_NOFILE, nullptr, &few), 0);
  const rlim_t before = few.rlim_cur;
  few.rlim_cur = 24;
  const auto since = std::chrono::steady_clock::now();
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  double failed = 0;
  {
    std::vector<Socket> crowd;
    for (int i = 0; i < 60; ++i) crowd.push_back(Socket::connect(gateway.port()));
    EXPECT_TRUE(eventually([&] { return (failed = failures()) >= 5; }));
    EXPECT_EQ(crowd.back().receive(std::chrono::milliseconds{0}), "");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
  EXPECT_LE(failed, 1 + took.count() * 20) << "a few tries a second, not a busy loop";
  few.rlim_cur = before;
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

}  // namespace
}  // namespace switchgear::wire
