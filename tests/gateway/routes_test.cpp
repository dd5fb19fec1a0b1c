// Routes by host, method and header, and the path that a service is sent.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <mutex>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

struct Routed {
  std::string name;
  std::uint16_t port;
  std::string routes;
  std::string policy = "plain";
};

std::string file(const std::vector<Routed>& services, const std::string& more = "") {
  std::string text = "version: 1\n" + more + "policies:\n  plain: {timeout: 60s}\n" +
                     "  remembers: {timeout: 60s, cache: {ttl: 60s}}\n" +
                     "  later: {timeout: 60s, fallback: {queue: {max: 10}}, circuit_breaker: "
                     "{consecutive_failures: 1, open_duration: 300ms}}\nservices:\n";
  for (const Routed& service : services) {
    text += "  " + service.name + ": {url: \"http://127.0.0.1:" + std::to_string(service.port) +
            "/base\", policy: " + service.policy + ", routes: [" + service.routes + "]}\n";
  }
  return text;
}

/// An upstream that answers with its name and the target that it was sent.
Upstream::Serve named(const std::string& name) {
  return Upstream::answering([name](const Message& request) { return ok(name + " " + request.target()); });
}

Message send(const GatewayProcess& gateway, const std::string& head) {
  Socket client = Socket::connect(gateway.port());
  client.send(head + "\r\n\r\n");
  return client.read_response().value_or(Message{});
}

Message for_host(const GatewayProcess& gateway, const std::string& host, const std::string& target = "/") {
  return send(gateway, "GET " + target + " HTTP/1.1\r\nHost: " + host);
}

TEST(GatewayRoutes, ChooseByTheHostInEverySpellingOfIt) {
  Upstream shop{named("shop")};
  Upstream wild{named("wild")};
  Upstream six{named("six")};
  const GatewayProcess gateway{file({{"shop", shop.port(), "{host: shop.example.com, prefix: /}"},
                                     {"wild", wild.port(), "{host: \"*.example.com\", prefix: /}"},
                                     {"six", six.port(), "{host: \"[::1]\", prefix: /}"}})};
  const std::vector<std::pair<std::string, std::string>> cases{
      {"shop.example.com", "shop"},      {"SHOP.example.COM", "shop"},
      {"shop.example.com:8080", "shop"}, {"shop.example.com.", "shop"},
      {"shop.example.com.:80", "shop"},  {"x.shop.example.com", "wild"},
      {"%73hop.example.com", "wild"},    {"[::1]", "six"},
      {"[0:0:0:0:0:0:0:1]:8080", "six"}};
  for (const auto& [host, service] : cases)
    EXPECT_EQ(for_host(gateway, host).body, service + " /base/") << host;
  EXPECT_EQ(send(gateway, "GET http://shop.example.com/x HTTP/1.1\r\nHost: shop.example.com").body,
            "shop /base/x");
}

