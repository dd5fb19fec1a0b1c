// Upstreams that misbehave, and what that means to the client and to the breaker.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json/value_to.hpp>
#include <csignal>
#include <cstdint>
#include <semaphore>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string guarded_policy(const std::string& timeout) {
  return "  guarded: {timeout: " + timeout +
         ", circuit_breaker: {failure_rate: 1.0, minimum_calls: 100, window: {type: count, size: 100}}}\n";
}

std::string guarded(std::uint16_t port, const std::string& timeout = "60s") {
  return config_text({{"shop", port, "/", "guarded"}}, guarded_policy(timeout));
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

std::uint64_t failures(const GatewayProcess& gateway, const std::string& type) {
  return gateway.breaker("shop").at("counters").at("failures_by_type").at(type).to_number<std::uint64_t>();
}

TEST(Gateway, Answers502WhenNobodyListens) {
  const DeafPort nobody;
  const GatewayProcess gateway{guarded(nobody.port())};
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 502U);
  EXPECT_EQ(answer.field("content-type"), "application/problem+json");
  EXPECT_NE(answer.field("proxy-status").find("connection_refused"), std::string::npos);
  EXPECT_EQ(failures(gateway, "connection_error"), 1U);
}

TEST(Gateway, Answers502ToAResetBeforeTheHead) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.reset();
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  EXPECT_EQ(gateway.get("/").status(), 502U);
  EXPECT_EQ(upstream.connections(), 1) << "a fresh connection that fails is not tried again";
  EXPECT_EQ(failures(gateway, "connection_error"), 1U);
}

TEST(Gateway, TakesAStatusThatNobodyKnowsForNoAnswerAndCountsItAsNoRedirection) {
  for (const char* status : {"999", "600", "700 Odd"}) {
    Upstream upstream{
        Upstream::saying("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\n\r\nhi")};
    const GatewayProcess gateway{guarded(upstream.port())};
    const Message answer = gateway.get("/");
    EXPECT_EQ(answer.status(), 502U) << status;
    EXPECT_NE(answer.field("proxy-status").find("http_protocol_error"), std::string::npos) << status;
    EXPECT_NE(answer.body.find("100 to 599"), std::string::npos) << answer.body;
    EXPECT_EQ(failures(gateway, "connection_error"), 1U) << status;
    const std::string metrics = gateway.admin("GET", "/metrics").body;
    EXPECT_EQ(metrics.find("code_class=\"3xx\""), std::string::npos) << status;
  }
}

TEST(Gateway, TakesAnInterimResponseWithContentForNoAnswer) {
  for (const char* fields : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Upstream upstream{
        Upstream::saying("HTTP/1.1 103 Early Hints\r\n" + std::string(fields) + "\r\nhello" + ok("late"))};
    const GatewayProcess gateway{guarded(upstream.port())};
    EXPECT_EQ(gateway.get("/").status(), 502U) << fields;
  }
}

TEST(Gateway, AnswersAFloodOfInterimResponsesWith502AndNotWithAReset) {
  std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </" + std::string(200, 'x') + ">\r\n\r\n";
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    std::string many;
    for (int i = 0; i < 500; ++i) many += hint;
    while (socket.send(many)) {
    }
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  int hints = 0;
  std::optional<Message> answer = client.read_response();
  for (; answer && answer->status() == 103; answer = client.read_response()) ++hints;
  ASSERT_TRUE(answer) << "reset: " << client.was_reset();
  EXPECT_EQ(answer->status(), 502U);
  EXPECT_TRUE(answer->whole);
  EXPECT_NE(answer->body.find("too many interim responses"), std::string::npos) << answer->body;
  EXPECT_LE(hints, 100);
  EXPECT_EQ(failures(gateway, "connection_error"), 1U);
}

TEST(Gateway, KeepsNothingOfAFloodForAClientThatReadsNothing) {
  std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </" + std::string(30'000, 'x') + ">\r\n\r\n";
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    for (int i = 0; i < 90 && socket.send(hint); ++i) {
    }
    socket.send(ok("at last"));
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "patient"}}, "  patient: {timeout: 10s}\n")};
  Socket client = Socket::connect(gateway.port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::optional<Message> answer = client.read_response();
  while (answer && answer->status() == 103) answer = client.read_response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "at last");
}

