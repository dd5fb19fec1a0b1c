// Several instances of one service behind the gateway: which of them get the calls, and what happens when
// some of them fail.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Answers with its number as long as it is well, and with 503 otherwise.
class Shop {
 public:
  explicit Shop(int number, bool well = true) : number_(number), well_(well) {}

  std::atomic<int> calls{0};
  void set_well(bool well) { well_ = well; }
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }

 private:
  const int number_;
  std::atomic<bool> well_;
  Upstream upstream_{Upstream::answering([this](const Message&) {
    ++calls;
    return well_ ? ok(std::to_string(number_)) : std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
  })};
};

std::string list_of(const std::vector<std::uint16_t>& ports) {
  std::string list;
  for (const std::uint16_t port : ports)
    list += (list.empty() ? "" : ", ") + ("{url: \"http://127.0.0.1:" + std::to_string(port) + "\"}");
  return "[" + list + "]";
}

/// `policy` and `service` are further keys.
std::string spread(const std::vector<std::uint16_t>& ports,
                   const std::string& service = "balance: round_robin",
                   const std::string& policy = "timeout: 60s") {
  return config_text({}, "  p: {" + policy + "}\n") + "  shop: {upstreams: " + list_of(ports) +
         ", policy: p, routes: [{prefix: /}], " + service + "}\n";
}

boost::json::array instances_of(const GatewayProcess& gateway) {
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
  return status.at("services").at("shop").at("instances").as_array();
}

TEST(GatewayInstances, GetTheCallsInTurnsByTheirWeights) {
  Shop first{1};
  Shop second{2};
  const GatewayProcess gateway{
      config_text({}, "  p: {timeout: 60s}\n") +
      "  shop: {upstreams: [{url: \"http://127.0.0.1:" + std::to_string(first.port()) +
      "\", weight: 3}, {url: \"http://127.0.0.1:" + std::to_string(second.port()) +
      "\"}], balance: round_robin, policy: p, routes: [{prefix: /}]}\n"};
  for (int i = 0; i < 40; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(first.calls, 30);
  EXPECT_EQ(second.calls, 10);
}

TEST(GatewayInstances, ARetryGoesToAnotherOne) {
  Shop bad{1, false};
  Shop good{2};
  const GatewayProcess gateway{spread({bad.port(), good.port()}, "balance: least_requests",
                                      "timeout: 60s, retry: {max_attempts: 2, base: 1ms, jitter: none}")};
  for (int i = 0; i < 50; ++i) EXPECT_EQ(gateway.get("/").body, "2");
  EXPECT_EQ(good.calls, 50);
}

TEST(GatewayInstances, OneThatIsAwayCostsNoClientAnAnswer) {
  std::uint16_t away = 0;
  { away = Shop{0}.port(); }
  Shop good{2};
  const GatewayProcess gateway{
      spread({away, good.port()}, "balance: round_robin, ejection: {consecutive_5xx: 3, max_ejected: 0.5}",
             "timeout: 60s, retry: {max_attempts: 2, base: 1ms, jitter: none}")};
  for (int i = 0; i < 30; ++i) EXPECT_EQ(gateway.get("/").body, "2");
  const boost::json::array instances = instances_of(gateway);
  EXPECT_EQ(instances.at(0).at("calls"), 3) << "it was left out after three calls";
  EXPECT_FALSE(instances.at(0).at("usable").as_bool());
  EXPECT_EQ(instances.at(0).at("ejected").at("rule"), "consecutive_5xx");
  EXPECT_TRUE(instances.at(1).at("usable").as_bool());
  EXPECT_TRUE(
      gateway.logs("instance 127.0.0.1:" + std::to_string(away) +
                   " is left out for 30s: 3 failed calls in a row (limit 3); 1 of 2 instances is out"))
      << gateway.log();
}

TEST(GatewayInstances, OneThatRecoversIsUsedAgain) {
  Shop flaky{1, false};
  Shop good{2};
  const GatewayProcess gateway{
      spread({flaky.port(), good.port()},
             "balance: round_robin, ejection: {consecutive_5xx: 2, max_ejected: 0.5, base: 200ms}")};
  while (instances_of(gateway).at(0).at("usable").as_bool()) (void)gateway.get("/");
  flaky.set_well(true);
  ASSERT_TRUE(gateway.logs("is used again: its time is over; 0 of 2 instances are out")) << gateway.log();
  const int before = flaky.calls;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(flaky.calls, before + 5);
}

TEST(GatewayInstances, TheHistoryTellsWhenOneWasLeftOutAndWhy) {
  Shop bad{1, false};
  Shop good{2};
  const GatewayProcess gateway{
      spread({bad.port(), good.port()},
             "balance: round_robin, ejection: {consecutive_5xx: 2, max_ejected: 0.5, base: 200ms}")};
  const std::string name = "127.0.0.1:" + std::to_string(bad.port());
  while (instances_of(gateway).at(0).at("usable").as_bool()) (void)gateway.get("/");
  ASSERT_TRUE(gateway.logs("is used again")) << gateway.log();
  const auto past = boost::json::parse(gateway.admin("GET", "/history?name=shop").body);
  const boost::json::array& seen = past.at("instances").as_array();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].at("what"), "ejected");
  EXPECT_EQ(seen[0].at("instance").as_string(), name);
  EXPECT_EQ(seen[0].at("text").as_string(),
            "instance " + name +
                " is left out for 0.2s: 2 failed calls in a row (limit 2); 1 of 2 instances is out");
  EXPECT_EQ(seen[1].at("what"), "returned");
  EXPECT_LT(seen[0].at("at").as_string(), seen[1].at("at").as_string());
}

