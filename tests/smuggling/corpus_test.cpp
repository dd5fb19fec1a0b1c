// Payloads meant to make a proxy and its upstream see different requests, against the real binary and an
// upstream that keeps every byte. One corpus is the repository's own; a second, with the answers of nginx and
// HAProxy, is used where it is there.
#include "tests/smuggling/corpus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

struct Result {
  std::vector<unsigned> statuses;  ///< final answers, in order
  std::vector<Message> seen;       ///< what the upstream got, also what broke off
  std::string wire;
};

/// Further keys of a route.
const std::string upgrading = ", upgrade: [websocket]";
const std::string asks_to_upgrade =
    "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const std::string switches =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const std::string declined = "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n";

class Smuggling : public ::testing::Test {
 protected:
  /// Sends the payload, ends the client's half, and reads whatever comes until the gateway closes. Each
  /// payload has a gateway and an upstream of its own, which have ended when this returns: so what was seen
  /// is all there is, and of no other request. `route`: further keys of the route; `first`: what the upstream
  /// answers to the first request.
  static Result run(const std::string& payload, Way way = Way::plain, const std::string& route = "",
                    const std::string& first = "") {
    Result result;
    std::mutex mutex;
    {
      const Upstream witness{[&](Socket& socket) {
        while (std::optional<Message> request = socket.read_request()) {
          const bool whole = request->whole;
          bool is_first = false;
          {
            const std::lock_guard lock{mutex};
            is_first = result.seen.empty();
            result.seen.push_back(*std::move(request));
          }
          if (!whole || !socket.send(is_first && !first.empty() ? first : ok("upstream"))) return;
        }
      }};
      {
        const GatewayProcess gateway{config_text({{"witness", witness.port(), "/" + route, "quick"}},
                                                 "  quick: {timeout: 60s}\n",
                                                 "limits: {header_timeout: 60s, body_timeout: 60s}" +
                                                     (way == Way::tls ? ", tls: {" + identity() + "}" : ""))};
        Socket client = Socket::connect(gateway.port());
        result.wire = exchange(client, payload, way);
      }
    }
    result.statuses = statuses_of(result.wire);
    return result;
  }

  static void expect_corpus(Way way, const std::string& route = "") {
    const std::vector<Payload> corpus = own_corpus();
    ASSERT_GE(corpus.size(), 60U);
    for (const Payload& payload : corpus) {
      const Result result = run(payload.bytes, way, route);
      expect_clean(payload.id, result.seen);
      EXPECT_EQ(result.statuses, payload.answers) << payload.id << "\n" << result.wire;
      EXPECT_EQ(result.seen.size(), payload.forwarded) << payload.id;
    }
  }
};

TEST_F(Smuggling, OwnCorpusIsDecidedAsItSays) { expect_corpus(Way::plain); }

TEST_F(Smuggling, OwnCorpusIsDecidedInTheSameWayThroughTls) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL, and the gateway may have closed
  expect_corpus(Way::tls);
}

TEST_F(Smuggling, OwnCorpusIsDecidedInTheSameWayWhereARouteTakesUpgrades) {
  expect_corpus(Way::plain, upgrading);
}

/// A request for an upgrade that the service declines is a request like any other, and so is what the client
/// has sent behind it, as if it had believed in the upgrade already.
TEST_F(Smuggling, WhatComesBehindADeclinedUpgradeIsDecidedAsByItself) {
  for (const Payload& payload : own_corpus()) {
    const Result result = run(asks_to_upgrade + payload.bytes, Way::plain, upgrading, declined);
    std::vector<unsigned> expected{426};
    expected.insert(expected.end(), payload.answers.begin(), payload.answers.end());
    expect_clean(payload.id, result.seen);
    EXPECT_EQ(result.statuses, expected) << payload.id << "\n" << result.wire;
    EXPECT_EQ(result.seen.size(), 1 + payload.forwarded) << payload.id;
  }
}

/// Behind a 101 they are mere bytes: the service gets each of them as it is, and nothing else comes of them.
TEST_F(Smuggling, WhatComesBehindAnUpgradeIsPassedOnAsItIs) {
  const Upstream echo{[](Socket& socket) {
    if (socket.read_head().empty() || !socket.send(switches)) return;
    socket.send(socket.read_all());
  }};
  const GatewayProcess gateway{config_text({{"echo", echo.port(), "/" + upgrading}})};
  int connections = 0;
  for (const Payload& payload : own_corpus()) {
    Socket client = Socket::connect(gateway.port());
    const std::string wire = exchange(client, asks_to_upgrade + payload.bytes, Way::plain);
    const std::size_t end = wire.find("\r\n\r\n");
    ASSERT_NE(end, std::string::npos) << payload.id;
    EXPECT_EQ(wire.substr(end + 4), payload.bytes) << payload.id;
    EXPECT_EQ(wire.substr(0, 12), "HTTP/1.1 101") << payload.id;
    EXPECT_EQ(echo.connections(), ++connections) << payload.id;
  }
}

/// The stricter of two proxies is the measure: what it refused is refused, what it saw as one request stays
/// one.
TEST_F(Smuggling, IsNeverFooledWhereNginxOrHaproxyWasNot) {
  const std::string folder = SHARED_CORPUS;
  std::map<std::string, std::string> payloads;
  for (const char* file : {"/http11probe.jsonl", "/llhttp.jsonl"}) {
    for (const boost::json::object& line : lines_of(folder + file))
      payloads[std::string{line.at("id").as_string()}] =
          decoded(std::string{line.at("payload_b64").as_string()});
  }
  std::size_t compared = 0;
  for (const boost::json::object& line : lines_of(folder + "/proxies.jsonl")) {
    const std::string id{line.at("id").as_string()};
    if (!payloads.contains(id)) continue;
    ++compared;
    const Result result = run(payloads.at(id));
    expect_clean(id, result.seen);
    for (const char* proxy : {"nginx", "haproxy"}) {
      if (!line.contains(proxy) || !line.at(proxy).is_object()) continue;
      const boost::json::object& theirs = line.at(proxy).as_object();
      const auto their_requests = theirs.at("upstream_requests").to_number<std::size_t>();
      bool refused = false;
      for (const auto& status : theirs.at("status").as_array())
        refused = refused || status.to_number<unsigned>() >= 400;
      EXPECT_LE(result.seen.size(), std::max<std::size_t>(their_requests, refused ? 0 : 1))
          << id << ": more requests than from " << proxy;
      if (refused && their_requests == 0) {
        EXPECT_TRUE(result.seen.empty()) << id << ": " << proxy << " refused it\n" << payloads.at(id);
      }
    }
  }
  // The folder is not a part of the repository; where it is, none of it is left out.
  if (!payloads.empty()) {
    EXPECT_GE(compared, 300U);
  }
}

}  // namespace
}  // namespace switchgear::wire
