// `GET /status` of a real process: what every policy of every service does now.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// The part of a service; null when it has none.
json::value status_of(const GatewayProcess& gateway, const std::string& service) {
  const json::value all = json::parse(gateway.admin("GET", "/status").body);
  const json::value* found = all.at("services").as_object().if_contains(service);
  return found == nullptr ? json::value{} : *found;
}

std::uint64_t number(const json::value& of, const char* part, const char* name) {
  return of.at(part).at(name).to_number<std::uint64_t>();
}

constexpr const char* everything =
    "  everything:\n"
    "    timeout: 60s\n"
    "    deadline: 60s\n"
    "    circuit_breaker: {consecutive_failures: 100}\n"
    "    retry: {max_attempts: 3, base: 1ms, budget: {ratio: 0.2, min_per_second: 3}}\n"
    "    hedge: {delay: 40s, max_hedges: 1}\n"
    "    bulkhead: {max_concurrent: 7, max_queue: 5, max_wait: 1s}\n"
    "    adaptive_limit: {initial: 20, min_limit: 5, max_limit: 200}\n"
    "    admission: {success_rate: 0.5}\n"
    "    rate_limiter: {rate: 0.001, burst: 2, max_wait: 0s}\n"
    "    cache: {ttl: 60s, max_entries: 10}\n"
    "    fallback: {queue: {max: 10}}\n"
    "    chaos: {enabled: false, seed: 1, fail: {probability: 0.5, type: timeout}}\n";

TEST(GatewayStatus, ShowsWhatEachPolicyOfAServiceHasDone) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return ++calls == 1 ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/shop/", "everything"}, {"bare", upstream.port(), "/bare/"}}, everything)};
  EXPECT_EQ(gateway.get("/shop/a").status(), 200U) << "retried";
  EXPECT_EQ(gateway.get("/shop/a").status(), 200U) << "from memory";
  EXPECT_EQ(gateway.get("/shop/b").status(), 200U);
  Socket writer = Socket::connect(gateway.port());
  writer.send("PUT /shop/c HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(writer.read_response().value_or(Message{}).status(), 202U) << "no token: stored";
  const json::value shop = status_of(gateway, "shop");
  EXPECT_EQ(shop.at("policy"), "everything");
  EXPECT_EQ(number(shop, "requests", "2xx"), 4U);
  EXPECT_EQ(number(shop, "connections", "idle"), 1U);
  EXPECT_EQ(number(shop, "connections", "busy"), 0U);
  EXPECT_EQ(number(shop, "retry", "retries"), 1U);
  EXPECT_EQ(number(shop, "retry", "recovered"), 1U);
  EXPECT_EQ(number(shop, "retry", "max_attempts"), 3U);
  EXPECT_EQ(number(shop, "retry_budget", "granted"), 1U);
  EXPECT_EQ(number(shop, "hedge", "hedges"), 0U);
  EXPECT_EQ(shop.at("hedge").at("delay").to_number<double>(), 40.0);
  EXPECT_EQ(number(shop, "bulkhead", "in_use"), 0U);
  EXPECT_EQ(number(shop, "bulkhead", "waiting"), 0U);
  EXPECT_EQ(number(shop, "bulkhead", "max_concurrent"), 7U);
  EXPECT_EQ(number(shop, "bulkhead", "admitted"), 2U);
  EXPECT_GE(number(shop, "adaptive_limit", "limit"), 5U);
  EXPECT_EQ(shop.at("admission").at("rejection_ratio").to_number<double>(), 0.0);
  EXPECT_EQ(number(shop, "admission", "successes"), 2U)
      << "that were made; the one that was retried counts once";
  EXPECT_EQ(number(shop, "admission", "admitted"), 3U);
  EXPECT_EQ(number(shop, "rate_limiter", "rejected"), 1U);
  EXPECT_EQ(number(shop, "cache", "entries"), 2U);
  EXPECT_EQ(number(shop, "cache", "hits"), 1U);
  EXPECT_EQ(shop.at("fallback").at("kind"), "queue");
  EXPECT_EQ(number(shop, "fallback", "answered"), 1U);
  EXPECT_EQ(number(shop, "queue", "waiting"), 1U);
  EXPECT_GE(shop.at("queue").at("oldest").to_number<double>(), 0.0);
  EXPECT_EQ(shop.at("chaos").at("enabled"), false);
  const json::value bare = status_of(gateway, "bare");
  for (const char* part : {"retry", "retry_budget", "hedge", "bulkhead", "adaptive_limit", "admission",
                           "rate_limiter", "cache", "fallback", "queue", "chaos"})
    EXPECT_FALSE(bare.as_object().contains(part)) << part;
  EXPECT_EQ(number(bare, "requests", "2xx"), 0U);
}