TEST(GatewayInstances, WhenAllAreBadAllAreUsed) {
  Shop first{1, false};
  Shop second{2, false};
  const GatewayProcess gateway{
      spread({first.port(), second.port()},
             "balance: round_robin, ejection: {consecutive_5xx: 1, max_ejected: 1, panic: 0.5}")};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").status(), 503U);
  EXPECT_EQ(first.calls, 5);
  EXPECT_EQ(second.calls, 5);
  EXPECT_TRUE(gateway.logs(": 0 of 2 instances are healthy: all are used")) << gateway.log();
}

TEST(GatewayInstances, TheStatusSaysWhyOneGetsNoCalls) {
  Shop bad{1, false};
  Shop good{2};
  Shop other{3};
  const GatewayProcess gateway{
      spread({bad.port(), good.port(), other.port()},
             "ejection: {consecutive_5xx: 1, max_ejected: 0.5, base: 200ms}, "
             "health_check: {http: {path: /}, interval: 20ms, unhealthy: 1, healthy: 1}")};
  const auto seen = [&] {
    return boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop");
  };
  ASSERT_TRUE(eventually([&] { return !seen().at("instances").at(0).at("usable").as_bool(); }));
  const boost::json::value now = seen();
  EXPECT_EQ(now.at("instances").at(0).at("reasons"), (boost::json::array{"health_check"}));
  EXPECT_EQ(now.at("instances").at(0).at("why"), "its health check is bad");
  EXPECT_TRUE(now.at("instances").at(0).at("ejected").is_null());
  EXPECT_TRUE(now.at("instances").at(1).at("reasons").as_array().empty());
  EXPECT_TRUE(now.at("instances").at(1).at("why").is_null());
  EXPECT_EQ(now.at("panic"), false);
  good.set_well(false);
  other.set_well(false);
  ASSERT_TRUE(eventually([&] { return seen().at("panic").as_bool(); }));
  EXPECT_EQ(seen().at("instances").at(0).at("why"),
            "its health check is bad; it gets calls all the same, because too few instances are healthy");
}

