// How long callers still wait, said by x-request-deadline-ms: in from trusted proxies, out to services.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/value.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

constexpr const char* trusting = "trusted_proxies: [127.0.0.1]";
constexpr const char* field = "x-request-deadline-ms";

std::string of(const std::string& value) { return std::string{field} + ": " + value + "\r\n"; }

/// Answers with the field that it got.
Upstream::Serve echo() {
  return Upstream::answering([](const Message& request) { return ok(request.field(field)); });
}
Upstream::Serve hanging() {
  return [](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  };
}

double metric(const GatewayProcess& gateway, const std::string& name) {
  const std::string text = gateway.admin("GET", "/metrics").body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size() + 2));
}

TEST(GatewayDeadlines, TheServiceIsToldHowLongAnAttemptMayTake) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const std::string told = gateway.get("/").body;
  EXPECT_GT(std::stoi(told), 0);
  EXPECT_LE(std::stoi(told), 60'000) << "the policy's timeout";
}

TEST(GatewayDeadlines, ATrustedCallersDeadlineLimitsTheCallAndIsPassedOn) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting)};
  const int told = std::stoi(gateway.get("/", of("30000")).body);
  EXPECT_GT(told, 0);
  EXPECT_LE(told, 30'000);
  EXPECT_LE(std::stoi(gateway.get("/", of("86400000")).body), 60'000)
      << "it never lengthens the policy's limit";
}

TEST(GatewayDeadlines, EachAttemptIsToldWhatIsLeftForIt) {
  std::mutex mutex;
  std::vector<int> told;
  Upstream upstream{Upstream::answering([&](const Message& request) {
    const std::lock_guard lock{mutex};
    told.push_back(std::stoi(request.field(field)));
    return told.size() < 3 ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/", "again"}},
      "  again: {timeout: 60s, deadline: 60s, retry: {max_attempts: 3, base: 20ms, jitter: none}}\n")};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_LT(told[1], told[0]) << "20 ms later";
  EXPECT_LT(told[2], told[1]);
}

TEST(GatewayDeadlines, ACallerInAHurryDoesNotOpenTheBreakerForOthers) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 2}}\n", trusting)};
  const Message answer = gateway.get("/", of("500"));
  EXPECT_EQ(answer.status(), 504U);
  EXPECT_NE(answer.body.find("the caller's deadline"), std::string::npos) << answer.body;
  // On a busy machine the time of some is over before they have a connection.
  EXPECT_TRUE(eventually([&] {
    (void)gateway.get("/", of("50"));
    return metric(gateway, "switchgear_caller_timeouts_total{service=\"shop\"}") >= 5;
  }));
  const boost::json::value breaker = gateway.breaker("shop");
  EXPECT_EQ(breaker.at("state").as_string(), "closed");
  EXPECT_EQ(breaker.at("counters").at("failures").to_number<int>(), 0);
  EXPECT_GE(breaker.at("counters").at("ignored").to_number<int>(), 5);
  EXPECT_EQ(metric(gateway, "switchgear_failures_total{service=\"shop\",type=\"timeout\"}"), 0);
}

TEST(GatewayDeadlines, TheServicesOwnTimeoutStillCountsWhenTheCallersDeadlineIsLater) {
  Upstream upstream{hanging()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 50ms, circuit_breaker: {consecutive_failures: 2}}\n", trusting)};
  EXPECT_TRUE(eventually([&] {
    (void)gateway.get("/", of("60000"));
    return gateway.state("shop") == "open";
  }));
}

TEST(GatewayDeadlines, AnInstanceIsNotLeftOutBecauseItsCallersWereInAHurry) {
  Upstream one{hanging()};
  Upstream two{hanging()};
  const std::string file =
      "version: 1\ngateway: {threads: 1, " + std::string{trusting} +
      "}\npolicies:\n  p: {timeout: 60s}\nservices:\n  shop: {upstreams: [{url: "
      "\"http://127.0.0.1:" +
      std::to_string(one.port()) + "\"}, {url: \"http://127.0.0.1:" + std::to_string(two.port()) +
      "\"}], policy: p, routes: [{prefix: /}], ejection: {consecutive_local: 1, max_ejected: 1.0}}\n";
  const GatewayProcess gateway{file};
  EXPECT_TRUE(eventually([&] {
    (void)gateway.get("/", of("50"));
    return metric(gateway, "switchgear_caller_timeouts_total{service=\"shop\"}") >= 4;
  }));
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const std::uint16_t port : {one.port(), two.port()})
    EXPECT_NE(metrics.find("switchgear_instance_usable{service=\"shop\",instance=\"127.0.0.1:" +
                           std::to_string(port) + "\"} 1"),
              std::string::npos)
        << metrics;
}

TEST(GatewayDeadlines, NoAttemptIsMadeForACallerThatHasNoTimeLeft) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting)};
  const Message answer = gateway.get("/", of("0"));
  EXPECT_EQ(answer.status(), 504U);
  EXPECT_NE(answer.body.find("caller"), std::string::npos) << answer.body;
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(GatewayDeadlines, AStrangersIsNotBelieved) {
  Upstream upstream{echo()};
  for (const char* nobody : {"", "trusted_proxies: []", "trusted_proxies: [\"10.0.0.0/8\"]"}) {
    const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", nobody)};
    const Message answer = gateway.get("/", of("0"));
    EXPECT_EQ(answer.status(), 200U) << nobody;
    EXPECT_GT(std::stoi(answer.body), 0) << "and is replaced by the gateway's own";
  }
}

TEST(GatewayDeadlines, AMalformedOneIsIgnoredAndCounted) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting)};
  for (const std::string& lines : {of("soon"), of("-1"), of("1.5"), of(""), of("5") + of("5")})
    EXPECT_EQ(gateway.get("/", lines).status(), 200U) << lines;
  EXPECT_EQ(metric(gateway, "switchgear_gateway_malformed_deadlines_total"), 5);
  EXPECT_TRUE(gateway.logs("a trusted proxy: x-request-deadline-ms is not one whole number, and is ignored"));
}

TEST(GatewayDeadlines, EitherDirectionCanBeSwitchedOff) {
  Upstream upstream{echo()};
  const auto told = [&](const std::string& deadlines) {
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port()}}, "", trusting + (", deadlines: {" + deadlines + "}"))};
    const Message answer = gateway.get("/", of("45000"));
    return answer.status() == 200U ? answer.body : std::to_string(answer.status());
  };
  EXPECT_EQ(told("receive: false, send: false"), "45000") << "a field like any other";
  EXPECT_EQ(told("send: false"), "") << "it would be too long by now";
  EXPECT_GT(std::stoi(told("receive: false")), 45'000) << "the policy's timeout";
}

TEST(GatewayDeadlines, AResponseThatIsUnderWayEndsAtTheCallersDeadline) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1}}\n", trusting)};
  EXPECT_TRUE(eventually([&] {
    const Message answer = gateway.get("/", of("200"));
    EXPECT_FALSE(answer.whole && answer.status() == 200U);
    return answer.status() == 200U;
  }));
  EXPECT_EQ(gateway.state("shop"), "closed");
}

}  // namespace
}  // namespace switchgear::wire
