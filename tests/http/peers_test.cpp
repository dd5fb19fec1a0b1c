// The client against servers that others wrote: Node's, plain and with TLS, and nginx.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/house/program.hpp"
#include "tests/http/client_fixture.hpp"
#include "tests/http/nginx_peer.hpp"

namespace switchgear::http {
namespace {

using house::Program;

class NodePeer {
 public:
  explicit NodePeer(const std::vector<std::string>& arguments = {}) : program_(words(arguments)) {
    EXPECT_TRUE(program_.read_until("is open", wire::patience)) << program_.output();
    port_ = std::stoi(program_.output().substr(program_.output().find("port ") + 5));
  }
  [[nodiscard]] std::string url(const std::string& scheme, const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_);
  }

 private:
  static std::vector<std::string> words(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{NODE, PEER};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }
  Program program_;
  int port_ = 0;
};

TEST(ClientAndNode, UnderstandEachOther) {
  const NodePeer node;
  ClientOptions options;
  options.redirects = 2;
  BlockingClient peer{node.url("http"), options};
  const auto echoed = peer.post(Request{"/echo"}.query("q", "a&b ä"), {{"sku", "apples"}}).json();
  EXPECT_EQ(echoed.at("method"), "POST");
  EXPECT_EQ(echoed.at("query").at("q"), "a&b ä");
  EXPECT_EQ(echoed.at("body"), R"({"sku":"apples"})");
  EXPECT_EQ(peer.get("/chunks").body.size(), 10'000U);
  EXPECT_EQ(peer.get("/none").status, 404U);
  const auto moved = peer.put("/moved", {1, 2}).json();
  EXPECT_EQ(moved.at("method"), "PUT");
  EXPECT_EQ(moved.at("query").at("from"), "moved");
  EXPECT_EQ(moved.at("body"), "[1,2]");
  EXPECT_EQ(moved.at("connections"), 1) << "all of it on one connection";
  EXPECT_EQ(peer.get("/goodbye").body, "bye");
  EXPECT_EQ(peer.get("/echo").json().at("connections"), 2);
}

// --- TLS

void run(const std::string& command) {
  ASSERT_EQ(std::system((command + " 2>/dev/null").c_str()), 0) << command;
}

/// An authority, a certificate of it for `localhost`, and one for a client.
class Certificates {
 public:
  Certificates() {
    const std::string authority = " -CA " + file("ca.pem") + " -CAkey " + file("ca.key");
    const std::string request =
        std::string(OPENSSL) + " req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    run(request + " -subj /CN=authority -keyout " + file("ca.key") + " -out " + file("ca.pem"));
    run(request +
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext "
        "basicConstraints=critical,CA:FALSE" +
        authority + " -keyout " + file("server.key") + " -out " + file("server.pem"));
    run(request + " -subj /CN=shop -addext basicConstraints=critical,CA:FALSE" + authority + " -keyout " +
        file("client.key") + " -out " + file("client.pem"));
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] ClientOptions trusted() const {
    ClientOptions options;
    options.tls.ca_file = file("ca.pem");
    options.pool.connect_timeout = wire::patience;
    return options;
  }

 private:
  TemporaryFolder folder_;
};

TEST(ClientTls, VerifiesTheServerUnlessToldOtherwise) {
  const Certificates certificates;
  const NodePeer node{{certificates.file("server.key"), certificates.file("server.pem")}};
  BlockingClient trusting{node.url("https", "localhost"), certificates.trusted()};
  const auto echoed = trusting.get("/echo").json();
  EXPECT_EQ(echoed.at("name"), "localhost") << "the server is told which name is meant";
  EXPECT_EQ(trusting.get("/echo").json().at("connections"), 1) << "a secure connection is kept as well";

  CircuitBreaker breaker{"shop", {.consecutive_failures = 1}};
  Retry retry{"shop", {.max_attempts = 3, .base = 1ms}};
  ClientOptions usual;
  usual.pool.connect_timeout = wire::patience;
  BlockingClient by_default{node.url("https", "localhost"), Pipeline{retry, breaker}, usual};
  const Ended unknown = ended([&] { return by_default.get("/echo"); });
  EXPECT_EQ(unknown.code, Errc::tls);
  EXPECT_EQ(unknown.text, node.url("https", "localhost") +
                              ": TLS: its certificate is not signed by an authority that is trusted here");
  EXPECT_EQ(breaker.state(), State::open);

  BlockingClient another_name{node.url("https"), certificates.trusted()};
  const Ended other = ended([&] { return another_name.get("/echo"); });
  EXPECT_EQ(other.code, Errc::tls) << "127.0.0.1 is not localhost";
  EXPECT_EQ(other.text, node.url("https") + ": TLS: its certificate is for another name");
  ClientOptions anyone = usual;
  anyone.tls.verify = Verify::nothing;
  BlockingClient careless{node.url("https"), anyone};
  EXPECT_TRUE(careless.get("/echo").ok());
}

TEST(ClientTls, ShowsTheClientsCertificateToAServerThatAsks) {
  const Certificates certificates;
  const NodePeer node{
      {certificates.file("server.key"), certificates.file("server.pem"), certificates.file("ca.pem")}};
  BlockingClient unknown{node.url("https", "localhost"), certificates.trusted()};
  EXPECT_FALSE(ended([&] { return unknown.get("/echo"); }).text.starts_with("answered"));
  ClientOptions options = certificates.trusted();
  options.tls.certificate_file = certificates.file("client.pem");
  options.tls.key_file = certificates.file("client.key");
  BlockingClient known{node.url("https", "localhost"), options};
  EXPECT_TRUE(known.get("/echo").ok());
}

TEST(ClientTls, EndsWithAServerThatSpeaksPlainHttpOrNothingAtAll) {
  const NodePeer plain;
  ClientOptions patient;
  patient.pool.connect_timeout = wire::patience;
  BlockingClient shop{plain.url("https"), patient};
  const Ended spoke = ended([&] { return shop.get("/echo"); });
  EXPECT_EQ(spoke.code, Errc::tls);
  EXPECT_EQ(spoke.text, plain.url("https") + ": TLS: it does not speak TLS: it answered in plain text");
  const Upstream silent{[](Socket& socket) { static_cast<void>(socket.read_all()); }};
  ClientOptions options;
  options.pool.connect_timeout = 50ms;
  BlockingClient waits{"https://127.0.0.1:" + std::to_string(silent.port()), options};
  const Ended end = ended([&] { return waits.get("/"); });
  EXPECT_EQ(end.code, std::errc::timed_out);
  EXPECT_NE(end.text.find("the connection was not made in time"), std::string::npos) << end.text;
}

/// Answers the first request of each connection with `records`, each a TLS record, in one segment.
class RecordServer {
 public:
  RecordServer(const Certificates& certificates, std::vector<std::string> records)
      : records_(std::move(records)) {
    SSL_CTX_use_certificate_file(context_.get(), certificates.file("server.pem").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_.get(), certificates.file("server.key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_num_tickets(context_.get(), 0);  // nothing but the answers
  }
  [[nodiscard]] std::string url() const { return "https://localhost:" + std::to_string(server_.port()); }
  [[nodiscard]] int connections() const { return server_.connections(); }

 private:
  void serve(Socket& socket) {
    // OpenSSL writes without MSG_NOSIGNAL, and the client may have closed the connection.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls{SSL_new(context_.get()), &SSL_free};
    SSL_set_fd(tls.get(), socket.descriptor());
    if (SSL_accept(tls.get()) != 1) return;
    std::array<char, 4096> request{};
    for (int answered = 0; SSL_read(tls.get(), request.data(), request.size()) > 0; ++answered) {
      if (answered != 0) continue;
      hold_segments(socket, 1);
      for (const std::string& record : records_)
        SSL_write(tls.get(), record.data(), static_cast<int>(record.size()));
      hold_segments(socket, 0);
    }
  }
  static void hold_segments(Socket& socket, int on) {
    EXPECT_EQ(::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
  }

  std::vector<std::string> records_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_server_method()), &SSL_CTX_free};
  Upstream server_{[this](Socket& socket) { serve(socket); }};
};

TEST(ClientTls, TakesNoAnswerThatCameBeforeItsRequestInARecordOfItsOwn) {
  const Certificates certificates;
  const RecordServer server{certificates, {ok("asked for"), ok("not asked for")}};
  BlockingClient shop{server.url(), certificates.trusted()};
  EXPECT_EQ(shop.get("/a").body, "asked for");
  EXPECT_EQ(shop.get(Request{"/b"}.timeout(wire::patience)).body, "asked for");
  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientTls, SaysWhichFileItCannotUse) {
  ClientOptions options;
  options.tls.ca_file = "/nowhere/ca.pem";
  try {
    const BlockingClient shop{"https://shop", options};
    FAIL() << "accepted";
  } catch (const std::invalid_argument& thrown) {
    EXPECT_TRUE(std::string(thrown.what()).starts_with("tls.ca_file: '/nowhere/ca.pem' cannot be used: "))
        << thrown.what();
  }
  options.tls = {};
  options.tls.key_file = "/nowhere/key.pem";
  EXPECT_THROW(BlockingClient("https://shop", options), std::invalid_argument);
}

// --- nginx

TEST(ClientAndNginx, UnderstandEachOther) {
  const Nginx nginx{"keepalive_requests 3; gzip on; gzip_types application/json; gzip_proxied any;",
                    "location /old/ { return 301 /api/apples.json; } location / { root html; }"};
  nginx.write("html/api/apples.json", "{\"stock\": [" + std::string(2000, ' ') + "7]}");
  ClientOptions options;
  options.redirects = 1;
  BlockingClient shop{nginx.url(), options};
  for (int i = 0; i < 10; ++i) {
    const Response answer = shop.get("/api/apples.json");
    ASSERT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.json().at("stock").at(0).as_int64(), 7) << "compressed on its way";
  }
  EXPECT_EQ(shop.get("/api/pears.json").status, 404U);
  EXPECT_EQ(shop.get("/old/").json().at("stock").at(0).as_int64(), 7);
  EXPECT_EQ(shop.request("HEAD", "/api/apples.json").status, 200U);
  EXPECT_EQ(shop.post("/api/apples.json").status, 405U);
  const PoolFigures pool = shop.pools().front();
  EXPECT_EQ(pool.failed, 0U);
  EXPECT_GE(pool.opened, 5U) << "nginx closes after three requests";
  EXPECT_GE(pool.reused, 6U);
}

}  // namespace
}  // namespace switchgear::http
