// What an upgraded connection is to its peers and to the gateway's limits, from the 101 to its end.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/gateway/websocket_wire.hpp"

namespace switchgear::wire {
namespace {

using std::chrono::milliseconds;

std::string plain(std::uint16_t port, const std::string& gateway = "", const std::string& more = "") {
  return config_text({{"shop", port, upgrading, "plain", more}}, "", gateway);
}

std::string guarded(std::uint16_t port, const std::string& policy) {
  return config_text({{"shop", port, upgrading, "guarded"}}, "  guarded: {" + policy + "}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

TEST(GatewayUpgraded, EndOfOneSideIsPassedOnAndTheOtherHasItsLastWord) {
  std::atomic<bool> heard_end{false};
  Upstream upstream{switching([&](Socket& socket) {
    EXPECT_EQ(socket.read_all(), "last of the client");
    heard_end = true;
    socket.send("last of the service");
  })};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = upgraded(gateway);
  client.send("last of the client");
  client.shut_down_sending();
  EXPECT_EQ(client.read_all(), "last of the service");
  EXPECT_FALSE(client.was_reset());
  EXPECT_TRUE(heard_end);
  EXPECT_TRUE(eventually([&] { return ended_upgrades(gateway, "closed") == 1; }));
}

TEST(GatewayUpgraded, TheServicesEndReachesAClientThatGoesOn) {
  std::atomic<bool> done{false};
  Upstream upstream{switching([&](Socket& socket) {
    socket.send("bye");
    socket.shut_down_sending();
    EXPECT_EQ(socket.read_all(), "thanks");
    done = true;
  })};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = upgraded(gateway);
  EXPECT_EQ(client.read_all(), "bye");
  client.send("thanks");
  client.close();
  EXPECT_TRUE(eventually([&] { return done.load(); }));
}

TEST(GatewayUpgraded, ResetIsPassedOnAsAReset) {
  std::atomic<bool> was_reset{false};
  Upstream upstream{switching([&](Socket& socket) {
    if (socket.receive() == "reset me") return socket.reset();
    (void)socket.read_all();
    was_reset = socket.was_reset();
  })};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket first = upgraded(gateway);
  first.send("hello");
  EXPECT_TRUE(eventually([&] {
    return figure(gateway,
                  "switchgear_gateway_upgraded_bytes_total{service=\"shop\",direction=\"to_service\"}") == 5;
  }));
  first.reset();
  EXPECT_TRUE(eventually([&] { return was_reset.load(); }));
  EXPECT_TRUE(eventually([&] { return ended_upgrades(gateway, "client_left") == 1; }));
  Socket second = upgraded(gateway);
  second.send("reset me");
  EXPECT_EQ(second.read_all(), "");
  EXPECT_TRUE(second.was_reset());
  EXPECT_TRUE(eventually([&] { return ended_upgrades(gateway, "service_left") == 1; }));
}

TEST(GatewayUpgraded, ConnectionOnWhichNothingMovesIsClosed) {
  Upstream upstream{switching(echo)};
  const GatewayProcess gateway{plain(upstream.port(), "limits: {upgrade_idle: 200ms}")};
  Socket client = upgraded(gateway);
  EXPECT_TRUE(client.ends());
  EXPECT_FALSE(client.was_reset());
  EXPECT_TRUE(eventually([&] { return ended_upgrades(gateway, "upgrade_idle") == 1; }));
}

/// One that moves, or waits for its peer, is not: neither the service's limits of time nor those of requests
/// hold for it.
TEST(GatewayUpgraded, ConnectionOutlivesEveryLimitOfTheRequestItBeganWith) {
  Upstream upstream{switching([](Socket& socket) {
    (void)socket.receive(milliseconds{700});
    socket.send("after all of them");
    (void)socket.read_all();
  })};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), upgrading, "strict"}}, "  strict: {timeout: 300ms, deadline: 400ms}\n",
      "limits: {idle_timeout: 200ms, header_timeout: 200ms, body_timeout: 200ms, write_timeout: 200ms}")};
  Socket client = upgraded(gateway);
  EXPECT_EQ(client.read_exactly(17), "after all of them");
}

