// A gateway that is killed, and the next one on the same history file.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/alerts/alert_sink.hpp"
#include "tests/alerts/failing_shop.hpp"

namespace switchgear::wire {
namespace {

class AlertsAcrossRestarts : public testing::Test {
 protected:
  AlertsAcrossRestarts() {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-restart-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = place;
  }
  ~AlertsAcrossRestarts() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] std::string config(const AlertSink& sink) const {
    return shop_.config("  channels: {hook: {webhook: {url: \"" + sink.url() + "\"}}}\n") +
           "history: {file: \"" + directory_ + "/history.db\"}\n";
  }
  static void kill(GatewayProcess& gateway) {
    gateway.signal(SIGKILL);
    EXPECT_EQ(gateway.wait_for_exit(), -SIGKILL);
  }
  /// Of the messages that were taken. One that was taken just before the gateway was killed may come again
  /// under the same key, and counts once.
  static std::vector<std::string> statuses(const AlertSink& sink) {
    std::vector<std::string> all;
    std::set<std::string> keys;
    for (const AlertSink::Post& post : sink.taken()) {
      if (keys.insert(post.key).second) all.emplace_back(post.body.at("status").as_string());
    }
    return all;
  }

  FailingShop shop_;
  std::string directory_;
};

TEST_F(AlertsAcrossRestarts, AreToldOnceThoughTheGatewayIsKilled) {
  const AlertSink sink;
  {
    GatewayProcess gateway{config(sink)};
    ASSERT_TRUE(shop_.drive(gateway, "open"));
    ASSERT_TRUE(sink.takes(1));
    kill(gateway);
  }
  const GatewayProcess gateway{config(sink)};
  ASSERT_TRUE(eventually([&] { return statuses(sink).size() >= 2; }));
  EXPECT_EQ(statuses(sink), (std::vector<std::string>{"firing", "resolved"})) << "its breaker begins closed";
  shop_.fails = false;
  ASSERT_TRUE(shop_.drive(gateway, "closed"));
  EXPECT_EQ(statuses(sink).size(), 2U);
}

TEST_F(AlertsAcrossRestarts, AreDeliveredByTheNextGatewayUnderTheSameKey) {
  std::atomic<bool> dead{true};
  const AlertSink sink{[&](int, const AlertSink::Post&) { return dead ? "" : "200 OK\r\n"; }};
  {
    GatewayProcess gateway{config(sink)};
    ASSERT_TRUE(shop_.drive(gateway, "open"));
    ASSERT_TRUE(eventually([&] { return !sink.posts().empty(); }));
    kill(gateway);
  }
  dead = false;
  const GatewayProcess gateway{config(sink)};
  ASSERT_TRUE(sink.takes(2));
  EXPECT_EQ(statuses(sink), (std::vector<std::string>{"firing", "resolved"}));
  EXPECT_EQ(sink.taken()[0].key, sink.posts()[0].key);
}

}  // namespace
}  // namespace switchgear::wire
