// PROXY headers of trusted balancers, versions 1 and 2.
#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/client_socket.hpp"
#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::string_literals;

const std::string line = "PROXY TCP4 203.0.113.9 192.0.2.2 56324 443\r\n";
const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
/// 203.0.113.9:56324 to 192.0.2.2:443.
const std::string binary = signature + "\x21\x11\x00\x0C\xCB\x00\x71\x09\xC0\x00\x02\x02\xDC\x04\x01\xBB"s;
const std::string local = signature + "\x20\x00\x00\x00"s;
const std::string request = "GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-Port: 1\r\n\r\n";

/// Says in its body what it got.
Upstream::Serve echo() {
  return Upstream::answering([](const Message& got) { return ok(got.head_text); });
}

std::string behind_balancers(std::uint16_t port, const std::string& more = "") {
  return config_text({{"shop", port}}, "", "trusted_proxies: [127.0.0.1], proxy_protocol: true" + more);
}

int failures(const GatewayProcess& gateway, const std::string& reason) {
  const std::string text = gateway.admin("GET", "/metrics").body;
  const std::string name = "switchgear_gateway_proxy_header_failures_total{reason=\"" + reason + "\"} ";
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
}

TEST(GatewayProxyProtocol, TheClientIsWhomTheHeaderNames) {
  Upstream upstream{echo()};
  GatewayProcess gateway{behind_balancers(upstream.port()) +
                         "log: {access: {format: json, fields: [path, client]}}\n"};
  for (const std::string& header : {line, binary}) {
    Socket client = Socket::connect(gateway.port());
    client.send(header + request);
    const std::string head = client.read_response().value_or(Message{}).body;
    EXPECT_NE(head.find("X-Forwarded-For: 203.0.113.9\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Forwarded-Port: 443\r\n"), std::string::npos) << head;
    EXPECT_NE(gateway.read_line().find("\"client\":\"203.0.113.9\""), std::string::npos);
    client.send(request);
    EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U) << "it is sent once a connection";
    EXPECT_NE(gateway.read_line().find("\"client\":\"203.0.113.9\""), std::string::npos);
  }
}

TEST(GatewayProxyProtocol, AHeaderMayBeCutAnywhere) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port())};
  for (const std::string& header : {line, binary}) {
    const std::string all = header + request;
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      Socket client = Socket::connect(gateway.port());
      client.send(all.substr(0, cut));
      if (cut % 4 == 0) {
        EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U) << "so that it is seen in two pieces";
      }
      client.send(all.substr(cut));
      const Message answer = client.read_response().value_or(Message{});
      EXPECT_EQ(answer.status(), 200U) << cut;
      EXPECT_NE(answer.body.find("X-Forwarded-For: 203.0.113.9\r\n"), std::string::npos) << cut;
    }
  }
  EXPECT_EQ(failures(gateway, "malformed"), 0);
}

TEST(GatewayProxyProtocol, ABalancerThatSpeaksForItselfIsTheClient) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port())};
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, local}) {
    Socket client = Socket::connect(gateway.port());
    client.send(header + request);
    const std::string head = client.read_response().value_or(Message{}).body;
    EXPECT_NE(head.find("X-Forwarded-For: 127.0.0.1\r\n"), std::string::npos) << head;
  }
}

TEST(GatewayProxyProtocol, WhoIsTrustedAndSendsNoHeaderIsDisconnected) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port())};
  for (const std::string& bytes :
       {request, "PROXY TCP4 nonsense\r\n" + request, signature + "\x31\x11\x00\x00"s,
        signature + "\x21\x11\xFF\xFF"s, "\x16\x03\x01\x02"s}) {
    Socket client = Socket::connect(gateway.port());
    client.send(bytes);
    EXPECT_EQ(client.read_all(), "") << bytes;
  }
  EXPECT_EQ(failures(gateway, "malformed"), 5);
  EXPECT_TRUE(
      gateway.logs("a trusted proxy is disconnected: the connection does not begin with a PROXY header"));
  EXPECT_EQ(upstream.connections(), 0);
}

TEST(GatewayProxyProtocol, AHeaderOfAStrangerIsAMalformedRequest) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port())};
  for (const std::string& header : {line, binary}) {
    Socket stranger = connect_from("127.0.0.9", gateway.port());
    stranger.send(header + request);
    EXPECT_EQ(stranger.read_response().value_or(Message{}).status(), 400U);
  }
  Socket stranger = connect_from("127.0.0.9", gateway.port());
  stranger.send(request);
  const std::string head = stranger.read_response().value_or(Message{}).body;
  EXPECT_NE(head.find("X-Forwarded-For: 127.0.0.9\r\n"), std::string::npos)
      << "it is a client like any other";
}

TEST(GatewayProxyProtocol, WaitsForAHeaderNoLongerThanForARequests) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port(), ", limits: {header_timeout: 100ms}")};
  for (const std::string& bytes : {""s, line.substr(0, 20), binary.substr(0, 20)}) {
    Socket client = Socket::connect(gateway.port());
    client.send(bytes);
    EXPECT_EQ(client.read_all(), "");
    EXPECT_FALSE(client.timed_out());
  }
  EXPECT_EQ(failures(gateway, "timeout"), 3);
}

TEST(GatewayProxyProtocol, NoticesThatABalancerLeavesInTheMiddleOfItsHeader) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{behind_balancers(upstream.port())};
  for (const std::string& bytes : {""s, line.substr(0, 20), binary.substr(0, 20)}) {
    Socket client = Socket::connect(gateway.port());
    client.send(bytes);
    client.shut_down_sending();
    EXPECT_EQ(client.read_all(), "");
    EXPECT_FALSE(client.timed_out());
  }
  EXPECT_EQ(failures(gateway, "incomplete"), 2) << "one that connects and leaves only looks whether it can";
}

TEST(GatewayProxyProtocol, FieldsAreBelievedOfAClientThatIsATrustedProxyItself) {
  Upstream upstream{echo()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "",
                  "trusted_proxies: [127.0.0.1, \"198.51.100.0/24\"], proxy_protocol: true")};
  const auto said = [&](const std::string& client) {
    Socket balancer = Socket::connect(gateway.port());
    balancer.send("PROXY TCP4 " + client + " 192.0.2.2 1 443\r\n" +
                  "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
    const std::string head = balancer.read_response().value_or(Message{}).body;
    const std::size_t at = head.find("X-Forwarded-For: ");
    return head.substr(at, head.find('\r', at) - at);
  };
  EXPECT_EQ(said("198.51.100.7"), "X-Forwarded-For: 203.0.113.9, 198.51.100.7");
  EXPECT_EQ(said("192.0.2.77"), "X-Forwarded-For: 192.0.2.77");
}

}  // namespace
}  // namespace switchgear::wire
