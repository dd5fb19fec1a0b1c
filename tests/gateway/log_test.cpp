// What an operator finds in the log.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(GatewayLog, SaysThatAServiceIsDownWithoutALineForEachOf300Failures) {
  const DeafPort deaf;
  GatewayProcess gateway{config_text({{"shop", deaf.port()}})};
  for (int i = 0; i < 300; ++i) ASSERT_EQ(gateway.get("/").status(), 502U);
  const std::string line =
      "service 'shop' at 127.0.0.1:" + std::to_string(deaf.port()) + ": 502: the service takes no connection";
  EXPECT_NE(gateway.log().find(line), std::string::npos) << "at once, not when the gateway ends";
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_LE(count_of(gateway.log(), line), 10U);
  EXPECT_NE(gateway.log().find(" more)"), std::string::npos);
}

TEST(GatewayLog, SaysThatAServiceDoesNotAnswerInTime) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "hasty"}}, "  hasty: {timeout: 50ms}\n")};
  EXPECT_EQ(gateway.get("/").status(), 504U);
  EXPECT_NE(gateway.log().find(": 504: the service did not answer in time"), std::string::npos);
}

TEST(GatewayLog, SaysThatAResponseWasBrokenOff) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  EXPECT_FALSE(gateway.get("/").whole);
  EXPECT_NE(gateway.log().find(": response broken off: the service broke off its answer"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::wire
