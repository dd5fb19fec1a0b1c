// Breakers between real sockets: what opens them, what a refused client gets, how they recover.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <cstdlib>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string guarded(std::uint16_t port, const std::string& breaker) {
  return config_text({{"payment", port, "/payment/", "guarded"}, {"stock", port, "/stock/"}},
                     "  guarded: {timeout: 60s, circuit_breaker: {" + breaker + "}}\n");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("payment").at("counters").at(name).to_number<std::uint64_t>();
}

struct Dependency {
  std::atomic<bool> healthy{false};
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([this](const Message& request) {
    if (request.target().starts_with("/stock/")) return ok();
    ++calls;
    return healthy ? ok() : std::string{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"};
  })};
};

TEST(Gateway, AnswersFromAnOpenBreakerWithoutCallingTheUpstream) {
  Dependency payment;
  const GatewayProcess gateway{
      guarded(payment.upstream.port(), "consecutive_failures: 3, open_duration: 60s")};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.get("/payment/").status(), 500U);
  const Message refused = gateway.get("/payment/");
  EXPECT_EQ(payment.calls, 3);
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(refused.field("content-type"), "application/problem+json");
  EXPECT_EQ(refused.field("cache-control"), "no-store");
  EXPECT_NE(refused.field("proxy-status").find("switchgear; error=destination_unavailable"),
            std::string::npos);
  const boost::json::value problem = boost::json::parse(refused.body);
  EXPECT_EQ(problem.at("circuit").as_string(), "payment");
  EXPECT_EQ(problem.at("state").as_string(), "open");
  EXPECT_EQ(problem.at("reason").as_string(), "open");
  EXPECT_EQ(problem.at("status").to_number<int>(), 503);
  const double milliseconds = problem.at("retry_after_ms").to_number<double>();
  EXPECT_GT(milliseconds, 0);
  EXPECT_LE(milliseconds, 60'000);
  EXPECT_EQ(std::strtol(refused.field("retry-after").c_str(), nullptr, 10),
            static_cast<long>((milliseconds + 999) / 1000));
  EXPECT_EQ(gateway.get("/stock/").status(), 200U) << "another service has nothing to do with it";
}

TEST(Gateway, HalfOpensByItselfWhenNobodyCalls) {
  Dependency payment;
  const GatewayProcess gateway{guarded(
      payment.upstream.port(), "consecutive_failures: 1, open_duration: 50ms, probe_automatically: true")};
  EXPECT_EQ(gateway.get("/payment/").status(), 500U);
  EXPECT_TRUE(eventually([&] { return gateway.breaker("payment").at("state") == "half_open"; }));
  EXPECT_EQ(payment.calls, 1);
}

TEST(Gateway, RefusesAPostAndItsBodyAndKeepsTheConnection) {
  Dependency payment;
  const GatewayProcess gateway{
      guarded(payment.upstream.port(), "consecutive_failures: 1, open_duration: 60s")};
  EXPECT_EQ(gateway.get("/payment/").status(), 500U);
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /payment/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 503U);
  }
  client.send("HEAD /payment/ HTTP/1.1\r\nHost: a\r\n\r\nGET /stock/ HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response(true).value_or(Message{}).status(), 503U);
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(payment.calls, 1);
}

TEST(Gateway, LetsExactlyItsProbesThroughAndClosesWhenTheyPass) {
  Dependency payment;
  const GatewayProcess gateway{guarded(
      payment.upstream.port(),
      "consecutive_failures: 2, open_duration: 2s, half_open: {permitted_calls: 2, max_concurrent: 1}")};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(gateway.get("/payment/").status(), 500U);
  EXPECT_EQ(gateway.get("/payment/").status(), 503U);
  payment.healthy = true;
  EXPECT_TRUE(eventually([&] { return gateway.get("/payment/").status() == 200; }));
  EXPECT_EQ(payment.calls, 3) << "one probe";
  EXPECT_EQ(gateway.state("payment"), "half_open");
  EXPECT_EQ(gateway.get("/payment/").status(), 200U);
  EXPECT_EQ(gateway.state("payment"), "closed");
  EXPECT_EQ(counter(gateway, "opened"), 1U);
  EXPECT_EQ(counter(gateway, "closed"), 1U);
}

TEST(Gateway, StaysOpenForAsLongAsTheServerAskedToBeLeftAlone) {
  Upstream upstream{Upstream::saying("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")};
  const GatewayProcess gateway{
      guarded(upstream.port(), "consecutive_failures: 1, open_duration: 1s, honor_retry_after: true")};
  EXPECT_EQ(gateway.get("/payment/").field("retry-after"), "120");
  const Message refused = gateway.get("/payment/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_GT(boost::json::parse(refused.body).at("retry_after_ms").to_number<int>(), 100'000);
}

TEST(Gateway, ObeysAnOperatorsCommands) {
  Dependency payment;
  payment.healthy = true;
  const GatewayProcess gateway{
      guarded(payment.upstream.port(), "consecutive_failures: 1, open_duration: 60s")};
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/payment/force-open").status() / 100, 2U);
  const Message refused = gateway.get("/payment/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_FALSE(refused.has("retry-after")) << "depends on the operator";
  EXPECT_EQ(boost::json::parse(refused.body).at("reason").as_string(), "forced_open");
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/payment/reset").status() / 100, 2U);
  EXPECT_EQ(gateway.get("/payment/").status(), 200U);
}

TEST(Gateway, CountsAndTimesEveryCall) {
  Dependency payment;
  payment.healthy = true;
  const GatewayProcess gateway{guarded(payment.upstream.port(), "consecutive_failures: 1")};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/payment/").status(), 200U);
  EXPECT_EQ(gateway.get("/nowhere").status(), 404U);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line :
       {"switchgear_gateway_requests_total{service=\"payment\",code_class=\"2xx\"} 5",
        "switchgear_gateway_requests_total{service=\"\",code_class=\"4xx\"} 1",
        "circuit_breaker_calls_total{circuit=\"payment\",result=\"success\"} 5",
        "circuit_breaker_call_duration_seconds_count{circuit=\"payment\",result=\"success\"} 5"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
}

}  // namespace
}  // namespace switchgear::wire
