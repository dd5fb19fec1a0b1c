// Who is believed about a request's client: X-Forwarded-*, Forwarded, and what the access log says.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

#include "tests/gateway/client_socket.hpp"
#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Says in its body what it got.
Upstream::Serve echo() {
  return Upstream::answering([](const Message& request) { return ok(request.head_text + request.body); });
}

std::string trusting(const std::string& networks, const std::string& more = "") {
  return "trusted_proxies: [" + networks + "]" + more;
}

constexpr const char* claims =
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
    "X-Forwarded-Port: 443\r\nForwarded: for=203.0.113.9;proto=https\r\n";

TEST(GatewayTrust, ReplacesWhatAStrangerSaysAboutTheClient) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting("\"10.0.0.0/8\""))};
  const std::string head = gateway.get("/", claims).body;
  EXPECT_NE(head.find("X-Forwarded-For: 127.0.0.1\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Proto: http\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Host: test\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Port: " + std::to_string(gateway.port()) + "\r\n"), std::string::npos)
      << head;
  EXPECT_NE(head.find("Forwarded: for=127.0.0.1;host=\"test\";proto=http\r\n"), std::string::npos) << head;
  for (const char* claimed : {"203.0.113.9", "https", "shop.example", ": 443\r\n"})
    EXPECT_EQ(head.find(claimed), std::string::npos) << claimed << " in " << head;
}

TEST(GatewayTrust, BelievesATrustedProxyAndAddsItToTheList) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", trusting("\"::1\", \"127.0.0.0/8\""))};
  const std::string head = gateway.get("/", claims).body;
  EXPECT_NE(head.find("X-Forwarded-For: 203.0.113.9, 127.0.0.1\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Proto: https\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Host: shop.example\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("X-Forwarded-Port: 443\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Forwarded: for=203.0.113.9;proto=https, for=127.0.0.1;host=\"test\";proto=http\r\n"),
            std::string::npos)
      << head;
}

TEST(GatewayTrust, TellsTrustedProxiesFromStrangersByTheirAddress) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting("127.0.0.7"))};
  const auto said = [&](const char* from) {
    Socket client = connect_from(from, gateway.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    const std::string head = client.read_response().value_or(Message{}).body;
    const std::size_t at = head.find("X-Forwarded-For: ");
    return head.substr(at, head.find('\r', at) - at);
  };
  EXPECT_EQ(said("127.0.0.7"), "X-Forwarded-For: 203.0.113.9, 127.0.0.7");
  EXPECT_EQ(said("127.0.0.8"), "X-Forwarded-For: 127.0.0.8");
}

TEST(GatewayTrust, TheAccessLogNamesTheNearestClientThatIsNotAProxy) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", trusting("\"127.0.0.0/8\", \"10.0.0.0/8\"")) +
      "log: {access: {format: json, fields: [path, client]}}\n"};
  const auto logged = [&](const std::string& list) {
    EXPECT_EQ(gateway.get("/", list.empty() ? "" : "X-Forwarded-For: " + list + "\r\n").status(), 200U);
    return std::string{boost::json::parse(gateway.read_line()).at("client").as_string()};
  };
  EXPECT_EQ(logged("6.6.6.6, 203.0.113.9, 10.9.9.9"), "203.0.113.9");
  EXPECT_EQ(logged("2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(logged("6.6.6.6, spoilt"), "127.0.0.1") << "what is left of something malformed is anybody's";
  EXPECT_EQ(logged(""), "127.0.0.1");
}

TEST(GatewayTrust, NoListHoweverLongOrMalformedIsAnError) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", trusting("\"127.0.0.0/8\""))};
  std::string longest;
  while (longest.size() < 30'000) longest += "10.1.1.1,";
  for (const std::string& list :
       {longest, std::string(30'000, ','), std::string(30'000, '1'), std::string{"\"'<>"}}) {
    for (const char* name : {"X-Forwarded-For: ", "Forwarded: "}) {
      const Message answer = gateway.get("/", name + list + "\r\n");
      EXPECT_EQ(answer.status(), 200U) << name << list.substr(0, 20);
      EXPECT_LT(answer.body.size(), 2000U) << "and the service gets only what is believed";
    }
  }
}

TEST(GatewayTrust, AReloadChangesWhoIsTrustedForNewConnections) {
  Upstream upstream{echo()};
  const auto file = [&](const std::string& networks) {
    return config_text({{"shop", upstream.port()}}, "", trusting(networks));
  };
  const GatewayProcess gateway{file("127.0.0.1")};
  EXPECT_NE(gateway.get("/", claims).body.find("203.0.113.9, 127.0.0.1"), std::string::npos);
  gateway.rewrite(file(""));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.get("/", claims).body.find("203.0.113.9"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::wire
