// x-request-deadline-ms as the client sends it, up to a service behind the gateway.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "tests/gateway/gateway_process.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

using std::chrono::milliseconds;

constexpr const char* field = "x-request-deadline-ms";

[[nodiscard]] ClientOptions telling() {
  ClientOptions options;
  options.tell_deadline = TellDeadline::yes;
  return options;
}

/// Answers with the field's value.
[[nodiscard]] std::string echo_deadline(const Message& request) { return ok(request.field(field)); }

[[nodiscard]] int number_in(const Response& answer) { return std::stoi(answer.body); }

TEST(ClientDeadline, IsToldOnlyIfAskedFor) {
  const Upstream server{Upstream::answering(echo_deadline)};
  BlockingClient silent{url_of(server.port())};
  EXPECT_EQ(silent.get(Request{"/"}.timeout(60s)).body, "");
  BlockingClient shop{url_of(server.port()), telling()};
  const int left = number_in(shop.get(Request{"/"}.timeout(60s)));
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 60'000);
  EXPECT_LE(number_in(shop.get("/")), 30'000) << "without one of its own, of its class";
  EXPECT_LE(number_in(shop.post("/", {1, 2})), 30'000);
}

TEST(ClientDeadline, OfAnAttemptIsTheNarrowestLimitAroundIt) {
  const Upstream server{Upstream::answering(echo_deadline)};
  Timeout timeout{"shop", 40s};
  BlockingClient shop{url_of(server.port()), Pipeline{timeout}, telling()};
  EXPECT_LE(number_in(shop.get(Request{"/"}.timeout(60s))), 40'000);
  EXPECT_LE(number_in(shop.get(Request{"/"}.timeout(20s))), 20'000);
}

TEST(ClientDeadline, OfASecondAttemptHasLostTheTimeOfTheFirst) {
  std::vector<int> told;
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    told.push_back(std::stoi(request.field(field)));
    if (told.size() > 1) return ok();
    std::this_thread::sleep_for(milliseconds{30});  // the time that the first attempt takes
    return "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  })};
  Retry retry{"shop", {.max_attempts = 2, .base = 1ms}};
  BlockingClient shop{url_of(server.port()), Pipeline{retry}, telling()};
  EXPECT_EQ(shop.get(Request{"/"}.timeout(60s)).status, 200U);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_LE(told[1], told[0] - 30);
}

TEST(ClientDeadline, IsCountedFromTheSendingAndNotFromAWaitForAConnection) {
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    (request.target() == "/first" ? first : second) = std::stoi(request.field(field));
    if (request.target() == "/first") std::this_thread::sleep_for(milliseconds{50});  // holds the connection
    return ok();
  })};
  ClientOptions options = telling();
  options.pool.max = 1;
  BlockingClient shop{url_of(server.port()), options};
  std::thread holder{[&] { EXPECT_EQ(shop.get(Request{"/first"}.timeout(60s)).status, 200U); }};
  while (first == 0) std::this_thread::sleep_for(milliseconds{1});
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(shop.get(Request{"/second"}.timeout(60s)).status, 200U);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - asked);
  holder.join();
  EXPECT_LT(second, 60'000) << "the wait is not a part of it";
  EXPECT_GE(second, 60'000 - took.count() - 1);
}

TEST(ClientDeadline, OfARedirectIsWhatIsLeft) {
  std::vector<int> told;
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    told.push_back(std::stoi(request.field(field)));
    if (request.target() == "/new") return ok();
    return "HTTP/1.1 307 Moved\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n";
  })};
  ClientOptions options = telling();
  options.redirects = 1;
  BlockingClient shop{url_of(server.port()), options};
  EXPECT_EQ(shop.get(Request{"/old"}.timeout(60s)).status, 200U);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_LE(told[1], told[0]);
  EXPECT_GT(told[1], 0);
}

TEST(ClientDeadline, ARequestsOwnFieldIsSentAsItIs) {
  const Upstream server{Upstream::answering([](const Message& request) { return ok(request.head_text); })};
  BlockingClient shop{url_of(server.port()), telling()};
  const std::string head = shop.get(Request{"/"}.header("X-Request-Deadline-Ms", "77")).body;
  EXPECT_NE(head.find("X-Request-Deadline-Ms: 77\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find(std::string{field} + ":"), std::string::npos) << head;
}

TEST(ClientDeadline, ReachesAServiceThroughTheGatewayThatTrustsTheCaller) {
  const Upstream service{Upstream::answering(echo_deadline)};
  const wire::GatewayProcess gateway{
      wire::config_text({{"shop", service.port()}}, "", "trusted_proxies: [127.0.0.1]")};
  BlockingClient silent{url_of(gateway.port())};
  EXPECT_GT(number_in(silent.get(Request{"/"}.timeout(20s))), 20'000) << "the policy's own limit";
  BlockingClient shop{url_of(gateway.port()), telling()};
  EXPECT_LE(number_in(shop.get(Request{"/"}.timeout(20s))), 20'000);
}

TEST(ClientDeadline, MakesTheGatewayGiveUpWhenItsCallerDoes) {
  std::atomic<bool> over{false};
  const Upstream service{[&](Socket& socket) {
    if (!socket.read_request()) return;
    while (!over) std::this_thread::sleep_for(milliseconds{1});
  }};
  const wire::GatewayProcess gateway{
      wire::config_text({{"shop", service.port()}}, "", "trusted_proxies: [127.0.0.1]")};
  BlockingClient shop{url_of(gateway.port()), telling()};
  const Ended end = ended([&] { return shop.get(Request{"/"}.timeout(200ms)); });
  EXPECT_TRUE(end.code == Reason::timed_out || end.text == "answered with 504") << end.text;
  EXPECT_TRUE(wire::eventually([&] {
    return gateway.admin("GET", "/metrics")
               .body.find("switchgear_caller_timeouts_total{service=\"shop\"} 1") != std::string::npos;
  })) << "the gateway knows that its caller had no more time";
  over = true;
}

}  // namespace
}  // namespace switchgear::http
