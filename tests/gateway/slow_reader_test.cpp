// Clients that read an answer slowly, or stop in the middle: neither the service nor the other clients may
// suffer from that.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/json/value.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t size = 40'000'000;  // more than all buffers in between hold
constexpr const char* get = "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// The head of an answer of that size, in chunks or not, and its body.
struct Large {
  const char* kind;
  std::string head;
  std::string body;
};

Large of_length(const std::string& status = "200 OK") {
  return {"of known length",
          "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n",
          std::string(size, 'x')};
}
Large chunked() {
  const std::string chunk = "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
  std::string body;
  for (std::size_t i = 0; i < size; i += 100'000) body += chunk;
  return {"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body + "0\r\n\r\n"};
}

/// Ends the connection when its peer takes nothing for so long, as nginx does after send_timeout.
void send_for_as_long_as(std::chrono::milliseconds at_most, Socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd one{socket.descriptor(), POLLOUT, 0};
    if (::poll(&one, 1, static_cast<int>(at_most.count())) <= 0) return;
    const ssize_t sent = ::send(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
  }
}

/// Answers `/large` with `large`, and everything else shortly: with 500 while it is not `well`.
Upstream::Serve shop(const Large& large, const std::atomic<bool>& well,
                     std::chrono::milliseconds patience_of_service = patience) {
  return [&large, &well, patience_of_service](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (request->target() == "/large") {
        socket.send(large.head);
        send_for_as_long_as(patience_of_service, socket, large.body);
        return;
      }
      socket.send(well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"});
    }
  };
}

const std::atomic<bool> always_well{true};

/// Has read the head of the answer, and reads nothing more of it.
Socket slow_reader(const GatewayProcess& gateway, const std::string& request = get) {
  Socket client = Socket::connect(gateway.port(), 4096);
  client.send(request);
  EXPECT_FALSE(client.read_head().empty());
  return client;
}

/// How much of the body comes from there on, framing included.
std::size_t read_rest(Socket& client) {
  std::size_t all = client.receive().size();
  for (std::size_t more = all; more != 0;) all += more = client.receive().size();
  return all;
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

std::uint64_t under_way(const GatewayProcess& gateway) {
  return counter(gateway, "calls") - counter(gateway, "successes") - counter(gateway, "failures") -
         counter(gateway, "ignored");
}

std::string guarded(std::uint16_t port, const std::string& breaker, const std::string& service = "",
                    const std::string& policy = "") {
  return config_text({{"shop", port, "/", "guarded", service}},
                     "  guarded: {timeout: 60s, circuit_breaker: {" + breaker + "}" + policy + "}\n",
                     "trusted_proxies: [127.0.0.1]");
}

std::string one_probe(const std::string& max_wait) {
  return "consecutive_failures: 1, open_duration: 50ms, probe_automatically: true, half_open: "
         "{permitted_calls: 1, max_wait: " +
         max_wait + "}";
}

void half_open(const GatewayProcess& gateway, std::atomic<bool>& well) {
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
}

TEST(GatewaySlowReader, OfAProbeDoesNotKeepAServiceThatIsWellShut) {
  for (const Large& large : {of_length(), chunked()}) {
    for (const std::string max_wait : {"10m", "800ms"}) {
      std::atomic<bool> well{false};
      Upstream upstream{shop(large, well)};
      const GatewayProcess gateway{guarded(upstream.port(), one_probe(max_wait))};
      half_open(gateway, well);
      Socket slow = slow_reader(gateway);
      EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << large.kind;
      EXPECT_EQ(gateway.state("shop"), "closed") << large.kind << ": it has answered the probe";
      EXPECT_EQ(counter(gateway, "opened"), 1U) << large.kind << ", " << max_wait;
      const std::uint64_t good = counter(gateway, "successes");
      EXPECT_GE(read_rest(slow), size) << large.kind;
      EXPECT_FALSE(slow.was_reset()) << large.kind;
      EXPECT_EQ(counter(gateway, "successes"), good) << "and does not count again";
      EXPECT_EQ(under_way(gateway), 0U);
    }
  }
}

TEST(GatewaySlowReader, OfAProbeThatFailsOpensTheBreakerAgain) {
  const Large large = of_length("503 Away");
  std::atomic<bool> well{false};
  Upstream upstream{shop(large, well)};
  const GatewayProcess gateway{guarded(upstream.port(), one_probe("10m"))};
  half_open(gateway, well);
  Socket slow = slow_reader(gateway);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "opened") == 2; }));
  EXPECT_EQ(counter(gateway, "failures"), 2U);
}