TEST(GatewayStatus, SumsUpRetriesConnectionsAndHealthOfAllServices) {
  std::atomic<int> calls{0};
  Upstream flaky{Upstream::answering([&](const Message&) {
    return ++calls % 2 == 1 ? std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"} : ok();
  })};
  Upstream broken{Upstream::saying("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")};
  const GatewayProcess gateway{config_text(
      {{"flaky", flaky.port(), "/flaky", "retried"}, {"broken", broken.port(), "/broken", "retried"}},
      "  retried: {retry: {max_attempts: 2, base: 1ms}, circuit_breaker: {consecutive_failures: 2}}\n")};
  EXPECT_EQ(gateway.get("/flaky").status(), 200U);
  EXPECT_EQ(gateway.get("/flaky").status(), 200U);
  EXPECT_EQ(gateway.get("/broken").status(), 503U);
  const json::value all = json::parse(gateway.admin("GET", "/status").body);
  const json::value& retries = all.at("retry_statistics");
  EXPECT_EQ(retries.at("total"), 3);
  EXPECT_EQ(retries.at("successful"), 2);
  EXPECT_EQ(retries.at("exhausted"), 1);
  EXPECT_DOUBLE_EQ(retries.at("success_rate").to_number<double>(), 2.0 / 3);
  EXPECT_EQ(retries.at("circuits").at("broken").at("success_rate").to_number<double>(), 0.0);
  const json::value& pool = all.at("connection_pools").at("flaky");
  EXPECT_EQ(pool.at("active"), 0);
  EXPECT_GT(pool.at("limit").to_number<int>(), 0);
  EXPECT_EQ(pool.at("usage").to_number<double>(), 0.0);
  EXPECT_EQ(all.at("system_health").at("status"), "unhealthy") << "one of two is open";
  EXPECT_EQ(all.at("system_health").at("lowest"), "broken");
}

TEST(GatewayStatus, ShowsHowLongCallsTookAndHowTheyFailedWithoutABreakerToo) {
  Upstream upstream{[](Socket& socket) {
    while (const std::optional<Message> request = socket.read_request()) {
      if (request->target() == "/lost") return;
      socket.send(request->target() == "/bad" ? "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n" : ok());
    }
  }};
  const GatewayProcess gateway{config_text({{"bare", upstream.port(), "/"}})};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(gateway.get("/bad").status(), 500U);
  EXPECT_EQ(gateway.get("/lost").status(), 502U);
  const json::value bare = status_of(gateway, "bare");
  EXPECT_EQ(number(bare, "failures", "http_error"), 1U);
  EXPECT_EQ(number(bare, "failures", "connection_error"), 1U);
  EXPECT_EQ(bare.at("responses_aborted").to_number<int>(), 0);
  EXPECT_EQ(bare.at("calls").at("success").at("count").to_number<int>(), 1);
  EXPECT_EQ(bare.at("calls").at("failure").at("count").to_number<int>(), 2);
  EXPECT_GT(bare.at("calls").at("success").at("mean").to_number<double>(), 0.0);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line : {"switchgear_call_duration_seconds_count{service=\"bare\",result=\"success\"} 1",
                           "switchgear_call_duration_seconds_count{service=\"bare\",result=\"failure\"} 2",
                           "switchgear_failures_total{service=\"bare\",type=\"http_error\"} 1"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayStatus, GivesMetricsOfEveryPolicyThatPromtoolAccepts) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/shop/", "everything"},
                                            {"other", upstream.port(), "/other/", "everything"}},
                                           everything)};
  EXPECT_EQ(gateway.get("/shop/").status(), 200U);
  const std::string text = gateway.admin("GET", "/metrics").body;
  EXPECT_NE(text.find("switchgear_chaos_injections_total"), std::string::npos);
  FILE* promtool = popen(PROMTOOL " check metrics", "w");  // NOLINT(cert-env33-c): a fixed command
  ASSERT_NE(promtool, nullptr);
  ASSERT_EQ(fwrite(text.data(), 1, text.size(), promtool), text.size());
  const int status = pclose(promtool);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << text;
}

TEST(GatewayStatus, ShowsWhoRunsAndWhoWaitsRightNowAndFollowsAReload) {
  std::atomic<bool> may_answer{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    (void)eventually([&] { return may_answer.load(); });
    return ok();
  })};
  const auto config = [&](const std::string& policy) {
    return config_text(
        {{"shop", upstream.port(), "/", policy}},
        "  narrow: {timeout: 60s, bulkhead: {max_concurrent: 2, max_queue: 9, max_wait: 60s}}\n");
  };
  const GatewayProcess gateway{config("narrow")};
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(Socket::connect(gateway.port()));
    clients.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  EXPECT_TRUE(eventually([&] {
    const json::value shop = status_of(gateway, "shop");
    return number(shop, "bulkhead", "in_use") == 2 && number(shop, "bulkhead", "waiting") == 3 &&
           number(shop, "connections", "busy") == 2;
  }));
  may_answer = true;
  for (Socket& client : clients) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  gateway.rewrite(config("plain"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  const json::value shop = status_of(gateway, "shop");
  EXPECT_EQ(shop.at("policy"), "plain");
  EXPECT_FALSE(shop.as_object().contains("bulkhead"));
  EXPECT_EQ(number(shop, "requests", "2xx"), 5U) << "the gateway's own counts go on";
}

}  // namespace
}  // namespace switchgear::wire