TEST(GatewayInstances, AnEjectionThatEndsDoesNotBringBackOneWhoseHealthCheckIsBad) {
  std::atomic<bool> sick{false};
  std::atomic<int> bad_checks{0};
  const std::string bad = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
  const Upstream flaky{Upstream::answering([&](const Message& request) {
    if (request.target() == "/healthz") bad_checks += sick ? 1 : 0;
    return sick ? bad : ok();
  })};
  const Upstream good{Upstream::saying(ok())};
  const GatewayProcess gateway{
      spread({flaky.port(), good.port()},
             "balance: round_robin, ejection: {consecutive_5xx: 1, max_ejected: 0.5, base: 2s}, "
             "health_check: {http: {path: /healthz}, interval: 100ms, unhealthy: 3, healthy: 1}")};
  const std::string at = "127.0.0.1:" + std::to_string(flaky.port());
  ASSERT_TRUE(gateway.logs("at " + at + ": unknown -> healthy")) << gateway.log();
  sick = true;
  ASSERT_TRUE(eventually([&] { return bad_checks > 0; })) << "from here on no good one comes";
  for (int i = 0; i < 2; ++i) (void)gateway.get("/");
  ASSERT_EQ(instances_of(gateway).at(0).at("ejections"), 1) << gateway.log();
  EXPECT_TRUE(gateway.logs("the ejection of instance " + at +
                           " has ended: its time is over; it is still left out, because its health check is "
                           "bad; 1 of 2 instances is out"))
      << gateway.log();
  EXPECT_EQ(gateway.log().find("is used again"), std::string::npos) << gateway.log();
}

TEST(GatewayInstances, TheUseOfConnectionsIsThatOfAllInstances) {
  Shop first{1};
  Shop second{2};
  Shop third{3};
  const GatewayProcess gateway{
      spread({first.port(), second.port(), third.port()}, "balance: round_robin, connections: {max: 2}")};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
  EXPECT_EQ(status.at("connection_pools").at("shop").at("limit"), 6) << "two to each of three instances";
}

TEST(GatewayInstances, WithoutPanicAClientIsToldThatAllAreLeftOut) {
  Shop bad{1, false};
  const GatewayProcess gateway{
      spread({bad.port()}, "ejection: {consecutive_5xx: 1, always_one: true, panic: 0}")};
  EXPECT_EQ(gateway.get("/").status(), 503U);
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_NE(refused.body.find("every instance of the service is left out"), std::string::npos)
      << refused.body;
  EXPECT_NE(refused.field("proxy-status").find("no_healthy_instance"), std::string::npos)
      << refused.field("proxy-status");
  EXPECT_EQ(bad.calls, 1);
}

TEST(GatewayInstances, AKeysCallsStayWithOneInstance) {
  Shop first{1};
  Shop second{2};
  Shop third{3};
  const std::string hash = "balance: {hash: {header: X-User}}";
  const GatewayProcess gateway{spread({first.port(), second.port(), third.port()}, hash)};
  std::vector<std::string> homes;
  for (int user = 0; user < 20; ++user) {
    const std::string field = "x-user: " + std::to_string(user) + "\r\n";
    homes.push_back(gateway.get("/", field).body);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.get("/", field).body, homes.back());
  }
  EXPECT_GT(first.calls, 0);
  EXPECT_GT(second.calls, 0);
  EXPECT_GT(third.calls, 0);
  gateway.rewrite(spread({first.port(), second.port()}, hash));
  ASSERT_TRUE(gateway.logs("configuration applied")) << gateway.log();
  for (int user = 0; user < 20; ++user) {
    if (homes[static_cast<std::size_t>(user)] == "3") continue;
    EXPECT_EQ(gateway.get("/", "x-user: " + std::to_string(user) + "\r\n").body,
              homes[static_cast<std::size_t>(user)])
        << "only the keys of the one that left have moved";
  }
}