TEST(GatewaySlowReader, OfAProbeThatLeavesMakesRoomForAnother) {
  const Large large = of_length();
  std::atomic<bool> well{false};
  Upstream upstream{shop(large, well)};
  const GatewayProcess gateway{guarded(upstream.port(), one_probe("10m"))};
  half_open(gateway, well);
  slow_reader(gateway).reset();
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; }));
  EXPECT_EQ(gateway.state("shop"), "closed");
}

TEST(GatewaySlowReader, IsNotAStuckCall) {
  for (const Large& large : {of_length(), chunked()}) {
    for (const std::string older_than : {"1500ms", "800ms"}) {
      Upstream upstream{shop(large, always_well)};
      const GatewayProcess gateway{guarded(upstream.port(),
                                           "stuck_calls: {older_than: " + older_than + ", count: 1}",
                                           ", by: {header: x-tenant}")};
      Socket one = slow_reader(gateway);
      Socket two = slow_reader(gateway, "GET /large HTTP/1.1\r\nHost: a\r\nX-Tenant: a\r\n\r\n");
      const auto start = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - start < 2s)
        ASSERT_EQ(gateway.get("/", "X-Tenant: a\r\n").status(), 200U) << large.kind << ", " << older_than;
      EXPECT_EQ(counter(gateway, "opened"), 0U);
    }
  }
}

TEST(GatewaySlowReader, DoesNotHideThatTheServiceStopsInTheMiddle) {
  const Large large = of_length();
  const std::string_view part = std::string_view{large.body}.substr(0, size / 4);
  Upstream upstream{[&](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (request->target() != "/large") {
        socket.send(ok());
        continue;
      }
      socket.send(large.head);
      socket.send(part);
      (void)socket.ends();
    }
  }};
  const GatewayProcess gateway{guarded(upstream.port(), "stuck_calls: {older_than: 1200ms, count: 1}")};
  Socket slow = slow_reader(gateway);
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 1500ms) ASSERT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(slow.read_exactly(part.size()).size(), part.size());
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 503; }))
      << "from now on the service is waited for";
}

TEST(GatewaySlowReader, IsNotHeldAgainstAServiceThatEndsItsConnectionMeanwhile) {
  for (const Large& large : {of_length(), chunked()}) {
    Upstream upstream{shop(large, always_well, 1'500ms)};
    const GatewayProcess gateway{guarded(upstream.port(), one_probe("10m"))};
    Socket slow = slow_reader(gateway);
    EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; }));
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < 3s) (void)gateway.get("/");
    EXPECT_LT(read_rest(slow), large.body.size());
    EXPECT_TRUE(slow.was_reset()) << "half an answer does not look whole";
    EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
    EXPECT_EQ(counter(gateway, "failures"), 0U) << large.kind;
    EXPECT_EQ(counter(gateway, "ignored"), 1U) << large.kind;
    EXPECT_EQ(gateway.state("shop"), "closed") << large.kind;
  }
}

TEST(GatewaySlowReader, IsTheOnlyExcuseOfAServiceThatBreaksOff) {
  Large large = of_length();
  large.body.resize(size / 2);
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
  Socket client = Socket::connect(gateway.port());
  client.send(get);
  EXPECT_FALSE(client.read_head().empty());
  EXPECT_LE(read_rest(client), size / 2);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "failures") == 1; }));
  EXPECT_EQ(gateway.state("shop"), "open");
}

TEST(GatewaySlowReader, HasItsAnswerAfterTheDeadlineThatTheServiceHasKept) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1", "", ", deadline: 60s")};
  const GatewayProcess strict{
      config_text({{"shop", upstream.port(), "/", "strict"}}, "  strict: {timeout: 1s, deadline: 1s}\n")};
  Socket slow = slow_reader(strict);
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 2s) ASSERT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(read_rest(slow), size);
}

TEST(GatewaySlowReader, IsCutOffAtItsOwnDeadline) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
  Socket slow = slow_reader(gateway, "GET /large HTTP/1.1\r\nHost: a\r\nx-request-deadline-ms: 1500\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }));
  EXPECT_LT(read_rest(slow), size);
  EXPECT_EQ(gateway.state("shop"), "closed");
}

std::string narrow(std::uint16_t port, const std::string& policy, const std::string& service = "") {
  return config_text({{"shop", port, "/", "narrow", service}}, "  narrow: {timeout: 60s, " + policy + "}\n",
                     "limits: {write_timeout: 60s}");
}

TEST(GatewaySlowReader, LeavesItsPlaceInABulkheadToOthersIfItStops) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{narrow(upstream.port(), "bulkhead: {max_concurrent: 1}")};
  Socket slow = slow_reader(gateway);
  EXPECT_EQ(gateway.get("/").status(), 503U);
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << "long before write_timeout";
  EXPECT_LT(read_rest(slow), size);
  EXPECT_TRUE(slow.was_reset());
}

