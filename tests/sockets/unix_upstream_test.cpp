// Services behind Unix sockets: their calls, pools, ejections and checks, and what `check` says of them.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "switchgear/http/blocking_client.hpp"
#include "tests/gateway/upstream.hpp"
#include "tests/house/program.hpp"
#include "tests/sockets/served.hpp"

namespace switchgear::wire {
namespace {

/// Answers with the target and the Host that it was asked for.
[[nodiscard]] Upstream::Serve echoing() {
  return Upstream::answering(
      [](const Message& request) { return ok(request.target() + " " + request.field("host")); });
}

[[nodiscard]] bool soon(const std::function<bool()>& so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

class UnixUpstreamTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string url(const std::string& name) const { return "unix:" + path(name); }
  [[nodiscard]] std::string file(const std::string& services) const {
    return folder_.write("a.yaml", file_with("listen: \"127.0.0.1:0\"", services));
  }

  const Folder folder_;
};

TEST_F(UnixUpstreamTest, IsCalledLikeAnyOtherAndItsConnectionIsKept) {
  const Upstream upstream{echoing(), path("app.sock")};
  Served served{file(service_at(url("app.sock")))};
  EXPECT_EQ(get(Socket::connect(served.port()), "/a?b").body, "/a?b test");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(Socket::connect(served.port())).status(), 200U);
  EXPECT_EQ(upstream.connections(), 1);
  const boost::json::value pools = served.status().at("connection_pools");
  EXPECT_EQ(pools.as_object().size(), 1U) << boost::json::serialize(pools);
}

TEST_F(UnixUpstreamTest, ARequestWithoutAHostIsForLocalhost) {
  const Upstream upstream{echoing(), path("app.sock")};
  Served served{file(service_at(url("app.sock")))};
  Socket client = Socket::connect(served.port());
  client.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "/old localhost");
}

TEST_F(UnixUpstreamTest, ThatIsNotThereIsNoConnectionUntilItIs) {
  Served served{file(service_at(url("app.sock")))};
  EXPECT_EQ(get(Socket::connect(served.port())).status(), 502U);
  const Upstream upstream{echoing(), path("app.sock")};
  EXPECT_EQ(get(Socket::connect(served.port())).status(), 200U);
}

TEST_F(UnixUpstreamTest, AnInstanceThatFailsIsLeftOut) {
  const Upstream good{echoing(), path("good.sock")};
  const Upstream bad{Upstream::saying("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), path("bad.sock")};
  Served served{file("  app:\n    upstreams: [{url: \"" + url("good.sock") + "\"}, {url: \"" +
                     url("bad.sock") +
                     "\"}]\n    ejection: {consecutive_5xx: 3, max_ejected: 0.5}\n"
                     "    policy: plain\n    routes: [{prefix: /}]\n")};
  int failed = 0;
  for (int i = 0; i < 30; ++i) failed += get(Socket::connect(served.port())).status() == 500 ? 1 : 0;
  EXPECT_EQ(failed, 3);
  const std::string status = boost::json::serialize(served.status().at("services").at("app"));
  EXPECT_NE(status.find(url("bad.sock")), std::string::npos) << status;
  EXPECT_TRUE(served.says("instance " + url("bad.sock") + " is left out")) << served.output();
}

TEST_F(UnixUpstreamTest, IsCheckedByARequestOrByAConnection) {
  for (const std::string how : {"http: {path: /healthz}", "tcp: {}"}) {
    const std::string name = how.substr(0, how.find(':')) + ".sock";
    auto upstream = std::make_unique<Upstream>(echoing(), path(name));
    Served served{file(
        service_at(url(name), ", health_check: {" + how + ", interval: 20ms, unhealthy: 1, healthy: 1}"))};
    const auto is = [&](const std::string& wanted) {
      return soon([&] {
        const boost::json::value status = served.status();
        const boost::json::object check = status.at("health_checks").as_array().at(0).as_object();
        EXPECT_EQ(check.at("address").as_string(), url(name).c_str());
        return check.at("status").as_string() == wanted.c_str();
      });
    };
    EXPECT_TRUE(is("healthy")) << how;
    upstream.reset();
    EXPECT_TRUE(is("unhealthy")) << how;
  }
}

TEST_F(UnixUpstreamTest, CheckSaysWhereARequestGoesAndWhatIsWrongWithAPath) {
  house::Program route{
      {SWITCHGEAR_BINARY, "check", "--route", "GET http://a/b?c", file(service_at("unix:/run/app.sock"))}};
  EXPECT_EQ(route.wait(patience), 0);
  EXPECT_NE(route.output().find("sent as  GET unix:/run/app.sock:/b?c"), std::string::npos) << route.output();
  house::Program explained{{SWITCHGEAR_BINARY, "check", "--explain", file(service_at("unix:/run/app.sock"))}};
  EXPECT_EQ(explained.wait(patience), 0) << explained.output();

  const auto wrong = [&](const std::string& gateway, const std::string& services, const std::string& says) {
    house::Program check{{SWITCHGEAR_BINARY, "check", folder_.write("b.yaml", file_with(gateway, services))}};
    EXPECT_EQ(check.wait(patience), 1);
    EXPECT_NE(check.output().find(says), std::string::npos) << check.output();
  };
  const std::string any = "listen: \"127.0.0.1:0\"";
  const std::string here = "listen: \"unix:/run/app.sock\"";
  wrong(any, service_at("unix:app.sock"), "does not name a socket by an absolute path; expected unix:/PATH");
  wrong(any, service_at("unix:/" + std::string(107, 'a')),
        "is too long for a socket: 108 bytes; expected at most 107");
  wrong(here, service_at("unix:/run/app.sock"), "is where the gateway itself listens");
  wrong(any, service_at("unix:/run/app.sock", ", health_check: {tcp: {}, port: 80}"),
        "health_check.port: does not apply to a Unix socket, which has none; leave the key out");
  wrong("listen: [\"unix:/run/a\", \"unix:/run/a\"]", "", "is in the list twice; expected it once");
  wrong("listen: [\"0.0.0.0:80\", \"127.0.0.1:80\"]", "", "have one port in common");
  wrong("listen: {address: \"127.0.0.1:80\", mode: \"0600\"}", "",
        "applies only to the file of a Unix socket");
  wrong("listen: {address: \"127.0.0.1:80\", tls: true}", "", "needs the certificate of gateway.tls");
}

TEST_F(UnixUpstreamTest, TheLibrarysClientCallsItByItsUrl) {
  const Upstream upstream{Upstream::answering([](const Message& request) {
                            if (request.target() == "/v1/away")
                              return std::string{
                                  "HTTP/1.1 302 Found\r\nLocation: /here\r\n"
                                  "Content-Length: 0\r\n\r\n"};
                            return ok(request.target() + " " + request.field("host"));
                          }),
                          path("app.sock")};
  http::BlockingClient client{url("app.sock") + ":/v1"};
  EXPECT_EQ(client.get(http::Request("/users/7")).body, "/v1/users/7 localhost");
  EXPECT_EQ(client.get(http::Request("/away").redirects(1)).body, "/here localhost");
  EXPECT_EQ(upstream.connections(), 1);
}

}  // namespace
}  // namespace switchgear::wire