TEST(GatewayInstances, AReloadKeepsWhatIsKnownOfThoseThatStay) {
  Shop bad{1, false};
  Shop good{2};
  Shop later{3};
  const std::string ejection =
      "balance: round_robin, ejection: {consecutive_5xx: 1, max_ejected: 0.5, base: ";
  const GatewayProcess gateway{spread({bad.port(), good.port()}, ejection + "60s}")};
  while (instances_of(gateway).at(0).at("usable").as_bool()) (void)gateway.get("/");
  gateway.rewrite(spread({good.port(), later.port(), bad.port()}, ejection + "60s}"));
  ASSERT_TRUE(gateway.logs("configuration applied")) << gateway.log();
  boost::json::array instances = instances_of(gateway);
  EXPECT_EQ(instances.size(), 3U);
  for (const boost::json::value& each : instances) {
    const bool is_bad = each.at("name").as_string() == "127.0.0.1:" + std::to_string(bad.port());
    EXPECT_EQ(each.at("usable"), !is_bad) << each.at("name").as_string().c_str();
  }
  gateway.rewrite(spread({bad.port(), good.port()}, ejection + "61s}"));
  while (instances_of(gateway).size() == 3U) std::this_thread::yield();
  instances = instances_of(gateway);
  EXPECT_FALSE(instances.at(0).at("usable").as_bool()) << "with other options too";
  EXPECT_EQ(instances.at(0).at("ejections"), 1);
  const int before = bad.calls;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").body, "2");
  EXPECT_EQ(bad.calls, before);
}

TEST(GatewayInstances, OneWhoseHealthCheckIsBadGetsNoCalls) {
  Shop bad{1, false};
  Shop good{2};
  const GatewayProcess gateway{spread(
      {bad.port(), good.port()},
      "balance: round_robin, health_check: {http: {path: /}, interval: 10ms, timeout: 60s, unhealthy: 2, "
      "healthy: 2}")};
  ASSERT_TRUE(eventually([&] { return !instances_of(gateway).at(0).at("usable").as_bool(); }));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").body, "2");
  EXPECT_TRUE(instances_of(gateway).at(0).at("ejected").is_null()) << "that is not an ejection";
  bad.set_well(true);
  ASSERT_TRUE(eventually([&] { return instances_of(gateway).at(0).at("usable").as_bool(); }));
  EXPECT_EQ(instances_of(gateway).at(0).at("calls"), 0) << "checks are no calls";
}

TEST(GatewayInstances, AGoodHealthCheckEndsAnEjection) {
  std::atomic<bool> well{false};
  Shop good{2};
  Upstream other{Upstream::answering([&](const Message& request) {
    const bool check = request.start_line.find("/healthz") != std::string::npos;
    return check || well ? ok("1") : std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
  })};
  const GatewayProcess gateway{spread(
      {other.port(), good.port()},
      "balance: round_robin, ejection: {consecutive_5xx: 1, max_ejected: 0.5, base: 300s}, health_check: "
      "{http: {path: /healthz}, interval: 10ms, timeout: 60s, unhealthy: 2, healthy: 2}")};
  while (gateway.get("/").status() == 200U) {
  }
  EXPECT_TRUE(gateway.logs("is used again: its health check is good")) << gateway.log();
}