TEST(GatewaySlowReader, LeavesItsPlaceInAnAdaptiveLimitToOthersIfItStops) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{
      narrow(upstream.port(), "adaptive_limit: {initial: 1, min_limit: 1, max_limit: 1}")};
  Socket slow = slow_reader(gateway);
  EXPECT_EQ(gateway.get("/").status(), 503U);
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << "long before write_timeout";
  EXPECT_LT(read_rest(slow), size);
  EXPECT_TRUE(slow.was_reset());
}

TEST(GatewaySlowReader, LeavesItsConnectionToOthersIfItStops) {
  const Large large = chunked();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{
      narrow(upstream.port(), "circuit_breaker: {consecutive_failures: 1}", ", connections: {max: 1}")};
  Socket slow = slow_reader(gateway);
  EXPECT_EQ(gateway.get("/").status(), 200U) << "long before write_timeout";
  EXPECT_LT(read_rest(slow), large.body.size());
  EXPECT_EQ(counter(gateway, "failures"), 0U);
}

TEST(GatewaySlowReader, KeepsItsPlaceWhileItReads) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{narrow(upstream.port(), "bulkhead: {max_concurrent: 1}")};
  Socket slow = slow_reader(gateway);
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 7s) {
    ASSERT_FALSE(slow.receive().empty());
    for (int i = 0; i < 20; ++i) ASSERT_EQ(gateway.get("/").status(), 503U);
  }
  slow.reset();
  EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; }));
}

TEST(GatewaySlowReader, MakesWayForOthersThoughItKeepsToTheRate) {
  const Large large = of_length();
  Upstream upstream{shop(large, always_well)};
  const GatewayProcess gateway{
      narrow(upstream.port(), "circuit_breaker: {consecutive_failures: 1}", ", connections: {max: 1}")};
  Socket slow = slow_reader(gateway);
  Socket other = Socket::connect(gateway.port());
  other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::array<char, 200> some{};
  ssize_t got = 1;
  const auto start = std::chrono::steady_clock::now();
  while (got > 0 && std::chrono::steady_clock::now() - start < 30s) {
    got = ::recv(slow.descriptor(), some.data(), some.size(), 0);
    std::this_thread::sleep_for(100ms);  // the client's own pace
  }
  EXPECT_EQ(got, -1) << "reset, though it took 2,000 bytes a second";
  EXPECT_EQ(other.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(counter(gateway, "failures"), 0U);
}

/// Answers at once, says no more until the upload is whole, and then ends its answer.
void answer_early(Socket& socket) {
  (void)socket.read_head();
  socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n");
  std::string upload;
  while (!upload.ends_with("0\r\n\r\n")) {
    const std::string more = socket.receive();
    if (more.empty()) return;
    upload += more;
  }
  socket.send("4\r\nlate\r\n0\r\n\r\n");
}

/// It reads no further than its answer is taken, so the request cannot be sent either.
TEST(GatewaySlowReader, IsNotHeldAgainstAServiceThatAnswersWhileItReads) {
  Upstream upstream{[](Socket& socket) {
    const std::string head = socket.read_head();
    if (head.starts_with("GET ")) return (void)socket.send(ok());
    socket.send("HTTP/1.1 200 OK\r\n\r\n");
    for (std::string some = socket.receive(); !some.empty(); some = socket.receive()) {
      if (!socket.send(some)) return;
    }
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "guarded"}},
                  "  guarded: {timeout: 1s, circuit_breaker: {consecutive_failures: 1}}\n")};
  Socket client = Socket::connect(gateway.port(), 4096);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  std::thread uploads{[&] { (void)client.send(std::string(size, 'x')); }};
  for (const auto until = std::chrono::steady_clock::now() + 3s; std::chrono::steady_clock::now() < until;)
    EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(gateway.state("shop"), "closed");
  EXPECT_EQ(gateway.breaker("shop").at("counters").at("failures").to_number<int>(), 0);
  ::shutdown(client.descriptor(), SHUT_RDWR);
  uploads.join();
}

TEST(GatewaySlowReader, IsNotOneThatUploadsQuicklyBehindAnEarlyAnswer) {
  Upstream upstream{answer_early};
  const GatewayProcess gateway{narrow(upstream.port(), "bulkhead: {max_concurrent: 1}")};
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  EXPECT_FALSE(client.read_head().empty());
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 7s) {
    ASSERT_TRUE(client.send(chunk));
    ASSERT_EQ(gateway.get("/").status(), 503U) << "it has the only place";
  }
  client.send("0\r\n\r\n");
  std::string rest;
  while (!rest.ends_with("0\r\n\r\n")) {
    const std::string more = client.receive();
    ASSERT_FALSE(more.empty()) << rest;
    rest += more;
  }
  EXPECT_NE(rest.find("late"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::wire
