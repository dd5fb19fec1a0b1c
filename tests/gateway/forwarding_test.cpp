// What is handed on: routes, heads, connections.
#include <gtest/gtest.h>
#include <strings.h>

#include <atomic>
#include <sstream>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Says in its body what it got.
Upstream::Serve echo() {
  return Upstream::answering([](const Message& request) { return ok(request.head_text + request.body); });
}

TEST(Gateway, HandsARequestOnAndItsAnswerBack) {
  Upstream upstream{Upstream::answering(
      [](const Message& request) { return ok("for " + request.target(), "X-From: upstream\r\n"); })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const Message answer = gateway.get("/cart?item=1");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.body, "for /cart?item=1");
  EXPECT_EQ(answer.field("x-from"), "upstream");
  EXPECT_EQ(answer.field("via"), "1.1 switchgear");
  EXPECT_TRUE(answer.has("date")) << "added when the upstream sends none";
}

TEST(Gateway, TakesTheLongestPrefixThatMatchesThePath) {
  Upstream shop{Upstream::saying(ok("shop"))};
  Upstream pay{Upstream::saying(ok("pay"))};
  Upstream admin{Upstream::saying(ok("admin"))};
  const GatewayProcess gateway{config_text({{"shop", shop.port(), "/shop/"},
                                            {"pay", pay.port(), "/shop/pay/"},
                                            {"admin", admin.port(), "/admin"}})};
  const std::vector<std::pair<std::string, std::string>> routes{{"/shop", "shop"},
                                                                {"/shop/", "shop"},
                                                                {"/shop?x=/shop/pay/", "shop"},
                                                                {"/shop/payment", "shop"},
                                                                {"/shop/pay", "pay"},
                                                                {"/shop/pay/1", "pay"},
                                                                {"/shop//pay/1", "pay"},
                                                                {"/shop/%70ay/1", "pay"},
                                                                {"/shop/./pay/1", "pay"},
                                                                {"/shop/x/../pay/1", "pay"},
                                                                {"/shop/x/%2e%2e/pay/1", "pay"},
                                                                {"/admin", "admin"},
                                                                {"/shop/../admin/x", "admin"},
                                                                {"/admin%2Fx", "admin"}};
  for (const auto& [target, service] : routes) EXPECT_EQ(gateway.get(target).body, service) << target;
  for (const char* target : {"/", "/shopping", "/administration", "/SHOP/"}) {
    const Message answer = gateway.get(target);
    EXPECT_EQ(answer.status(), 404U) << target;
    EXPECT_EQ(answer.field("content-type"), "application/problem+json") << target;
  }
  for (const char* target : {"/shop/../../admin", "/..", "/shop/%2e%2e/%2e%2e/x", "/shop/%zz", "/shop/%0",
                             "/shop/%00", "/shop/..%2fadmin"})
    EXPECT_EQ(gateway.get(target).status(), 400U) << target;
}

TEST(Gateway, ForwardsTheTargetAsTheClientWroteItBelowTheServicesBasePath) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.target()); })};
  const std::string file =
      "version: 1\npolicies:\n  plain: {timeout: 60s}\nservices:\n  shop: {url: \"http://127.0.0.1:" +
      std::to_string(upstream.port()) + "/base/\", policy: plain, routes: [{prefix: /}]}\n";
  const GatewayProcess gateway{file};
  EXPECT_EQ(gateway.get("/a%20b/./c?d=%41").body, "/base/a%20b/./c?d=%41");
}

TEST(Gateway, SaysWhoAskedAndRemovesWhatEndsAtThisHop) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const Message answer = gateway.get(
      "/",
      "X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-For: 10.2.2.2\r\nConnection: X-Secret, keep-alive\r\n"
      "X-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n"
      "Upgrade: h2c\r\nProxy-Authorization: Basic eA==\r\nX-Stays: yes\r\nVia: 1.1 before\r\n");
  ASSERT_EQ(answer.status(), 200U);
  Message seen;
  {
    // What the upstream saw, read back as a message.
    const std::string head = answer.body;
    EXPECT_NE(head.find("Host: test\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Forwarded-Host: test\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Forwarded-Proto: http\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Stays: yes\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Forwarded-For: 10.1.1.1, 10.2.2.2, 127.0.0.1\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Via: 1.1 before\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Via: 1.1 switchgear-"), std::string::npos) << head;
    for (const char* gone : {"X-Secret", "Keep-Alive", "Proxy-", "TE:", "Upgrade", "Connection"})
      EXPECT_EQ(head.find(gone), std::string::npos) << gone << " in " << head;
  }
}