TEST(GatewayRoutes, AnswerAHostWithoutARouteWith404AndOneThatIsNotAHostWith400) {
  Upstream shop{named("shop")};
  const GatewayProcess gateway{file({{"shop", shop.port(), "{host: shop.example.com, prefix: /shop}"}})};
  for (const char* host : {"example.com", "shop.example.com.evil", "xshop.example.com", "shop.example.com..",
                           "127.0.0.1", "[::1]", ".", "shop.example.com,shop.example.com"}) {
    const Message answer = for_host(gateway, host, "/shop");
    EXPECT_EQ(answer.status(), 404U) << host;
    EXPECT_EQ(answer.field("content-type"), "application/problem+json") << host;
    EXPECT_NE(answer.body.find("no service has a route for this host"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(send(gateway, "GET /shop HTTP/1.0").status(), 404U) << "HTTP/1.0 may have no host";
  EXPECT_NE(for_host(gateway, "shop.example.com", "/").body.find("no service has a route for this path"),
            std::string::npos);
  for (const char* host : {"", " ", ":80", "a b", "u@shop.example.com", "[::1", "[::x]", "shop.example.com:x",
                           "shop.example.com/"})
    EXPECT_EQ(for_host(gateway, host, "/shop").status(), 400U) << host;
  EXPECT_EQ(send(gateway, "GET /shop HTTP/1.1\r\nHost: shop.example.com\r\nHost: shop.example.com").status(),
            400U);
}

TEST(GatewayRoutes, ChooseByMethodAndHeader) {
  Upstream plain{named("plain")};
  Upstream beta{named("beta")};
  Upstream writes{named("writes")};
  const GatewayProcess gateway{file({{"plain", plain.port(), "{prefix: /x}"},
                                     {"beta", beta.port(), "{prefix: /x, headers: {x-beta: \"1\"}}"},
                                     {"writes", writes.port(),
                                      "{prefix: /x, methods: [PUT, DELETE]}, "
                                      "{path: /only, methods: [PUT]}"}})};
  const auto ask = [&](const std::string& method, const std::string& fields = "",
                       const std::string& path = "/x") {
    return send(gateway, method + " " + path + " HTTP/1.1\r\nHost: a" + fields);
  };
  EXPECT_EQ(ask("GET").body, "plain /base/x");
  EXPECT_EQ(ask("DELETE").body, "writes /base/x");
  EXPECT_EQ(ask("GET", "\r\nX-BETA: 1").body, "beta /base/x");
  EXPECT_EQ(ask("GET", "\r\nX-Beta: 2").body, "plain /base/x");
  EXPECT_EQ(ask("GET", "\r\nX-Beta: 1\r\nx-beta: 1").body, "plain /base/x") << "twice: it could mean either";
  EXPECT_EQ(ask("GET", "\r\nX-Beta: 1\r\nConnection: x-beta").body, "plain /base/x")
      << "it does not reach a service";
  EXPECT_EQ(ask("DELETE", "\r\nx-beta: 1").body, "writes /base/x");
  const Message missed = ask("GET", "", "/only");
  EXPECT_EQ(missed.status(), 404U);
  EXPECT_NE(missed.body.find("the routes for this path are for other methods or headers"), std::string::npos)
      << missed.body;
}

TEST(GatewayRoutes, SendTheServiceThePathThatTheRouteMakes) {
  Upstream upstream{named("s")};
  const GatewayProcess gateway{file(
      {{"s", upstream.port(),
        "{prefix: /cut/, strip_prefix: true}, {prefix: /v1, strip_prefix: true, rewrite: \"/v2{path}\"}, "
        "{prefix: /add, rewrite: \"/below{path}\"}, {path: /health, rewrite: /status}, {prefix: /as-is}"}})};
  const std::vector<std::pair<std::string, std::string>> cases{{"/cut/x?q=/cut/", "/x?q=/cut/"},
                                                               {"/cut", "/"},
                                                               {"/cut?q", "/?q"},
                                                               {"/%63ut//a/../b", "/b"},
                                                               {"/cut/b%2Fc", "/b%2Fc"},
                                                               {"/x/../cut/y", "/y"},
                                                               {"/v1/a%20b?x=%41", "/v2/a%20b?x=%41"},
                                                               {"/v1?x=1", "/v2?x=1"},
                                                               {"/v1/", "/v2/"},
                                                               {"/add/x", "/below/add/x"},
                                                               {"/add/../add/./x", "/below/add/x"},
                                                               {"/health?full", "/status?full"},
                                                               {"/as-is//%61/./b", "/as-is//%61/./b"}};
  for (const auto& [target, sent] : cases) EXPECT_EQ(gateway.get(target).body, "s /base" + sent) << target;
  EXPECT_EQ(gateway.get("/cut/../../x").status(), 400U);
}

TEST(GatewayRoutes, LogThePathOfTheClientAndNotThatOfTheService) {
  Upstream upstream{named("s")};
  GatewayProcess gateway{file({{"s", upstream.port(), "{prefix: /cut, strip_prefix: true}"}},
                              "log: {access: {file: \"-\", format: json}}\n")};
  EXPECT_EQ(gateway.get("/cut/x").body, "s /base/x");
  EXPECT_EQ(boost::json::parse(gateway.read_line()).at("path").as_string(), "/cut/x");
}

TEST(GatewayRoutes, KeepAnswersToTwoPathsOfAServiceApart) {
  Upstream upstream{named("s")};
  const GatewayProcess gateway{file(
      {{"s", upstream.port(),
        "{prefix: /x}, {prefix: /x, headers: {x-beta: \"1\"}, rewrite: \"/beta{path}\"}", "remembers"}})};
  EXPECT_EQ(gateway.get("/x").body, "s /base/x");
  EXPECT_EQ(gateway.get("/x", "x-beta: 1\r\n").body, "s /base/beta/x");
  EXPECT_EQ(gateway.get("/x").field("x-switchgear-source"), "cache");
  EXPECT_EQ(gateway.get("/x", "x-beta: 1\r\n").field("x-switchgear-source"), "cache");
  EXPECT_EQ(gateway.get("/x", "x-beta: 1\r\n").body, "s /base/beta/x");
}

TEST(GatewayRoutes, SendAStoredCallToThePathItsRouteMadeAlsoAfterAReload) {
  std::atomic<bool> healthy{false};
  std::mutex mutex;
  std::string seen;
  Upstream upstream{Upstream::answering([&](const Message& request) {
    if (!healthy) return std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
    const std::lock_guard lock{mutex};
    seen += request.start_line + "\n";
    return ok();
  })};
  const auto with = [&](const std::string& routes) {
    return file({{"s", upstream.port(), routes, "later"}});
  };
  const GatewayProcess gateway{with("{prefix: /cut, strip_prefix: true}")};
  EXPECT_EQ(send(gateway, "PUT /cut/a?q HTTP/1.1\r\nHost: a\r\nContent-Length: 0").status(), 202U);
  gateway.rewrite(with("{prefix: /other}"));
  gateway.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return gateway.get("/cut/x").status() == 404U; }));
  healthy = true;
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock{mutex};
    return seen.starts_with("PUT /base/a?q HTTP/1.1");
  }));
}

TEST(GatewayRoutes, FollowTheFile) {
  Upstream one{named("one")};
  Upstream two{named("two")};
  const auto with = [&](const std::string& first, const std::string& second) {
    return file({{"one", one.port(), "{host: " + first + ", prefix: /}"},
                 {"two", two.port(), "{host: " + second + ", prefix: /}"}});
  };
  const GatewayProcess gateway{with("a.test", "b.test")};
  EXPECT_EQ(for_host(gateway, "a.test").body, "one /base/");
  gateway.rewrite(with("b.test", "a.test"));
  gateway.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return for_host(gateway, "a.test").body == "two /base/"; }));
  EXPECT_EQ(for_host(gateway, "b.test").body, "one /base/");
}

}  // namespace
}  // namespace switchgear::wire
