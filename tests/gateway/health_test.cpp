// Health checks of a real gateway: a dead service is found before a call is, a quiet one recovers without.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// Rows of two; a minute for each check, so that no busy machine makes a bad one.
constexpr const char* quick = "interval: 10ms, timeout: 60s, unhealthy: 2, healthy: 2";

/// One service, `payment`, whose breaker opens after one failure, for minutes.
std::string checked(std::uint16_t port, const std::string& check) {
  return config_text({{"payment", port, "/payment/", "guarded", ", health_check: {" + check + "}"}},
                     "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1,"
                     " open_duration: 5m, half_open: {permitted_calls: 1}}}\n");
}

std::string http_check(const std::string& expect = "", const std::string& schedule = quick) {
  return "http: {path: /healthz" + expect + "}, " + schedule;
}

json::array checks_of(const GatewayProcess& gateway) {
  return json::parse(gateway.admin("GET", "/status").body).at("health_checks").as_array();
}

std::string member(const json::value& of, const char* name) {
  const json::value& value = of.at(name);
  return value.is_string() ? std::string(value.get_string()) : "";
}

std::string health_of(const GatewayProcess& gateway) { return member(checks_of(gateway).at(0), "status"); }

/// Whether the latest transition is by a health check, as soon as it has been told.
bool moved_by_check(const GatewayProcess& gateway) {
  return eventually([&] {
    const json::value breaker = gateway.breaker("payment");
    const json::value& last = breaker.at("last_transition");
    return !last.is_null() && member(last, "rule") == "health_check";
  });
}

/// Answers as it is told to, and counts what it is asked.
struct Dependency {
  std::atomic<bool> healthy{true};
  std::atomic<int> checks{0};
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([this](const Message& request) {
    ++(request.target() == "/healthz" ? checks : calls);
    return healthy ? ok() : std::string{"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"};
  })};
};

TEST(GatewayHealth, OpensTheBreakerOfADeadServiceBeforeACallIsMade) {
  const DeafPort dead;
  const GatewayProcess gateway{checked(dead.port(), std::string("tcp: {}, ") + quick)};
  EXPECT_TRUE(eventually([&] { return gateway.state("payment") == "open"; }));
  EXPECT_TRUE(moved_by_check(gateway));
  const Message refused = gateway.get("/payment/");
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_EQ(json::parse(refused.body).at("reason"), "open");
  const json::value check = checks_of(gateway).at(0);
  EXPECT_EQ(member(check, "service"), "payment");
  EXPECT_EQ(member(check, "address"), "127.0.0.1:" + std::to_string(dead.port()));
  EXPECT_EQ(member(check, "status"), "unhealthy");
  EXPECT_EQ(member(check, "last_result"), "unreachable");
  EXPECT_EQ(member(check, "reason"), "Connection refused");
  EXPECT_GE(check.at("consecutive_failures").to_number<int>(), 2);
  EXPECT_TRUE(gateway.logs("health check of 'payment' at 127.0.0.1:" + std::to_string(dead.port()) +
                           ": unknown -> unhealthy after 1 in a row: unreachable (Connection refused)"));
}

TEST(GatewayHealth, ChecksAreNoCallsAndGoToTheirOwnPath) {
  Dependency payment;
  const GatewayProcess gateway{checked(payment.upstream.port(), http_check())};
  EXPECT_TRUE(eventually([&] { return payment.checks >= 5; }));
  EXPECT_EQ(payment.calls, 0);
  EXPECT_EQ(health_of(gateway), "healthy");
  const json::value breaker = gateway.breaker("payment");
  EXPECT_EQ(breaker.at("counters").at("calls"), 0);
  EXPECT_EQ(gateway.state("payment"), "closed");
}

TEST(GatewayHealth, ABreakerOfAQuietServiceIsHalfOpenAsSoonAsTheServiceIsBackAndACallClosesIt) {
  Dependency payment;
  payment.healthy = false;
  const GatewayProcess gateway{checked(payment.upstream.port(), http_check())};
  EXPECT_EQ(gateway.get("/payment/").status(), 503U);
  EXPECT_TRUE(eventually([&] { return health_of(gateway) == "unhealthy"; }));
  EXPECT_EQ(gateway.state("payment"), "open");
  payment.healthy = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("payment") == "half_open"; }))
      << "minutes before its end, and without a call";
  EXPECT_TRUE(moved_by_check(gateway));
  EXPECT_EQ(gateway.get("/payment/").status(), 200U);
  EXPECT_EQ(gateway.state("payment"), "closed");
  EXPECT_TRUE(gateway.logs("-> healthy after 2 in a row: good"));
}

TEST(GatewayHealth, DrivesTheBreakersOfAllPoliciesOfTheService) {
  Dependency payment;
  const std::string breaker = "circuit_breaker: {consecutive_failures: 9, open_duration: 5m}";
  const std::string config =
      config_text({}, "  now: {timeout: 60s, " + breaker + "}\n  next: {timeout: 50s, " + breaker +
                          "}\n  routed: {timeout: 40s, " + breaker + "}\n") +
      "  payment: {url: \"http://127.0.0.1:" + std::to_string(payment.upstream.port()) +
      "\", policy: now, routes: [{prefix: /payment/}, {prefix: /routed/, policy: routed}], "
      "experiment: {shadow: [routed], split: {next: 0.5, by: {header: x-user}}}, health_check: {" +
      http_check() + "}}\n";
  const GatewayProcess gateway{config};
  const auto all_are = [&](const std::string& state) {
    return eventually([&] {
      const json::value seen = json::parse(gateway.admin("GET", "/experiments").body);
      return gateway.state("payment") == state && gateway.state("payment%2Fnext") == state &&
             gateway.state("payment%2Frouted") == state &&
             member(seen.at("experiments").at(0).at("shadows").at(0), "state") == state;
    });
  };
  EXPECT_TRUE(all_are("closed"));
  payment.healthy = false;
  EXPECT_TRUE(all_are("open")) << "without a call";
  payment.healthy = true;
  EXPECT_TRUE(all_are("half_open")) << "minutes before the end of the openings";
  EXPECT_EQ(payment.calls, 0);
}