TEST(Gateway, HandsNoCredentialsForAProxyToTheServiceInAnySpelling) {
  std::atomic<int> seen{0};
  Upstream upstream{Upstream::answering([&](const Message& request) {
    for (const char* name :
         {"proxy-authorization", "proxy_authorization", "proxy-authenticate", "proxy_authenticate",
          "proxy-connection", "proxy_connection", "proxy-authentication-info"})
      EXPECT_FALSE(request.has(name)) << name;
    EXPECT_EQ(request.field("proxy-status"), "before; error=dns_error") << "means nothing in a request";
    EXPECT_EQ(request.field("proxy-foo"), "kept") << "RFC 9110, 5.1: unknown fields are forwarded";
    ++seen;
    return ok("",
              "Proxy-Status: before; received-status=200\r\nProxy-Authentication-Info: a=b\r\n"
              "Proxy-Authenticate: Basic\r\n");
  })};
  const GatewayProcess gateway{config_text({{"any", upstream.port()}})};
  const Message answer = gateway.get(
      "/",
      "Proxy-Authorization: Basic eA==\r\nProxy_Authorization: Basic eA==\r\nPROXY_AUTHENTICATE: Basic\r\n"
      "Proxy-Authenticate: Basic\r\nProxy-Connection: close\r\nProxy_Connection: close\r\n"
      "Proxy-Authentication-Info: a=b\r\nProxy-Status: before; error=dns_error\r\nProxy-Foo: kept\r\n");
  EXPECT_EQ(answer.status(), 200U);
  EXPECT_EQ(answer.field("proxy-status"), "before; received-status=200");
  EXPECT_FALSE(answer.has("proxy-authentication-info"));
  EXPECT_FALSE(answer.has("proxy-authenticate"));
  EXPECT_EQ(seen, 1);
}

TEST(Gateway, DropsFieldsThatAServiceCouldTakeForThoseTheGatewayWrites) {
  std::atomic<int> seen{0};
  Upstream upstream{Upstream::answering([&](const Message& request) {
    for (const char* name : {"x_forwarded_for", "x-forwarded_host", "transfer_encoding", "content_length",
                             "x.forwarded.for", "x__forwarded_for", "transfer.encoding", "content.length",
                             "x.request.deadline.ms", "proxy.authorization", "keep_alive"})
      EXPECT_FALSE(request.has(name)) << name;
    EXPECT_EQ(request.field("x_own_field"), "kept");
    EXPECT_EQ(request.field("x.own.field"), "kept");
    ++seen;
    return ok();
  })};
  const GatewayProcess gateway{config_text({{"any", upstream.port()}})};
  EXPECT_EQ(
      gateway
          .get("/",
               "X_Forwarded_For: 10.0.0.1\r\nX-Forwarded_Host: evil\r\nTransfer_Encoding: chunked\r\n"
               "Content_Length: 5\r\nX_Own_Field: kept\r\nX.Own.Field: kept\r\nX.Forwarded.For: 10.0.0.1\r\n"
               "X__Forwarded_For: 10.0.0.1\r\nTransfer.Encoding: chunked\r\nContent.Length: 5\r\n"
               "X.Request.Deadline.Ms: 1\r\nProxy.Authorization: Basic eA==\r\nKeep_Alive: 5\r\n")
          .status(),
      200U);
  EXPECT_EQ(seen, 1);
}

TEST(Gateway, LeavesNoLineOfXForwardedForThatTheClientAloneVouchesFor) {
  std::string seen;
  Upstream upstream{Upstream::answering([&](const Message& request) {
    seen = request.head_text;
    return ok();
  })};
  const GatewayProcess gateway{config_text({{"any", upstream.port()}})};
  const auto lines = [&](const std::string& fields) {
    EXPECT_EQ(gateway.get("/", fields).status(), 200U);
    std::vector<std::string> found;
    std::istringstream head{seen};
    for (std::string line; std::getline(head, line);) {
      if (::strncasecmp(line.c_str(), "x-forwarded-for:", 16) == 0)
        found.push_back(line.substr(0, line.find('\r')));
    }
    return found;
  };
  EXPECT_EQ(lines(""), (std::vector<std::string>{"X-Forwarded-For: 127.0.0.1"}));
  EXPECT_EQ(lines("X-Forwarded-For: 1.1.1.1\r\nX-Own: 1\r\nx-forwarded-for: 2.2.2.2, 3.3.3.3\r\n"
                  "X-Forwarded-For:\r\nX-FORWARDED-FOR: 4.4.4.4\r\n"),
            (std::vector<std::string>{"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4, 127.0.0.1"}));
}

