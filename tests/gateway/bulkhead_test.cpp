// How many calls run at once, and who waits: bulkhead and adaptive limit between real sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <condition_variable>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Answers when it is told to; knows how many it has at once.
class Gated {
 public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  ~Gated() { open(); }
  std::atomic<int> inside{0};
  std::atomic<int> most{0};

 private:
  std::string serve() {
    const int now = ++inside;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, [this] { return open_; });
    --inside;
    return ok();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;

 public:
  Upstream upstream{Upstream::answering([this](const Message&) { return serve(); })};
};

std::string limited(std::uint16_t port, const std::string& policy, const std::string& gateway = "") {
  return config_text({{"shop", port, "/", "few"}}, "  few: {timeout: 60s, " + policy + "}\n", gateway);
}

Socket asking(const GatewayProcess& gateway) {
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return client;
}

bool says(const GatewayProcess& gateway, const std::string& line) {
  return gateway.admin("GET", "/metrics").body.find(line) != std::string::npos;
}

TEST(GatewayBulkhead, RefusesTheNextCallWhenItIsFull) {
  Gated shop;
  const GatewayProcess gateway{limited(shop.upstream.port(), "bulkhead: {max_concurrent: 1}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(refused.field("content-type"), "application/problem+json");
  const auto problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("reason").as_string(), "bulkhead_full");
  EXPECT_EQ(problem.at("service").as_string(), "shop");
  EXPECT_TRUE(says(gateway, "switchgear_bulkhead_in_use{service=\"shop\"} 1"));
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST(GatewayBulkhead, LetsTheFirstOfTheQueueInWhenASlotIsFreed) {
  Gated shop;
  const GatewayProcess gateway{
      limited(shop.upstream.port(), "bulkhead: {max_concurrent: 1, max_queue: 1, max_wait: 60s}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  Socket second = asking(gateway);
  EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 1"); }));
  EXPECT_EQ(gateway.get("/").status(), 503U) << "no place in the queue either";
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(second.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(shop.most, 1);
}

TEST(GatewayBulkhead, KeepsItsCallsAndWaitersWhenAReloadChangesItsSize) {
  Gated shop;
  const std::uint16_t port = shop.upstream.port();
  const GatewayProcess gateway{limited(port, "bulkhead: {max_concurrent: 1, max_queue: 1, max_wait: 60s}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  Socket second = asking(gateway);
  EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 1"); }));

  gateway.rewrite(limited(port, "bulkhead: {max_concurrent: 2}"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(eventually([&] { return shop.inside == 2; })) << "the one that waited is let in";
  EXPECT_TRUE(says(gateway, "switchgear_bulkhead_in_use{service=\"shop\"} 2"));
  EXPECT_EQ(gateway.get("/").status(), 503U) << "the call from before holds one of the two";

  gateway.rewrite(limited(port, "bulkhead: {max_concurrent: 1}"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(says(gateway, "switchgear_bulkhead_in_use{service=\"shop\"} 2")) << "none is ended";
  EXPECT_EQ(gateway.get("/").status(), 503U);
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(second.read_response().value_or(Message{}).status(), 200U);
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200U; }));
}

TEST(GatewayBulkhead, SendsWhoHasWaitedLongEnoughAway) {
  Gated shop;
  const GatewayProcess gateway{
      limited(shop.upstream.port(), "bulkhead: {max_concurrent: 1, max_queue: 9, max_wait: 200ms}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  const auto start = std::chrono::steady_clock::now();
  const Message refused = gateway.get("/");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{200});
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(boost::json::parse(refused.body).at("reason").as_string(), "queue_timeout");
}

TEST(GatewayBulkhead, GivesThePlaceOfAClientThatLeavesToTheNext) {
  Gated shop;
  const GatewayProcess gateway{
      limited(shop.upstream.port(), "bulkhead: {max_concurrent: 1, max_queue: 1, max_wait: 60s}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  {
    Socket leaves = asking(gateway);
    EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 1"); }));
  }
  EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 0"); }));
  Socket next = asking(gateway);
  EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 1"); }));
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(next.read_response().value_or(Message{}).status(), 200U);
}

TEST(GatewayBulkhead, HoldsForAllThreadsTogetherAndLosesNobody) {
  Gated shop;
  std::string config =
      limited(shop.upstream.port(), "bulkhead: {max_concurrent: 2, max_queue: 100, max_wait: 60s}");
  config.replace(config.find("threads: 1"), 10, "threads: 4");
  const GatewayProcess gateway{config};
  std::vector<Socket> clients;
  for (int i = 0; i < 32; ++i) clients.push_back(asking(gateway));
  EXPECT_TRUE(eventually([&] { return says(gateway, "switchgear_bulkhead_waiting{service=\"shop\"} 30"); }));
  EXPECT_TRUE(eventually([&] { return shop.inside == 2; })) << "admitted, and on their way to the service";
  shop.open();
  for (Socket& client : clients) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(shop.most, 2);
}

TEST(GatewayBulkhead, RefusesWhatTheAdaptiveLimitHasNoRoomFor) {
  Gated shop;
  const GatewayProcess gateway{
      limited(shop.upstream.port(), "adaptive_limit: {initial: 1, min_limit: 1, max_limit: 1}")};
  Socket first = asking(gateway);
  EXPECT_TRUE(eventually([&] { return shop.inside == 1; }));
  const Message refused = gateway.get("/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(boost::json::parse(refused.body).at("reason").as_string(), "concurrency_limit");
  EXPECT_TRUE(says(gateway, "switchgear_adaptive_limit{service=\"shop\"} 1"));
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
}

}  // namespace
}  // namespace switchgear::wire
