// Answers that the gateway cuts off. Where an orderly end of the connection means a whole answer, as for an
// HTTP/1.0 client that gets one of unknown length, the client must see a reset.
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

constexpr const char* by_version[] = {"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
                                      "GET / HTTP/1.1\r\nHost: a\r\n\r\n"};

/// Has begun an answer in chunks, and says no more.
void begins(Socket& socket) {
  (void)socket.read_head();
  socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
  (void)socket.ends();
}

/// A client that has the beginning of its answer.
Socket begun(const GatewayProcess& gateway, const std::string& request) {
  Socket client = Socket::connect(gateway.port());
  client.send(request);
  EXPECT_FALSE(client.read_head().empty());
  EXPECT_NE((client.pending() + client.receive()).find("begin"), std::string::npos);
  return client;
}

bool is_reset(Socket& client) {
  while (!client.receive().empty()) continue;
  return client.was_reset();
}

TEST(GatewayCutOff, IsAResetAtTheEndOfTheDrain) {
  Upstream upstream{begins};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {drain_timeout: 300ms}")};
  Socket old = begun(gateway, by_version[0]);
  Socket usual = begun(gateway, by_version[1]);
  gateway.signal(SIGTERM);
  EXPECT_TRUE(is_reset(old)) << "HTTP/1.0";
  EXPECT_TRUE(is_reset(usual)) << "HTTP/1.1";
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

TEST(GatewayCutOff, IsAResetForAClientThatDoesNotReadForTooLong) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_head();
    socket.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(30'000'000, 'x'));
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {write_timeout: 500ms}")};
  for (const char* request : by_version) {
    Socket client = Socket::connect(gateway.port(), 4096);
    client.send(request);
    EXPECT_FALSE(client.read_head().empty());
    EXPECT_TRUE(eventually([&] {
      return gateway.admin("GET", "/metrics")
                 .body.find(R"(switchgear_gateway_pool_connections{service="shop",state="busy"} 0)") !=
             std::string::npos;
    }));
    EXPECT_TRUE(is_reset(client)) << request;
  }
}

TEST(GatewayCutOff, IsAResetForAClientThatHasOnlyStoppedSending) {
  Upstream upstream{begins};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const char* request : by_version) {
    Socket client = begun(gateway, request);
    client.shut_down_sending();
    EXPECT_TRUE(is_reset(client)) << request;
  }
}

}  // namespace
}  // namespace switchgear::wire
