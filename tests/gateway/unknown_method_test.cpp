// Clients that use methods which the service does not know: it answers 501, is well, and must not be refused
// to anyone for that.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"
#include "tests/house/program.hpp"

namespace switchgear::wire {
namespace {

unsigned ask(const GatewayProcess& gateway, const std::string& method, const std::string& fields = "") {
  Socket client = Socket::connect(gateway.port());
  client.send(method + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  return client.read_response(method == "HEAD").value_or(Message{}).status();
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

boost::json::value status_of_shop(const GatewayProcess& gateway) {
  return boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop");
}

/// Knows the methods that each server must know (RFC 9110, 9.1).
Upstream::Serve knows_little(std::atomic<int>& calls) {
  return Upstream::answering([&](const Message& request) {
    ++calls;
    if (request.start_line.starts_with("GET ")) return ok();
    return std::string{"HTTP/1.1 501 Unsupported\r\nContent-Length: 0\r\n\r\n"};
  });
}

TEST(GatewayUnknownMethod, IsNotHeldAgainstARealPythonServer) {
  house::Program python{{PYTHON, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"}};
  ASSERT_TRUE(python.read_until("/) ...", patience)) << python.output();
  const std::size_t at = python.output().find("port ") + 5;
  const auto port = static_cast<std::uint16_t>(std::stoi(python.output().substr(at)));
  const GatewayProcess gateway{
      config_text({{"shop", port, "/", "guarded",
                    ", by: {header: x-tenant, circuit_breaker: {consecutive_failures: 1}}, ejection: "
                    "{consecutive_5xx: 1, max_ejected: 1, panic: 0}"}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1}, admission: {}}\n")};
  for (const std::string method : {"PURGE", "POST", "OPTIONS", "FOO", "DELETE"})
    EXPECT_EQ(ask(gateway, method, "x-tenant: acme\r\n"), 501U) << method;
  EXPECT_EQ(ask(gateway, "GET", "x-tenant: acme\r\n"), 200U);
  EXPECT_EQ(ask(gateway, "HEAD"), 200U);
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(counter(gateway, "failures"), 0U);
  EXPECT_EQ(counter(gateway, "successes"), 7U);
  const boost::json::value shop = status_of_shop(gateway);
  EXPECT_EQ(shop.at("admission").at("failures").to_number<int>(), 0);
  EXPECT_EQ(shop.at("instances").at(0).at("failures").to_number<int>(), 0);
  EXPECT_TRUE(shop.at("instances").at(0).at("usable").as_bool());
}

/// Were it ignored, clients with such methods could use up every probe.
TEST(GatewayUnknownMethod, ClosesAHalfOpenBreaker) {
  std::atomic<bool> well{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return std::string{well ? "HTTP/1.1 501 X\r\nContent-Length: 0\r\n\r\n"
                            : "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
  })};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1, open_duration: 50ms, "
                  "probe_automatically: true, half_open: {permitted_calls: 1}}}\n")};
  EXPECT_EQ(ask(gateway, "GET"), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  EXPECT_EQ(ask(gateway, "PURGE"), 501U);
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
}

TEST(GatewayUnknownMethod, OfAGetIsTheServicesFailure) {
  Upstream upstream{Upstream::saying("HTTP/1.1 501 X\r\nContent-Length: 0\r\n\r\n")};
  for (const std::string method : {"GET", "HEAD"}) {
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port(), "/", "guarded"}},
                    "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1}}\n")};
    EXPECT_EQ(ask(gateway, method), 501U);
    EXPECT_EQ(gateway.state("shop"), "open") << method;
  }
}

TEST(GatewayUnknownMethod, CountsWhere501IsListedByItself) {
  std::atomic<int> calls{0};
  Upstream upstream{knows_little(calls)};
  for (const std::string list : {"501", "500-599, 501"}) {
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}},
                                             "  guarded: {timeout: 60s, failure_when: {status: [" + list +
                                                 "]}, circuit_breaker: {consecutive_failures: 1}}\n")};
    EXPECT_EQ(ask(gateway, "PURGE"), 501U);
    EXPECT_EQ(gateway.state("shop"), "open") << list;
  }
}

TEST(GatewayUnknownMethod, IsNotTriedAgainNorTakesPartOfTheRetryBudget) {
  std::atomic<int> calls{0};
  Upstream upstream{knows_little(calls)};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "stubborn"}},
                  "  stubborn: {timeout: 60s, retry: {max_attempts: 3, base: 1ms, status: [500-599]}, "
                  "fallback: {value: {status: 200, body: \"instead\"}}}\n")};
  EXPECT_EQ(ask(gateway, "OPTIONS"), 501U);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace switchgear::wire