/// 64 MiB are on their way, and the gateway holds none of it but what fits into its buffers.
TEST(GatewayUpgraded, SlowReaderSlowsItsPeerDownAndMemoryDoesNotGrow) {
  constexpr std::size_t piece = std::size_t{1} << 20U;
  constexpr std::size_t pieces = 64;
  const auto flood = [](Socket& socket, std::atomic<std::uint64_t>& sent) {
    for (std::size_t i = 0; i < pieces; ++i) {
      if (!socket.send(std::string(piece, static_cast<char>('a' + i % 26)))) return;
      sent += piece;
    }
  };
  const auto all_there = [](Socket& socket) {
    for (std::size_t i = 0; i < pieces; ++i) {
      if (socket.read_exactly(piece) != std::string(piece, static_cast<char>('a' + i % 26))) return false;
    }
    return true;
  };
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> may_read{false};
  std::atomic<bool> read{false};
  Upstream upstream{switching([&](Socket& socket) {
    flood(socket, sent);
    (void)eventually([&] { return may_read.load(); });
    read = all_there(socket);
  })};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = upgraded(gateway, 65536);
  const std::size_t before = gateway.resident_bytes();
  ASSERT_TRUE(comes_to_rest(gateway, [&] { return sent.load(); }));
  EXPECT_LT(sent.load(), piece * pieces) << "the service waits for the client";
  EXPECT_LT(gateway.resident_bytes(), before + 4 * piece);
  EXPECT_TRUE(all_there(client));

  std::atomic<std::uint64_t> back{0};
  std::thread writer{[&] { flood(client, back); }};
  EXPECT_TRUE(comes_to_rest(gateway, [&] { return back.load(); }));
  EXPECT_LT(back.load(), piece * pieces) << "the client waits for the service";
  EXPECT_LT(gateway.resident_bytes(), before + 4 * piece);
  may_read = true;
  EXPECT_TRUE(eventually([&] { return read.load(); }));
  writer.join();
}

TEST(GatewayUpgraded, RequestsThatTheRouteDoesNotPassOnAreCounted) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const auto service = [&] {
    return boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop").as_object();
  };
  EXPECT_EQ(gateway.get("/", "Connection: keep-alive\r\n").status(), 200U);
  EXPECT_FALSE(service().contains("upgrades"));
  EXPECT_EQ(gateway.get("/", "Connection: Upgrade\r\nUpgrade: h2c\r\n").status(), 200U);
  const auto upgrades = service().at("upgrades");
  EXPECT_EQ(upgrades.at("refused"), 1);
  EXPECT_EQ(upgrades.at("begun"), 0);
  EXPECT_EQ(upgrades.at("ended").at("upgrade_idle"), 0);
  EXPECT_EQ(figure(gateway, "switchgear_gateway_upgrades_refused_total{service=\"shop\"}"), 1U);
}

TEST(GatewayUpgraded, ConnectionsAreCountedWithTheirBytes) {
  Upstream upstream{switching(echo)};
  const GatewayProcess gateway{plain(upstream.port())};
  EXPECT_EQ(gateway.admin("GET", "/metrics").body.find("upgrade"), std::string::npos)
      << "a service without them has no figures of them";
  {
    Socket first = upgraded(gateway);
    Socket second = upgraded(gateway);
    first.send("12345");
    EXPECT_EQ(first.read_exactly(5), "12345");
    EXPECT_EQ(open_upgrades(gateway), 2U);
    EXPECT_EQ(figure(gateway, "switchgear_gateway_requests_total{service=\"shop\",code_class=\"1xx\"}"), 2U);
    const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
    EXPECT_EQ(status.at("services").at("shop").at("upgrades").at("open"), 2);
  }
  EXPECT_TRUE(eventually([&] { return open_upgrades(gateway) == 0; }));
  EXPECT_EQ(figure(gateway, "switchgear_gateway_upgrades_total{service=\"shop\"}"), 2U);
  for (const char* direction : {"to_client", "to_service"}) {
    EXPECT_EQ(
        figure(gateway, std::string{"switchgear_gateway_upgraded_bytes_total{service=\"shop\",direction=\""} +
                            direction + "\"}"),
        5U);
  }
}