TEST(Gateway, CountsTheResponsesThatAServiceBrokeOff) {
  for (const std::string policy : {"plain", "guarded"}) {
    std::counting_semaphore<> begun{0};
    Upstream upstream{[&](Socket& socket) {
      const Message request = socket.read_request().value_or(Message{});
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      request.target() == "/hang" ? (void)socket.ends() : begun.acquire();
    }};
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", policy}}, guarded_policy("2s"))};
    EXPECT_TRUE(is_broken_off(gateway.port(), begun));
    int aborted = 1;
    if (policy == "guarded") {
      EXPECT_FALSE(gateway.get("/hang").whole) << "its time is over after 2 s";
      ++aborted;
    }
    const auto says = [&](const std::string& line) {
      return eventually([&] {
        return gateway.admin("GET", "/metrics").body.find("\n" + line + "\n") != std::string::npos;
      });
    };
    EXPECT_TRUE(says("switchgear_responses_aborted_total{service=\"shop\"} " + std::to_string(aborted)))
        << policy;
    EXPECT_TRUE(says("switchgear_failures_total{service=\"shop\",type=\"connection_error\"} 1")) << policy;
  }
}

TEST(Gateway, CountsAHalfClosedResponseAsAConnectionError) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-");
    socket.shut_down_sending();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  EXPECT_EQ(gateway.get("/").status(), 502U);
  EXPECT_EQ(failures(gateway, "connection_error"), 1U);
}

TEST(Gateway, Answers504ToAnUpstreamThatHangs) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "300ms")};
  const auto start = std::chrono::steady_clock::now();
  const Message answer = gateway.get("/");
  EXPECT_EQ(answer.status(), 504U);
  EXPECT_NE(answer.field("proxy-status").find("http_response_timeout"), std::string::npos);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{300});
  EXPECT_EQ(failures(gateway, "timeout"), 1U);
}

TEST(Gateway, CountsAStallInsideABodyAsATimeout) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    (void)socket.ends();
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "2s")};
  EXPECT_FALSE(gateway.get("/").whole);
  EXPECT_TRUE(eventually([&] { return failures(gateway, "timeout") == 1; }));
}

TEST(Gateway, TakesASlowDripAsLongAsItDrips) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10 && socket.send("x"); ++i) (void)socket.receive(std::chrono::milliseconds{150});
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "1s")};
  const Message answer = gateway.get("/");
  EXPECT_TRUE(answer.whole) << "a second and a half in all, but never a second without a byte";
  EXPECT_EQ(counter(gateway, "successes"), 1U);
}

TEST(Gateway, EndsASlowDripAtTheDeadline) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000 && socket.send("x"); ++i) (void)socket.receive(std::chrono::milliseconds{50});
  }};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/", "strict"}},
      "  strict: {timeout: 700ms, deadline: 700ms, circuit_breaker: {consecutive_failures: 100}}\n")};
  EXPECT_FALSE(gateway.get("/").whole);
  EXPECT_TRUE(eventually([&] { return failures(gateway, "timeout") == 1; }));
}

TEST(Gateway, TrustsNoResponseThatCanBeReadInTwoWays) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\n", "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}) {
    Upstream upstream{Upstream::saying(std::string{head} + "hello")};
    const GatewayProcess gateway{guarded(upstream.port())};
    EXPECT_EQ(gateway.get("/").status(), 502U) << head;
    EXPECT_EQ(failures(gateway, "connection_error"), 1U) << head;
  }
}

TEST(Gateway, NeverReusesAConnectionWithSomethingLeftOnIt) {
  Upstream upstream{Upstream::saying(ok("fine") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 5; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).body, "fine");
  }
}

/// Answers the first request of each connection, and closes it when the second arrives.
Upstream::Serve closing_what_is_kept() {
  return [](Socket& socket) {
    (void)socket.read_request();
    socket.send(ok());
    (void)socket.read_head();
  };
}

TEST(Gateway, SendsAGetAgainThatMetAKeptConnectionJustClosed) {
  Upstream upstream{closing_what_is_kept()};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 4; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U) << "request " << i;
  }
  EXPECT_EQ(counter(gateway, "failures"), 0U) << "a dead connection says nothing about the service";
}

