// The calls of a service, recorded through the admin API.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

class GatewayRecording : public testing::Test {
 protected:
  boost::json::value recording() {
    return boost::json::parse(gateway.admin("GET", "/traces").body).at("traces").as_array().at(0);
  }
  static long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  std::atomic<bool> fails{false};
  Upstream upstream{Upstream::answering([this](const Message&) {
    return fails ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"} : ok("hello");
  })};
  GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}},
                                     "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 3, "
                                     "open_duration: 1h, max_open_duration: 1h}}\n")};
};

TEST_F(GatewayRecording, HasEveryCallAndEveryRefusal) {
  ASSERT_EQ(gateway.admin("POST", "/traces?name=shop&for=1h").status(), 201U);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(gateway.get("/").status(), 200U);
  fails = true;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(gateway.get("/").status(), 500U);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(gateway.get("/").status(), 503U);
  EXPECT_TRUE(eventually([&] { return recording().at("calls").to_number<int>() == 10; }));
  EXPECT_EQ(gateway.admin("GET", "/traces/shop").status(), 409U) << "it is not over";
  EXPECT_EQ(gateway.admin("POST", "/traces?name=shop").status(), 409U);
  ASSERT_EQ(gateway.admin("POST", "/traces/shop/stop").status(), 200U);

  const std::string trace = gateway.admin("GET", "/traces/shop").body;
  EXPECT_EQ(lines(trace), 10);
  double before = 0;
  int successes = 0, failures = 0, refused = 0;
  for (std::size_t at = 0; at < trace.size(); at = trace.find('\n', at) + 1) {
    const auto call = boost::json::parse(trace.substr(at, trace.find('\n', at) - at));
    EXPECT_GE(call.at("at").to_number<double>(), before);
    before = call.at("at").to_number<double>();
    const std::string verdict{call.at("verdict").as_string()};
    successes += verdict == "success" ? 1 : 0;
    failures += verdict == "failure" ? 1 : 0;
    refused += verdict == "refused" ? 1 : 0;
    EXPECT_EQ(call.as_object().contains("latency"), verdict != "refused");
    EXPECT_EQ(call.as_object().contains("type"), verdict == "failure");
  }
  EXPECT_EQ(successes, 5);
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(lines(gateway.admin("GET", "/traces/shop?after=8").body), 2);
  EXPECT_EQ(gateway.admin("GET", "/traces/shop?after=8").body,
            trace.substr(trace.size() - gateway.admin("GET", "/traces/shop?after=8").body.size()));
}

TEST_F(GatewayRecording, EndsByItself) {
  ASSERT_EQ(gateway.admin("POST", "/traces?name=shop&for=10ms").status(), 201U);
  EXPECT_TRUE(eventually([&] { return recording().at("over").as_bool(); }));
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(recording().at("calls").to_number<int>(), 0);
}

TEST_F(GatewayRecording, SaysWhatIsWrong) {
  EXPECT_EQ(gateway.admin("POST", "/traces").status(), 400U);
  EXPECT_EQ(gateway.admin("POST", "/traces?name=stock").status(), 404U);
  EXPECT_EQ(gateway.admin("POST", "/traces/shop/stop").status(), 404U);
  EXPECT_EQ(gateway.admin("GET", "/traces/shop").status(), 404U);
  EXPECT_EQ(gateway.admin("GET", "/traces/shop?after=x").status(), 400U);
}

}  // namespace
}  // namespace switchgear::wire