TEST(GatewayInstances, AreInTheMetrics) {
  Shop bad{1, false};
  Shop good{2};
  const GatewayProcess gateway{spread(
      {bad.port(), good.port()}, "balance: round_robin, ejection: {consecutive_5xx: 2, max_ejected: 0.5}")};
  while (instances_of(gateway).at(0).at("usable").as_bool()) (void)gateway.get("/");
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  const std::string labels = "{service=\"shop\",instance=\"127.0.0.1:" + std::to_string(bad.port()) + "\"} ";
  for (const char* sample : {"usable", "ejections_total", "failures_total", "calls_total", "calls_in_flight"})
    EXPECT_NE(metrics.find("\nswitchgear_instance_" + std::string{sample} + labels), std::string::npos)
        << sample;
  EXPECT_NE(metrics.find("switchgear_instance_usable" + labels + "0\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("switchgear_instance_ejections_total" + labels + "1\n"), std::string::npos)
      << metrics;
}

TEST(GatewayInstances, OneAloneHasItsCallsCounted) {
  Shop shop{1, false};
  const GatewayProcess gateway{config_text({}, "  p: {timeout: 60s, retry: {max_attempts: 2, base: 1ms}}\n") +
                               "  shop: {url: \"http://127.0.0.1:" + std::to_string(shop.port()) +
                               "\", policy: p, routes: [{prefix: /}]}\n"};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.get("/").status(), 503U);
  const boost::json::value one = instances_of(gateway).at(0);
  EXPECT_EQ(one.at("calls").to_number<int>(), 6);
  EXPECT_EQ(one.at("failures").to_number<int>(), 6);
  EXPECT_EQ(one.at("in_flight").to_number<int>(), 0);
}

TEST(GatewayInstances, AllCallsArriveThoughInstancesFlapUnderLoad) {
  std::vector<std::unique_ptr<Shop>> shops;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 5; ++i) ports.push_back(shops.emplace_back(std::make_unique<Shop>(i))->port());
  std::string config = spread(
      ports,
      "balance: least_requests, ejection: {consecutive_5xx: 3, max_ejected: 0.4, base: 50ms, max: 100ms}",
      "timeout: 60s, retry: {max_attempts: 4, base: 1ms, jitter: none}");
  config.replace(config.find("threads: 1"), 10, "threads: 2");
  const GatewayProcess gateway{config};
  constexpr int clients = 4;
  constexpr int calls_each = 300;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      for (int i = 0; i < calls_each; ++i) {
        if (client == 0 && i % 10 == 0) {  // two of the five, now and then
          shops[0]->set_well(i % 20 == 0);
          shops[1]->set_well(i % 30 == 0);
        }
        answered += gateway.get("/").status() == 200U ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, clients * calls_each);
  int received = 0;
  std::int64_t counted = 0;
  std::int64_t in_flight = 0;
  for (const auto& shop : shops) received += shop->calls;
  for (const boost::json::value& each : instances_of(gateway)) {
    counted += each.at("calls").to_number<std::int64_t>();
    in_flight += each.at("in_flight").to_number<std::int64_t>();
  }
  EXPECT_EQ(counted, received);
  EXPECT_EQ(in_flight, 0);
}

/// Three shops that answer once all of them have a request, or have waited too long for that.
class SlowShops {
 public:
  [[nodiscard]] std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> ports;
    for (const auto& shop : shops_) ports.push_back(shop->port());
    return ports;
  }

 private:
  Upstream::Serve serve_ = Upstream::answering([this](const Message&) {
    std::unique_lock lock{mutex_};
    const int round = arrived_++ / 3;
    together_.notify_all();
    together_.wait_for(lock, std::chrono::seconds{5}, [&] { return arrived_ >= 3 * (round + 1); });
    return ok();
  });
  std::mutex mutex_;
  std::condition_variable together_;
  int arrived_ = 0;
  std::vector<std::unique_ptr<Upstream>> shops_ = [this] {
    std::vector<std::unique_ptr<Upstream>> shops;
    for (int i = 0; i < 3; ++i) shops.push_back(std::make_unique<Upstream>(serve_));
    return shops;
  }();
};

TEST(GatewayInstances, OneWithoutRoomForACallIsPassedOver) {
  for (const std::string balance : {"least_requests", "round_robin", "{hash: {header: x-user, bound: 3}}"}) {
    SlowShops shops;
    const GatewayProcess gateway{
        spread(shops.ports(), "connections: {max: 1, max_waiting: 0}, balance: " + balance)};
    for (int round = 0; round < 10; ++round) {
      std::vector<Socket> clients;
      for (int i = 0; i < 3; ++i) {
        clients.push_back(Socket::connect(gateway.port()));
        clients.back().send("GET / HTTP/1.1\r\nHost: a\r\nx-user: same\r\n\r\n");
      }
      for (Socket& client : clients)
        ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U) << balance << ", " << round;
    }
  }
}

}  // namespace
}  // namespace switchgear::wire
