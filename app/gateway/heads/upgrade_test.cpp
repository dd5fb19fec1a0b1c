#include "app/gateway/heads/upgrade.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/http/head_validator.hpp"

namespace switchgear::gateway {
namespace {

/// A head, and the views into it.
struct Seen {
  Seen(http::HeadKind kind, const std::string& text) : block(text), validator(kind, {}) {
    EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << text;
    if (kind == http::HeadKind::request) {
      EXPECT_TRUE(fields.parse_request(block, validator.head())) << text;
    } else {
      fields.split_response(block, validator.head());
      fields.end_hop(validator.head());
    }
  }

  std::string block;
  http::HeadValidator validator;
  http::FieldList fields;
};

std::string asked(const std::string& request, const std::vector<std::string>& allowed = {"websocket"}) {
  const Seen seen{http::HeadKind::request, request};
  return std::string{upgrade_asked_for(seen.validator.head(), seen.fields, allowed)};
}

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

TEST(Upgrade, IsAskedForInAnyCaseAndAsOneOfSeveralWordsOfConnection) {
  EXPECT_EQ(asked(get + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n"), "websocket");
  EXPECT_EQ(asked(get + "connection: keep-alive, UPGRADE\r\nupgrade: WebSocket\r\n" + key + "\r\n"),
            "WebSocket");
  EXPECT_EQ(
      asked(get + "Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n"),
      "websocket");
}

TEST(Upgrade, IsNotAskedForIfTheRouteDoesNotNameIt) {
  const std::string request = get + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n";
  EXPECT_EQ(asked(request, {}), "");
  EXPECT_EQ(asked(request, {"spdy/3.1"}), "");
  EXPECT_EQ(asked(request, {"spdy/3.1", "websocket"}), "websocket");
}

TEST(Upgrade, ToAWebSocketNeedsOneKeyAndGetAndAnyOtherNeither) {
  EXPECT_EQ(asked(get + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), "");
  EXPECT_EQ(asked(get + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + key + key + "\r\n"), "");
  EXPECT_EQ(
      asked("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key + "\r\n"),
      "");
  EXPECT_EQ(asked("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", {"tcp"}),
            "tcp");
}

TEST(Upgrade, IsProvenByTheAnswerOfRfc6455ToTheKey) {
  const Seen seen{http::HeadKind::request, get + key + "\r\n"};
  EXPECT_EQ(proof_of_upgrade("WebSocket", seen.fields), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(proof_of_upgrade("spdy/3.1", seen.fields), "");
}

TEST(Upgrade, IsConfirmedByTheSameProtocolOnThisConnectionAlone) {
  const auto confirmed = [](const std::string& head, const std::string& proof = "") {
    const Seen seen{http::HeadKind::response, head + "\r\n"};
    return confirms_upgrade(seen.validator.head(), seen.fields, "websocket", proof);
  };
  const std::string good = "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n";
  EXPECT_TRUE(confirmed(good));
  EXPECT_FALSE(confirmed(good, "proof"));
  EXPECT_TRUE(confirmed(good + "Sec-WebSocket-Accept: proof\r\n", "proof"));
  EXPECT_FALSE(confirmed(good + "Sec-WebSocket-Accept: Proof\r\n", "proof"));
  EXPECT_FALSE(confirmed(good + "Upgrade: websocket\r\n"));
  EXPECT_FALSE(confirmed("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n"));
  EXPECT_FALSE(confirmed("HTTP/1.1 101 X\r\nConnection: upgrade\r\n"));
  EXPECT_FALSE(confirmed("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n"));
  EXPECT_FALSE(confirmed("HTTP/1.0 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"));
}

TEST(Upgrade, ReachesTheClientWithoutWhatEndedAtTheService) {
  const Seen seen{http::HeadKind::response,
                  "HTTP/1.1 101 Switching\r\nConnection: upgrade, x-hop\r\nUpgrade: websocket\r\nX-Hop: 1\r\n"
                  "Sec-WebSocket-Accept: a\r\nKeep-Alive: timeout=1\r\n\r\n"};
  std::string out;
  write_upgraded(out, seen.validator.head(), seen.fields);
  EXPECT_EQ(
      out,
      "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Via: 1.1 switchgear\r\n\r\n");
}

}  // namespace
}  // namespace switchgear::gateway