TEST(GatewayUpgraded, ConnectionHasALineInTheAccessLogWhenItEnds) {
  std::string place = (std::filesystem::temp_directory_path() / "switchgear-upgrade-XXXXXX").string();
  ASSERT_NE(::mkdtemp(place.data()), nullptr);
  const std::string file = place + "/access.log";
  const auto lines = [&] {
    std::vector<boost::json::value> all;
    std::ifstream stream{file};
    for (std::string line; std::getline(stream, line);) all.push_back(boost::json::parse(line));
    return all;
  };
  Upstream upstream{switching(echo)};
  {
    const GatewayProcess gateway{plain(upstream.port(), "limits: {upgrade_idle: 300ms}") +
                                 "log: {access: {file: \"" + file + "\", format: json}}\n"};
    {
      Socket client = upgraded(gateway);
      client.send("12345");
      EXPECT_EQ(client.read_exactly(5), "12345");
    }
    EXPECT_TRUE(eventually([&] { return lines().size() == 1; }));
    EXPECT_TRUE(upgraded(gateway).ends());
    EXPECT_TRUE(eventually([&] { return lines().size() == 2; }));
  }
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("status"), 101);
  EXPECT_EQ(all[0].at("bytes"), 5);
  EXPECT_EQ(all[0].at("path").as_string(), "/chat");
  EXPECT_EQ(all[0].at("service").as_string(), "shop");
  EXPECT_FALSE(all[0].as_object().contains("reason"));
  EXPECT_EQ(all[1].at("reason").as_string(), "upgrade_idle");
  EXPECT_GE(all[1].at("duration").as_double(), 0.3);
  std::filesystem::remove_all(place);
}

TEST(GatewayUpgraded, ConnectionGoesOnWhileTheGatewayDrainsUntilItsTimeIsOver) {
  Upstream upstream{switching(echo)};
  GatewayProcess gateway{plain(upstream.port(), "limits: {drain_timeout: 1s}")};
  Socket client = upgraded(gateway);
  gateway.signal(SIGTERM);
  EXPECT_TRUE(gateway.logs("draining: "));
  client.send("still here");
  EXPECT_EQ(client.read_exactly(10), "still here");
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_TRUE(client.ends());
}

TEST(GatewayUpgraded, ConnectionThatEndsLetsTheDrainEnd) {
  Upstream upstream{switching(echo)};
  GatewayProcess gateway{plain(upstream.port(), "limits: {drain_timeout: 10m}")};
  Socket client = upgraded(gateway);
  gateway.signal(SIGTERM);
  EXPECT_TRUE(gateway.logs("draining: "));
  client.close();
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

TEST(GatewayUpgraded, ConnectionOutlivesAReloadThatRemovesItsService) {
  Upstream upstream{switching(echo)};
  const GatewayProcess gateway{plain(upstream.port())};
  Socket client = upgraded(gateway);
  gateway.rewrite(config_text({{"another", upstream.port(), "/another"}}));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.get("/chat").status(), 404U);
  client.send("still here");
  EXPECT_EQ(client.read_exactly(10), "still here");
}

/// Takes upgrades and echoes what comes; answers any other request.
Upstream::Serve switching_or_answering() {
  return [](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (!request->has("upgrade")) {
        socket.send(ok());
        continue;
      }
      socket.send(switched);
      return echo(socket);
    }
  };
}

TEST(GatewayUpgraded, ConnectionHoldsAPlaceInTheBulkheadOnlyIfAsked) {
  for (const bool holds : {false, true}) {
    Upstream upstream{switching_or_answering()};
    const GatewayProcess gateway{guarded(
        upstream.port(),
        std::string{"timeout: 60s, bulkhead: {max_concurrent: 1"} + (holds ? ", hold_streams: true}" : "}"))};
    {
      const Socket client = upgraded(gateway);
      EXPECT_EQ(gateway.get("/").status(), holds ? 503U : 200U);
    }
    EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200U; }));
  }
}

