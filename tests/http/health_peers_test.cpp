// Checks of real peers: Python's and nginx's servers, sockets that refuse, say nothing, or say too much.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <utility>

#include "switchgear/http/health/health_checker.hpp"
#include "switchgear/http/health/port_checks.hpp"
#include "tests/house/program.hpp"
#include "tests/http/client_fixture.hpp"
#include "tests/http/nginx_peer.hpp"

namespace switchgear::http {
namespace {

namespace asio = boost::asio;
using health::CheckEnd;
using health::CheckOptions;
using health::CheckResult;
using health::HttpCheck;
using health::Judged;

CheckOptions patient(std::variant<HttpCheck, health::TcpCheck> how) {
  CheckOptions options;
  options.how = std::move(how);
  options.watch.timeout = wire::patience;
  return options;
}

HttpCheck expecting(std::string pointer, health::JsonValue value) {
  HttpCheck check;
  check.json.push_back({std::move(pointer), std::move(value)});
  return check;
}

/// The first result of a checker for this port.
CheckResult check(const std::string& host, std::uint16_t port, const CheckOptions& options) {
  asio::io_context io;
  CheckResult first{CheckEnd::hung, "no result"};
  health::WatchOptions watch = options.watch;
  watch.jitter = 0;
  HealthChecker<> checker{io.get_executor(), port_check(io.get_executor(), {host, port}, options), watch,
                          [&](const Judged& judged) {
                            first = judged.result;
                            io.stop();
                          }};
  checker.start();
  io.run_for(2 * wire::patience);
  return first;
}

CheckResult check(std::uint16_t port, const CheckOptions& options) {
  return check("127.0.0.1", port, options);
}

TEST(HealthPeers, PythonsServerIsHealthyWhereItHasThePathAndNotWhereItHasNot) {
  house::Program python{{PYTHON, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"}};
  ASSERT_TRUE(python.read_until("/) ...", wire::patience)) << python.output();
  const std::size_t at = python.output().find("port ") + 5;
  const auto port = static_cast<std::uint16_t>(std::stoi(python.output().substr(at)));
  EXPECT_EQ(check(port, patient(HttpCheck{})).words, "");
  HttpCheck head;
  head.method = "HEAD";
  EXPECT_EQ(check(port, patient(head)).end, CheckEnd::good);
  HttpCheck missing;
  missing.path = "/healthz";
  EXPECT_EQ(check(port, patient(missing)).words, "status 404");
  EXPECT_EQ(check(port, patient(health::TcpCheck{})).end, CheckEnd::good);
  EXPECT_EQ(check("localhost", port, patient(health::TcpCheck{})).end, CheckEnd::good) << "a name";
}

TEST(HealthPeers, NginxIsAskedWithItsHostAndJudgedByStatusAndJson) {
  const Nginx nginx{"gzip on; gzip_min_length 1; gzip_types application/json;",
                    "location = /down { return 503; } location = /moved { return 301 /up; }"
                    " location = /host { return 200 '{\"host\": \"$host\", \"args\": \"$args\"}'; }"
                    " location = /up { return 200 '{\"status\": \"ok\", \"db\": {\"up\": true}}'; }"};
  const auto ask = [&](HttpCheck what, std::string path) {
    what.path = std::move(path);
    return check(nginx.port(), patient(std::move(what)));
  };
  EXPECT_EQ(ask(expecting("/db/up", true), "/up").words, "");
  EXPECT_EQ(ask(expecting("/db/up", false), "/up").words, "/db/up is true, not false");
  EXPECT_EQ(ask(HttpCheck{}, "/down").words, "status 503");
  EXPECT_EQ(ask(HttpCheck{}, "/moved").words, "status 301") << "not followed";
  EXPECT_EQ(ask(expecting("/status", "ok"), "/down").words, "status 503");
  HttpCheck named = expecting("/host", "payment.internal");
  named.host = "payment.internal:81";
  named.json.push_back({"/args", "deep=1"});
  EXPECT_EQ(ask(named, "/host?deep=1").words, "");
}

TEST(HealthPeers, APortThatRefusesIsUnreachable) {
  const wire::DeafPort dead;
  for (const CheckOptions& options : {patient(HttpCheck{}), patient(health::TcpCheck{})}) {
    const CheckResult result = check(dead.port(), options);
    EXPECT_EQ(result.end, CheckEnd::unreachable);
    EXPECT_NE(result.words.find("Connection refused"), std::string::npos) << result.words;
  }
  CheckOptions elsewhere = patient(health::TcpCheck{});
  Upstream upstream{[](Socket&) {}};
  elsewhere.port = upstream.port();
  EXPECT_EQ(check(dead.port(), elsewhere).end, CheckEnd::good) << "another port is checked";
}

TEST(HealthPeers, ANameThatDoesNotExistIsUnreachable) {
  EXPECT_EQ(check("no-such-host.invalid", 80, patient(HttpCheck{})).end, CheckEnd::unreachable);
  EXPECT_EQ(check("no-such-host.invalid", 80, patient(health::TcpCheck{})).end, CheckEnd::unreachable);
}

TEST(HealthPeers, ASocketThatSaysNothingIsATimeout) {
  Upstream silent{[](Socket& socket) {
    while (!socket.receive().empty()) {
    }
  }};
  CheckOptions options = patient(HttpCheck{});
  options.watch.timeout = 20ms;
  EXPECT_EQ(check(silent.port(), options).end, CheckEnd::timeout);
  EXPECT_EQ(check(silent.port(), patient(health::TcpCheck{})).end, CheckEnd::good) << "it does listen";
}

TEST(HealthPeers, AnAnswerWithoutAnEndIsCutOffAtItsBound) {
  Upstream endless{[](Socket& socket) {
    (void)socket.receive();
    if (!socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return;
    const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
    while (socket.send(chunk)) {
    }
  }};
  EXPECT_EQ(check(endless.port(), patient(expecting("/status", "ok"))).words,
            "the answer is longer than 65536 bytes");
  EXPECT_EQ(check(endless.port(), patient(HttpCheck{})).end, CheckEnd::good)
      << "its status is all that counts";
}

TEST(HealthPeers, WhatIsNotHttpIsUnexpectedAndWhatBreaksOffIsUnreachable) {
  Upstream other{Upstream::saying("SSH-2.0-OpenSSH_9.2\r\n\r\n")};
  EXPECT_EQ(check(other.port(), patient(HttpCheck{})).end, CheckEnd::unexpected);
  Upstream closing{[](Socket& socket) { (void)socket.receive(); }};
  EXPECT_EQ(check(closing.port(), patient(HttpCheck{})).end, CheckEnd::unreachable);
  Upstream short_of{[](Socket& socket) {
    (void)socket.receive();
    (void)socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\": \"ok\"}");
  }};
  EXPECT_EQ(check(short_of.port(), patient(HttpCheck{})).end, CheckEnd::unreachable);
}

TEST(HealthPeers, EachCheckHasAConnectionOfItsOwn) {
  Upstream upstream{Upstream::saying(ok())};
  asio::io_context io;
  CheckOptions options = patient(HttpCheck{});
  options.watch.interval = 1ms;
  int good = 0;
  HealthChecker<> checker{io.get_executor(),
                          port_check(io.get_executor(), {"127.0.0.1", upstream.port()}, options),
                          options.watch, [&](const Judged& judged) {
                            good += judged.result.good() ? 1 : 0;
                            if (good == 5) io.stop();
                          }};
  checker.start();
  io.run_for(2 * wire::patience);
  EXPECT_EQ(good, 5);
  EXPECT_EQ(upstream.connections(), 5);
}

}  // namespace
}  // namespace switchgear::http
