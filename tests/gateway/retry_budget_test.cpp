// A retry budget of what is in flight, between real sockets: how many attempts are made again at once, and
// that their places come back however a call ends.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// Fails the first request to each path. Holds each later one to `/held…` until it is told to answer.
class FailsFirst {
 public:
  ~FailsFirst() { open(); }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] int held() {
    const std::lock_guard lock{mutex_};
    return held_;
  }

 private:
  std::string serve(const std::string& path) {
    std::unique_lock lock{mutex_};
    if (++seen_[path] == 1) return "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
    if (!path.starts_with("/held")) return ok();
    ++held_;
    changed_.wait_for(lock, patience, [this] { return open_; });
    return ok();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> seen_;
  int held_ = 0;
  bool open_ = false;

 public:
  Upstream upstream{Upstream::answering([this](const Message& request) { return serve(request.target()); })};
};

class GatewayRetryBudget : public ::testing::Test {
 protected:
  [[nodiscard]] json::value budget() const {
    return json::parse(gateway.admin("GET", "/status").body).at("services").at("shop").at("retry_budget");
  }
  [[nodiscard]] int left() const { return budget().at("left").to_number<int>(); }
  [[nodiscard]] Socket asking(const std::string& path) const {
    Socket client = Socket::connect(gateway.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client;
  }

  FailsFirst shop;
  const GatewayProcess gateway{
      config_text({{"shop", shop.upstream.port(), "/", "again"}},
                  "  again: {timeout: 60s, retry: {max_attempts: 2, base: 0s, jitter: none,"
                  " budget: {mode: concurrent, ratio: 0, min_concurrency: 1}}}\n")};
};

TEST_F(GatewayRetryBudget, GrantsAnotherRetryWhenTheOneInFlightHasEnded) {
  Socket first = asking("/held");
  EXPECT_TRUE(eventually([&] { return shop.held() == 1; }));
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(gateway.get("/other").status(), 503U) << "the service's own answer; nothing is tried again";
  EXPECT_EQ(budget().at("refused").to_number<int>(), 1);
  shop.open();
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 200U);
  EXPECT_TRUE(eventually([&] { return left() == 1; }));
  EXPECT_EQ(gateway.get("/third").status(), 200U);
}

TEST_F(GatewayRetryBudget, GetsThePlaceBackFromAClientThatLeaves) {
  Socket first = asking("/held");
  EXPECT_TRUE(eventually([&] { return shop.held() == 1; }));
  first.reset();
  EXPECT_TRUE(eventually([&] { return left() == 1; }));
  EXPECT_EQ(gateway.get("/other").status(), 200U);
}

}  // namespace
}  // namespace switchgear::wire
