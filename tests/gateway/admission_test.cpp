// Admission control between real sockets: a service that fails gets fewer requests, and all of them again
// when it is well.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

json::value admission_of(const GatewayProcess& gateway) {
  return json::parse(gateway.admin("GET", "/status").body).at("services").at("shop").at("admission");
}

class GatewayAdmission : public ::testing::Test {
 protected:
  std::atomic<bool> failing{false};
  std::atomic<int> received{0};
  Upstream shop{Upstream::answering([this](const Message&) {
    ++received;
    return failing ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
};

TEST_F(GatewayAdmission, SendsAFailingServiceAShareOfItsRequestsAndAllAgainWhenItIsWell) {
  const GatewayProcess gateway{config_text({{"shop", shop.port(), "/", "throttled"}},
                                           "  throttled: {timeout: 60s, admission: {window: 1h}}\n")};
  failing = true;
  constexpr int requests = 200;
  int refused = 0;
  for (int i = 0; i < requests; ++i) {
    const Message answer = gateway.get("/");
    if (answer.status() == 500) continue;
    EXPECT_EQ(answer.status(), 503U);
    if (++refused > 1) continue;
    const json::value problem = json::parse(answer.body);
    EXPECT_EQ(problem.at("reason"), "throttled");
    EXPECT_EQ(problem.at("service"), "shop");
    EXPECT_EQ(problem.at("policy"), "shop");
    EXPECT_NE(answer.field("proxy-status").find("http_request_denied"), std::string::npos);
    EXPECT_EQ(answer.field("retry-after"), "") << "the next request may be admitted";
    EXPECT_EQ(answer.field("cache-control"), "no-store");
  }
  EXPECT_EQ(received, requests - refused) << "what is refused is not sent";
  EXPECT_GT(refused, requests / 2);
  EXPECT_LT(refused, requests * 19 / 20) << "max_rejection is 0.8";
  const json::value seen = admission_of(gateway);
  EXPECT_EQ(seen.at("rejection_ratio").to_number<double>(), 0.8);
  EXPECT_EQ(seen.at("rejected").to_number<int>(), refused);
  EXPECT_EQ(seen.at("failures").to_number<int>(), requests - refused);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  EXPECT_NE(metrics.find("switchgear_admission_rejection_ratio{service=\"shop\"} 0.8"), std::string::npos);
  EXPECT_NE(metrics.find("switchgear_admission_rejected_total{service=\"shop\"} " + std::to_string(refused)),
            std::string::npos);

  failing = false;
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 100; ++i) (void)gateway.get("/");
    return admission_of(gateway).at("rejection_ratio").to_number<double>() == 0;
  }));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST_F(GatewayAdmission, LeavesAServiceWithLittleTrafficAlone) {
  const GatewayProcess gateway{
      config_text({{"shop", shop.port(), "/", "throttled"}},
                  "  throttled: {timeout: 60s, admission: {window: 1h, min_per_second: 1}}\n")};
  failing = true;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(gateway.get("/").status(), 500U);
}

TEST_F(GatewayAdmission, CountsARequestThatARetrySavedAsASuccess) {
  std::atomic<int> calls{0};
  Upstream every_second{Upstream::answering([&](const Message&) {
    return ++calls % 2 == 1 ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  const GatewayProcess gateway{config_text(
      {{"shop", every_second.port(), "/", "throttled"}},
      "  throttled: {timeout: 60s, retry: {max_attempts: 2, base: 0s, jitter: none}, admission: {}}\n")};
  for (int i = 0; i < 50; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(calls, 100);
  EXPECT_EQ(admission_of(gateway).at("successes").to_number<int>(), 50);
  EXPECT_EQ(admission_of(gateway).at("failures").to_number<int>(), 0);
}

}  // namespace
}  // namespace switchgear::wire