TEST(Gateway, ThreePostsThatMetKeptConnectionsJustClosedOpenNoBreaker) {
  Upstream upstream{closing_what_is_kept()};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 5s, circuit_breaker: {failure_balance: 1}}\n")};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U) << "request " << i;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    const Message answer = client.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 502U) << "a POST may have had its effect";
    EXPECT_NE(answer.field("proxy-status").find("connection_terminated"), std::string::npos);
  }
  EXPECT_EQ(counter(gateway, "failures"), 0U);
  EXPECT_EQ(counter(gateway, "ignored"), 3U);
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(Gateway, APostThatAServiceDropsLaterIsAFailureOnAKeptConnectionAsOnAFreshOne) {
  Upstream upstream{[](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (request->start_line.starts_with("POST")) {
        EXPECT_EQ(socket.receive(std::chrono::milliseconds{1'200}), "");
        return;
      }
      socket.send(ok());
    }
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  for (const bool kept : {true, false}) {
    Socket client = Socket::connect(gateway.port());
    if (kept) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
    }
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    const Message answer = client.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 502U);
    EXPECT_EQ(answer.body.find("kept"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(failures(gateway, "connection_error"), 2U);
}

TEST(Gateway, ALateBodyOfAnAnswerWithoutOneIsNeverTheNextAnswer) {
  std::binary_semaphore may_send{0};
  std::binary_semaphore has_sent{0};
  Upstream upstream{[&](Socket& socket, int number) {
    if (number != 1) return Upstream::saying(ok("fine"))(socket);
    (void)socket.read_request();
    socket.send("HTTP/1.1 304 Same\r\nContent-Length: 44\r\n\r\n");
    may_send.acquire();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    has_sent.release();
    (void)socket.read_all();
  }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 304U);
  gateway.hold_up();  // so that it finds both at once, the body and the next request
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  may_send.release();
  has_sent.acquire();
  gateway.signal(SIGCONT);
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "fine");
}

TEST(Gateway, APostThatAFreshConnectionLosesIsAFailure) {
  Upstream upstream{[](Socket& socket) { (void)socket.read_request(); }};
  const GatewayProcess gateway{guarded(upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 502U);
  EXPECT_EQ(failures(gateway, "connection_error"), 1U);
}

TEST(Gateway, CountsStatusCodesAsThePolicySays) {
  Upstream upstream{Upstream::answering([](const Message& request) {
    return "HTTP/1.1 " + request.target().substr(1) + " X\r\nContent-Length: 0\r\n\r\n";
  })};
  const GatewayProcess gateway{config_text(
      {{"shop", upstream.port(), "/", "guarded"}},
      "  guarded: {failure_when: {status: [500-599, 429]}, circuit_breaker: {consecutive_failures: 100}}\n")};
  for (const char* status : {"200", "404", "429", "500", "503"})
    EXPECT_EQ(gateway.get(std::string{"/"} + status).start_line.substr(9, 3), status);
  EXPECT_EQ(counter(gateway, "successes"), 2U);
  EXPECT_EQ(failures(gateway, "http_error"), 3U);
}

TEST(Gateway, RefusesWhatItCannotQueue) {
  Upstream upstream{[](Socket& socket) {
    (void)socket.read_request();
    (void)socket.ends();
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded", ", connections: {max: 1, max_waiting: 1}"}},
                  "  guarded: {timeout: 4s, circuit_breaker: {consecutive_failures: 100}}\n")};
  Socket first = Socket::connect(gateway.port());
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
  Socket second = Socket::connect(gateway.port());
  second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "calls") == 2; }));
  const Message third = gateway.get("/");
  EXPECT_EQ(third.status(), 503U);
  EXPECT_NE(third.field("proxy-status").find("connection_limit_reached"), std::string::npos);
  EXPECT_EQ(counter(gateway, "ignored"), 1U) << "the gateway's own limit is not the service's failure";
  EXPECT_EQ(first.read_response().value_or(Message{}).status(), 504U);
}

/// Listens, and takes no further connection: what is sent to it gets no answer, as behind a firewall that
/// drops it.
class FullPort {
 public:
  FullPort() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    for (int& each : waiting_) {
      each = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)::connect(each, reinterpret_cast<const sockaddr*>(&address), size);
    }
  }
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;
  ~FullPort() {
    for (const int each : waiting_) ::close(each);
    ::close(listener_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::array<int, 4> waiting_{};
};

/// `connect_timeout` is 2 s: the attempt is over before it is, and the service has not taken the connection
/// all the same.
TEST(Gateway, TakesAConnectionThatIsNotMadeWithinTheAttemptsLimitForATimeout) {
  const FullPort full;
  const GatewayProcess gateway{
      config_text({{"shop", full.port(), "/", "guarded"}},
                  "  guarded: {timeout: 1s, circuit_breaker: {consecutive_failures: 2}}\n")};
  for (int i = 0; i < 2; ++i) {
    const Message answer = gateway.get("/");
    EXPECT_EQ(answer.status(), 504U);
    EXPECT_NE(answer.field("proxy-status").find("connection_timeout"), std::string::npos);
  }
  EXPECT_EQ(failures(gateway, "timeout"), 2U);
  EXPECT_EQ(gateway.get("/").status(), 503U) << "the breaker is open";
}

}  // namespace
}  // namespace switchgear::wire
