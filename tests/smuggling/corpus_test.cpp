// Payloads meant to make a proxy and its upstream see different requests, against the real binary and an
// upstream that keeps every byte. One corpus is the repository's own; a second, with the answers of nginx and
// HAProxy, is used where it is there.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::wire {
namespace {

[[nodiscard]] std::string decode(const std::string& text) {
  std::string bytes(boost::beast::detail::base64::decoded_size(text.size()), '\0');
  bytes.resize(boost::beast::detail::base64::decode(bytes.data(), text.data(), text.size()).first);
  return bytes;
}

[[nodiscard]] std::vector<boost::json::object> lines_of(const std::string& file) {
  std::vector<boost::json::object> lines;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(boost::json::parse(line).as_object());
  }
  return lines;
}

struct Result {
  std::vector<unsigned> statuses;  ///< final answers, in order
  std::vector<Message> seen;       ///< what the upstream got, also what broke off
  std::string wire;
};

/// Sends all of it through TLS and says that no more comes, then reads to the end.
[[nodiscard]] std::string exchange_through_tls(const Socket& plain, const std::string& payload) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls{SSL_new(context.get()), &SSL_free};
  SSL_set_fd(tls.get(), plain.descriptor());
  if (SSL_connect(tls.get()) != 1) return "no handshake";
  SSL_write(tls.get(), payload.data(), static_cast<int>(payload.size()));
  SSL_shutdown(tls.get());
  std::string wire;
  std::array<char, 4096> some{};
  for (int got = 0; (got = SSL_read(tls.get(), some.data(), some.size())) > 0;)
    wire.append(some.data(), static_cast<std::size_t>(got));
  return wire;
}

class Smuggling : public ::testing::Test {
 protected:
  enum class Way { plain, tls };

  /// Sends the payload, ends the client's half, and reads whatever comes until the gateway closes. Each
  /// payload has a gateway and an upstream of its own, which have ended when this returns: so what was seen
  /// is all there is, and of no other request.
  static Result run(const std::string& payload, Way way = Way::plain) {
    Result result;
    std::mutex mutex;
    {
      const Upstream witness{[&](Socket& socket) {
        while (std::optional<Message> request = socket.read_request()) {
          const bool whole = request->whole;
          {
            const std::lock_guard lock{mutex};
            result.seen.push_back(*std::move(request));
          }
          if (!whole || !socket.send(ok("upstream"))) return;
        }
      }};
      {
        const GatewayProcess gateway{config_text(
            {{"witness", witness.port(), "/", "quick"}}, "  quick: {timeout: 60s}\n",
            "limits: {header_timeout: 60s, body_timeout: 60s}" + (way == Way::tls ? listener_tls() : ""))};
        Socket client = Socket::connect(gateway.port());
        if (way == Way::tls) {
          result.wire = exchange_through_tls(client, payload);
        } else {
          client.send(payload);
          client.shut_down_sending();
          result.wire = client.read_all();
        }
      }
    }
    for (std::size_t at = result.wire.find("HTTP/1.1 "); at != std::string::npos;
         at = result.wire.find("HTTP/1.1 ", at + 1)) {
      const unsigned status = static_cast<unsigned>(std::strtoul(result.wire.c_str() + at + 9, nullptr, 10));
      if (status >= 200) result.statuses.push_back(status);
    }
    return result;
  }

  [[nodiscard]] static std::string listener_tls() {
    static const house::Certificates made;
    return ", tls: {certificate: " + made.reference("server.pem") + ", key: " + made.reference("server.key") +
           "}";
  }

  static void expect_corpus(Way way) {
    const std::vector<boost::json::object> corpus = lines_of(SMUGGLING_CORPUS);
    ASSERT_GE(corpus.size(), 60U);
    for (const boost::json::object& line : corpus) {
      const std::string id{line.at("id").as_string()};
      const Result result = run(std::string{line.at("payload").as_string()}, way);
      expect_clean(id, result);
      std::vector<unsigned> expected;
      for (const auto& status : line.at("answers").as_array())
        expected.push_back(status.to_number<unsigned>());
      EXPECT_EQ(result.statuses, expected) << id << "\n" << result.wire;
      EXPECT_EQ(result.seen.size(), line.at("forwarded").to_number<std::size_t>()) << id;
    }
  }

  /// Holds for every payload.
  static void expect_clean(const std::string& id, const Result& result) {
    for (const Message& request : result.seen) {
      EXPECT_FALSE(request.has("content-length") && request.has("transfer-encoding")) << id;
      EXPECT_EQ(request.field("content-length").find(','), std::string::npos) << id;
      EXPECT_EQ(request.field("host").find(','), std::string::npos) << id;
      if (request.has("transfer-encoding")) {
        EXPECT_EQ(request.field("transfer-encoding"), "chunked") << id;
      }
      EXPECT_EQ(request.head_text.find("\n "), std::string::npos) << id << ": a folded line";
      for (std::size_t at = 0; at < request.head_text.size(); ++at) {
        const char c = request.head_text[at];
        EXPECT_FALSE(c == '\0' || (c == '\r' && request.head_text[at + 1] != '\n') ||
                     (c == '\n' && (at == 0 || request.head_text[at - 1] != '\r')))
            << id << ": byte " << at;
      }
    }
  }
};

TEST_F(Smuggling, OwnCorpusIsDecidedAsItSays) { expect_corpus(Way::plain); }

TEST_F(Smuggling, OwnCorpusIsDecidedInTheSameWayThroughTls) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL, and the gateway may have closed
  expect_corpus(Way::tls);
}

/// The stricter of two proxies is the measure: what it refused is refused, what it saw as one request stays
/// one.
TEST_F(Smuggling, IsNeverFooledWhereNginxOrHaproxyWasNot) {
  const std::string folder = SHARED_CORPUS;
  std::map<std::string, std::string> payloads;
  for (const char* file : {"/http11probe.jsonl", "/llhttp.jsonl"}) {
    for (const boost::json::object& line : lines_of(folder + file))
      payloads[std::string{line.at("id").as_string()}] =
          decode(std::string{line.at("payload_b64").as_string()});
  }
  std::size_t compared = 0;
  for (const boost::json::object& line : lines_of(folder + "/proxies.jsonl")) {
    const std::string id{line.at("id").as_string()};
    if (!payloads.contains(id)) continue;
    ++compared;
    const Result result = run(payloads.at(id));
    expect_clean(id, result);
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