TEST(GatewayUpgraded, ConnectionIsToTheBreakerWhatItsHandshakeWas) {
  Upstream upstream{switching([](Socket& socket) {
    if (socket.receive() == "reset me") socket.reset();
  })};
  const GatewayProcess gateway{
      guarded(upstream.port(),
              "timeout: 60s, circuit_breaker: {consecutive_failures: 1, slow_call: {threshold: 30s, rate: "
              "0.1}, stuck_calls: {older_than: 1ms, count: 1}}")};
  Socket open = upgraded(gateway);
  Socket broken = upgraded(gateway);
  broken.send("reset me");
  EXPECT_EQ(broken.read_all(), "");
  EXPECT_EQ(counter(gateway, "successes"), 2U) << "also of the one that is still open";
  EXPECT_EQ(counter(gateway, "failures"), 0U);
  EXPECT_EQ(counter(gateway, "slow"), 0U);
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(figure(gateway, "switchgear_responses_aborted_total{service=\"shop\"}"), 0U);
}

TEST(GatewayUpgraded, ConnectionCountsAsACallOfItsInstanceWhileItIsOpenAndIsJudgedByItsHandshake) {
  Upstream first{switching(echo)};
  Upstream second{switching(echo)};
  const auto url = [](const Upstream& upstream) {
    return "{url: \"http://127.0.0.1:" + std::to_string(upstream.port()) + "\"}";
  };
  const GatewayProcess gateway{config_text({}) + "  shop: {upstreams: [" + url(first) + ", " + url(second) +
                               "], policy: plain, routes: [{prefix: /, upgrade: [websocket]}], balance: "
                               "least_requests, ejection: {consecutive_5xx: 1, max_ejected: 1.0}}\n"};
  const auto instances = [&] {
    const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
    return status.at("services").at("shop").at("instances").as_array();
  };
  const auto sum = [&](const char* key) {
    std::int64_t all = 0;
    for (const auto& each : instances()) all += each.at(key).to_number<std::int64_t>();
    return all;
  };
  {
    std::vector<Socket> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(upgraded(gateway));
    EXPECT_EQ(sum("in_flight"), 10);
    EXPECT_EQ(sum("calls"), 10) << "each counts once";
    for (const auto& each : instances())
      EXPECT_GE(each.at("in_flight").to_number<int>(), 2) << "they are spread by how many each has";
    for (Socket& client : clients) client.reset();
  }
  EXPECT_TRUE(eventually([&] { return sum("in_flight") == 0; }));
  EXPECT_EQ(sum("failures"), 0) << "how a connection ends says nothing about the instance";
  for (const auto& each : instances()) EXPECT_TRUE(each.at("usable").as_bool());
}

TEST(GatewayUpgraded, ConnectionIsOneOfThoseThatTheServiceMayHave) {
  Upstream upstream{switching_or_answering()};
  const GatewayProcess gateway{plain(upstream.port(), "", ", connections: {max: 1, max_waiting: 1}")};
  Socket client = upgraded(gateway);
  Socket next = Socket::connect(gateway.port());
  next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(
      eventually([&] { return figure(gateway, "switchgear_gateway_pool_waiting{service=\"shop\"}") == 1; }));
  EXPECT_EQ(gateway.get("/").status(), 503U);
  client.close();
  EXPECT_EQ(next.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(upstream.connections(), 2) << "what carried another protocol is kept for no request";
}

TEST(GatewayUpgraded, ClientIsNotIdleAndKeepsItsPlaceWhenOthersWait) {
  Upstream upstream{switching_or_answering()};
  const GatewayProcess gateway{plain(upstream.port(), "limits: {connections: 1}")};
  Socket client = upgraded(gateway);
  Socket next = Socket::connect(gateway.port());
  next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(gateway.logs("clients wait: "));
  client.send("still here");
  EXPECT_EQ(client.read_exactly(10), "still here");
  client.close();
  EXPECT_EQ(next.read_response().value_or(Message{}).status(), 200U);
}

}  // namespace
}  // namespace switchgear::wire