TEST(Gateway, TellsNoProgramBehindTheServiceWhichProxyToUse) {
  std::atomic<int> seen{0};
  Upstream upstream{Upstream::answering([&](const Message& request) {
    EXPECT_FALSE(request.has("proxy")) << request.head_text;
    EXPECT_EQ(request.field("proxying"), "kept");
    ++seen;
    return ok();
  })};
  const GatewayProcess gateway{config_text({{"cgi", upstream.port()}})};
  for (const char* name : {"Proxy", "PROXY", "proxy"})
    EXPECT_EQ(gateway.get("/", std::string(name) + ": http://evil.test:8080\r\nProxying: kept\r\n").status(),
              200U);
  EXPECT_EQ(seen, 3);
}

TEST(Gateway, ARequestThatComesBackToItIsStoppedAndNotSentRoundUntilItsConnectionsAreUsedUp) {
  // The service's name leads to a port from which everything goes back to the gateway.
  std::atomic<std::uint16_t> back{0};
  std::atomic<int> rounds{0};
  Upstream mirror{Upstream::answering([&](const Message& request) {
    ++rounds;
    Socket again = Socket::connect(back);
    again.send(request.head_text);
    const std::optional<Message> answer = again.read_response();
    return answer ? answer->head_text + answer->body : ok("no answer");
  })};
  const GatewayProcess gateway{config_text({{"looping", mirror.port()}})};
  back = gateway.port();
  const Message answer = gateway.get("/a");
  EXPECT_EQ(answer.status(), 508U);
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
  EXPECT_NE(answer.field("proxy-status").find("error=proxy_loop_detected"), std::string::npos);
  EXPECT_NE(answer.body.find("\"service\":\"looping\""), std::string::npos) << answer.body;
  EXPECT_EQ(rounds, 1);
  EXPECT_TRUE(eventually([&] { return gateway.log().find(": 508: this gateway has") != std::string::npos; }));
  EXPECT_NE(
      gateway.admin("GET", "/metrics").body.find("switchgear_gateway_loops_total{service=\"looping\"} 1"),
      std::string::npos);
}

TEST(Gateway, TakesAChainOfGatewaysForNoLoop) {
  Upstream upstream{echo()};
  const GatewayProcess last{config_text({{"shop", upstream.port()}})};
  const GatewayProcess middle{config_text({{"shop", last.port()}})};
  const GatewayProcess first{config_text({{"shop", middle.port()}})};
  const Message answer = first.get("/", "Via: 1.1 switchgear, 1.0 fred (switchgear), HTTP/1.1 b\r\n");
  EXPECT_EQ(answer.status(), 200U) << answer.body;
  EXPECT_NE(answer.body.find("Via: 1.1 switchgear, 1.0 fred"), std::string::npos);
}

TEST(Gateway, RemovesTheUpstreamsHopByHopFields) {
  Upstream upstream{Upstream::saying(
      ok("x", "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n"))};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const Message answer = gateway.get("/");
  EXPECT_FALSE(answer.has("x-hop"));
  EXPECT_FALSE(answer.has("keep-alive"));
  EXPECT_FALSE(answer.has("connection"));
  EXPECT_EQ(answer.field("x-end"), "2");
}

TEST(Gateway, KeepsBothSidesConnectionsOpen) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U) << "request " << i;
  }
  EXPECT_EQ(gateway.get("/").status(), 200U) << "another client";
  EXPECT_EQ(upstream.connections(), 1) << "one connection for all of them";
}

TEST(Gateway, AnswersPipelinedRequestsInTheirOrder) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.target()); })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  Socket client = Socket::connect(gateway.port());
  std::string burst;
  for (int i = 0; i < 50; ++i)
    burst += i % 2 == 0
                 ? "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n"
                 : "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  ASSERT_TRUE(client.send(burst));
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(client.read_response().value_or(Message{}).body, "/" + std::to_string(i));
}

TEST(Gateway, ClosesAfterTheAnswerWhenTheClientAsksForIt) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n"}) {
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    const auto answer = client.read_response();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->field("connection"), "close");
    EXPECT_TRUE(client.ends());
  }
  Socket old = Socket::connect(gateway.port());
  old.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.read_response().value_or(Message{}).field("connection"), "keep-alive");
  old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(old.read_response().value_or(Message{}).status(), 200U) << "HTTP/1.0 needs no Host";
}

TEST(Gateway, RefusesMethodsAProxyShouldNotServe) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const char* request :
       {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 405U) << request;
  }
  Socket client = Socket::connect(gateway.port());
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(Gateway, ClosesAfterItsOwnAnswerToAClientOfHttp10) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/shop/"}})};
  for (const char* request : {"OPTIONS * HTTP/1.0\r\n\r\n", "GET /elsewhere HTTP/1.0\r\n\r\n"}) {
    Socket client = Socket::connect(gateway.port());
    client.send(request);
    EXPECT_TRUE(client.read_response().has_value()) << request;
    EXPECT_TRUE(client.ends()) << request;
  }
}

}  // namespace
}  // namespace switchgear::wire