TEST(GatewayHealth, AServiceThatTakesConnectionsAndSaysNothingIsUnhealthy) {
  Upstream silent{[](Socket& socket) {
    (void)socket.receive();
    (void)socket.receive();
  }};
  const GatewayProcess gateway{
      checked(silent.port(), http_check("", "interval: 10ms, timeout: 50ms, unhealthy: 2, healthy: 2"))};
  EXPECT_TRUE(eventually([&] { return gateway.state("payment") == "open"; }));
  const json::value check = checks_of(gateway).at(0);
  EXPECT_GE(check.at("results").at("timeout").to_number<int>(), 2);
  EXPECT_EQ(check.at("results").at("good"), 0);
}

TEST(GatewayHealth, AnAnswerThatSaysOtherwiseIsBadAndTheReasonIsShown) {
  std::atomic<bool> huge{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return ok(huge ? R"({"status": ")" + std::string(1'000'000, 'x') + R"("})"
                   : R"({"status": "down", "load": 1})");
  })};
  const GatewayProcess gateway{
      checked(upstream.port(), http_check(R"(, expect: {status: [200], json: {"/status": ok}})"))};
  EXPECT_TRUE(eventually([&] { return gateway.state("payment") == "open"; }));
  EXPECT_EQ(member(checks_of(gateway).at(0), "last_result"), "unexpected");
  EXPECT_EQ(member(checks_of(gateway).at(0), "reason"), R"(/status is "down", not "ok")");
  huge = true;
  EXPECT_TRUE(eventually(
      [&] { return member(checks_of(gateway).at(0), "reason") == "the answer is longer than 65536 bytes"; }));
}

TEST(GatewayHealth, AServiceThatFlapsKeepsItsBreakerClosed) {
  std::atomic<int> asked{0};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return ++asked % 2 == 0 ? std::string{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  const GatewayProcess gateway{checked(upstream.port(), http_check())};
  EXPECT_TRUE(eventually([&] { return asked >= 40; }));
  EXPECT_EQ(gateway.state("payment"), "closed");
  EXPECT_EQ(gateway.breaker("payment").at("counters").at("opened"), 0);
  EXPECT_EQ(health_of(gateway), "healthy");
}

TEST(GatewayHealth, AnOperatorsWordStands) {
  Dependency payment;
  const GatewayProcess gateway{checked(payment.upstream.port(), http_check())};
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/payment/force-open").status() / 100, 2U);
  const int before = payment.checks;
  EXPECT_TRUE(eventually([&] { return payment.checks >= before + 5; }));
  EXPECT_EQ(gateway.state("payment"), "forced_open");
  payment.healthy = false;
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/payment/disable").status() / 100, 2U);
  EXPECT_TRUE(eventually([&] { return health_of(gateway) == "unhealthy"; }));
  EXPECT_EQ(gateway.state("payment"), "disabled");
}

TEST(GatewayHealth, AReloadChangesTheChecksAndKeepsThoseItLeavesAlone) {
  Dependency payment;
  const std::string first = checked(payment.upstream.port(), http_check());
  const GatewayProcess gateway{first};
  EXPECT_TRUE(eventually([&] { return health_of(gateway) == "healthy"; }));
  const std::string since = member(checks_of(gateway).at(0), "since");
  gateway.rewrite(first + "# changed\n");
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(member(checks_of(gateway).at(0), "since"), since);
  gateway.rewrite(checked(payment.upstream.port(), std::string("http: {path: /other}, ") + quick));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(eventually([&] { return payment.calls >= 2; })) << "asked at the other path";
  gateway.rewrite(config_text({{"payment", payment.upstream.port(), "/payment/"}}));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(checks_of(gateway).empty());
  EXPECT_TRUE(comes_to_rest(gateway, [&] { return static_cast<std::uint64_t>(payment.calls.load()); }));
}

TEST(GatewayHealth, ServesMetricsOfItsChecks) {
  Dependency payment;
  const GatewayProcess gateway{checked(payment.upstream.port(), http_check())};
  EXPECT_TRUE(eventually([&] { return health_of(gateway) == "healthy"; }));
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  const std::string labels =
      R"({service="payment",address="127.0.0.1:)" + std::to_string(payment.upstream.port()) + '"';
  EXPECT_NE(metrics.find("switchgear_health_check_status" + labels + R"(,status="healthy"} 1)"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("switchgear_health_check_status" + labels + R"(,status="unhealthy"} 0)"),
            std::string::npos);
  EXPECT_NE(metrics.find("switchgear_health_check_results_total" + labels + R"(,result="good"} )"),
            std::string::npos);
  EXPECT_NE(metrics.find("switchgear_health_check_consecutive_failures" + labels + "} 0"), std::string::npos);
}

TEST(GatewayHealth, EndsWhileACheckIsUnderWay) {
  Upstream silent{[](Socket& socket) {
    (void)socket.receive();
    (void)socket.receive();
  }};
  GatewayProcess gateway{checked(silent.port(), http_check())};
  EXPECT_TRUE(eventually([&] { return silent.connections() > 0; }));
  gateway.signal(15);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

}  // namespace
}  // namespace switchgear::wire
