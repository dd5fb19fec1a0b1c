// Clients that send the content of a request slowly, or stop in the middle: neither the service nor the other
// clients may suffer from that.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <semaphore>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

/// A request whose content has begun and is not whole, and the rest of it.
struct Begun {
  const char* kind;
  std::string begin;
  std::string rest;
};

std::string post(std::size_t length, const std::string& fields = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

Begun small() { return {"small", post(1'000) + "some", std::string(996, 'x')}; }
Begun large() { return {"large", post(200'000) + "some", std::string(199'996, 'x')}; }
Begun chunked() {
  return {"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
          "4\r\nrest\r\n0\r\n\r\n"};
}

Socket begin(const GatewayProcess& gateway, const std::string& bytes) {
  Socket client = Socket::connect(gateway.port());
  client.send(bytes);
  return client;
}

unsigned status_of_answer(Socket& client) { return client.read_response().value_or(Message{}).status(); }

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

std::uint64_t under_way(const GatewayProcess& gateway) {
  const boost::json::value counters = gateway.breaker("shop").at("counters");
  const auto count = [&](const char* name) { return counters.at(name).to_number<std::uint64_t>(); };
  return count("calls") - count("successes") - count("failures") - count("ignored");
}

std::string guarded(std::uint16_t port, const std::string& breaker, const std::string& limits = "",
                    const std::string& service = "") {
  return config_text({{"shop", port, "/", "guarded", service}},
                     "  guarded: {timeout: 60s, circuit_breaker: {" + breaker + "}}\n",
                     "limits: {body_timeout: 60s" + limits + "}");
}

TEST(GatewaySlowUpload, OfASmallBodyHoldsNeitherAConnectionNorAPermit) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 1}")};
  Socket slow = begin(gateway, small().begin);
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(under_way(gateway), 0U);
  slow.send(small().rest);
  EXPECT_EQ(status_of_answer(slow), 200U);
  EXPECT_EQ(counter(gateway, "successes"), 2U);
}

TEST(GatewaySlowUpload, ArrivesAsItWasSentHoweverItIsCutUp) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.body); })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  for (const std::size_t size : {1U, 1'000U, 40'000U, 65'536U, 65'537U}) {
    std::string body;
    for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 26);
    Socket client = begin(gateway, post(size));
    for (std::size_t at = 0; at < size; at += size / 3 + 1) {
      (void)gateway.get("/");  // so that each piece comes by itself
      client.send(std::string_view{body}.substr(at, size / 3 + 1));
    }
    EXPECT_EQ(client.read_response().value_or(Message{}).body, body) << size;
  }
}

TEST(GatewaySlowUpload, GivesTheProbeOfABreakerBackWhenItsClientStalls) {
  for (const Begun& request : {small(), large(), chunked()}) {
    std::atomic<bool> well{false};
    Upstream upstream{Upstream::answering([&](const Message&) {
      return well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
    })};
    const GatewayProcess gateway{guarded(upstream.port(),
                                         "consecutive_failures: 1, open_duration: 50ms, "
                                         "probe_automatically: true, half_open: {permitted_calls: 1, "
                                         "max_wait: 10m}")};
    EXPECT_EQ(gateway.get("/").status(), 500U);
    well = true;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
    Socket slow = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << request.kind;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; })) << request.kind;
    slow.send(request.rest);
    EXPECT_EQ(status_of_answer(slow), 200U) << request.kind;
  }
}

TEST(GatewaySlowUpload, IsAProbeAgainOnceItIsWhole) {
  std::atomic<bool> well{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return well ? ok() : std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"};
  })};
  const GatewayProcess gateway{guarded(upstream.port(),
                                       "consecutive_failures: 1, open_duration: 50ms, "
                                       "probe_automatically: true, half_open: {permitted_calls: 1, "
                                       "max_wait: 10m}")};
  EXPECT_EQ(gateway.get("/").status(), 500U);
  well = true;
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  Socket slow = begin(gateway, large().begin + std::string(100'000, 'x'));  // more than is held
  EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") == 1; }));
  EXPECT_EQ(gateway.state("shop"), "half_open");
  slow.send(std::string(99'996, 'x'));
  EXPECT_EQ(status_of_answer(slow), 200U);
  EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "closed"; }));
}

TEST(GatewaySlowUpload, IsNotAStuckCall) {
  for (const Begun& request : {small(), large(), chunked()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{guarded(upstream.port(), "stuck_calls: {older_than: 1500ms, count: 1}")};
    Socket slow = begin(gateway, request.begin);
    EXPECT_EQ(slow.receive(2500ms), "");
    EXPECT_EQ(gateway.get("/").status(), 200U) << request.kind;
    slow.send(request.rest);
    EXPECT_EQ(status_of_answer(slow), 200U) << request.kind;
    EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 2; })) << request.kind;
  }
}

TEST(GatewaySlowUpload, IsNotAStuckCallEvenIfThatIsSoonerThanASecond) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{guarded(upstream.port(), "stuck_calls: {older_than: 800ms, count: 1}")};
  Socket slow = begin(gateway, large().begin);
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 1500ms) ASSERT_EQ(gateway.get("/").status(), 200U);
  slow.send(large().rest);
  EXPECT_EQ(status_of_answer(slow), 200U);
  EXPECT_TRUE(
      eventually([&] { return counter(gateway, "opened") == 0 && counter(gateway, "successes") > 1; }));
}

/// Reads what comes, and says `last` when nothing has for a while, as nginx's client_body_timeout does.
Upstream::Serve impatient(const std::string& last) {
  return [last](Socket& socket) {
    while (!socket.receive(1'300ms).empty()) continue;
    if (!last.empty()) socket.send(last);
  };
}

TEST(GatewaySlowUpload, IsNotHeldAgainstAServiceThatDoesNotWaitForTheRest) {
  const std::string own_words = "HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  for (const std::string& last : {std::string{}, own_words}) {
    for (const Begun& request : {large(), chunked()}) {
      Upstream upstream{impatient(last)};
      const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
      Socket slow = begin(gateway, request.begin);
      EXPECT_EQ(status_of_answer(slow), 408U) << request.kind;
      EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
      EXPECT_EQ(counter(gateway, "failures"), 0U) << request.kind;
      EXPECT_EQ(counter(gateway, "successes"), 0U) << request.kind << ": it has not had the request";
      EXPECT_EQ(gateway.state("shop"), "closed") << request.kind;
    }
  }
}

TEST(GatewaySlowUpload, DoesNotExcuseAServiceThatBreaksOffAnUploadThatMoves) {
  Upstream upstream{[](Socket& socket) { (void)socket.read_head(); }};
  const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
  Socket client = begin(gateway, large().begin);
  EXPECT_EQ(status_of_answer(client), 502U);
  EXPECT_EQ(counter(gateway, "failures"), 1U);
}

TEST(GatewaySlowUpload, EndsAtItsCallersDeadline) {
  const std::string field = "x-request-deadline-ms: 400\r\n";
  for (const std::string& request : {post(1'000, field), post(1'000, field) + "some", post(200'000, field),
                                     post(200'000, field) + "some"}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "guarded"}},
                                             "  guarded: {timeout: 60s, circuit_breaker: "
                                             "{consecutive_failures: 1}}\n",
                                             "trusted_proxies: [127.0.0.1]")};
    Socket slow = begin(gateway, request);
    const Message answer = slow.read_response().value_or(Message{});
    EXPECT_EQ(answer.status(), 408U);
    EXPECT_NE(answer.body.find("before its caller's deadline"), std::string::npos) << answer.body;
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(counter(gateway, "failures"), 0U);
    EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
  }
}

TEST(GatewaySlowUpload, OfAByteNowAndThenEndsWith408) {
  for (const Begun& request : {small(), large()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 1s, min_body_rate: 1000}")};
    Socket slow = begin(gateway, request.begin);
    std::string answer;
    const auto start = std::chrono::steady_clock::now();
    while (answer.empty() && std::chrono::steady_clock::now() - start < patience) {
      slow.send("x");
      answer = slow.receive(100ms);
    }
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << request.kind << ": though no pause was long";
  }
}

/// As `request`, with so much content at once that its rate is good for a long time.
Begun after_burst(const Begun& request) {
  constexpr std::size_t burst = 100'000;
  const bool in_chunks = std::string_view{request.kind} == "chunked";
  const std::string bytes(burst, 'x');
  return {request.kind, request.begin + (in_chunks ? "186a0\r\n" + bytes + "\r\n" : bytes), {}};
}

/// Sends a byte of content now and then until there is an answer; how long that took.
std::chrono::steady_clock::duration trickle(Socket& slow, const Begun& request, std::string& answer) {
  const bool in_chunks = std::string_view{request.kind} == "chunked";
  const auto start = std::chrono::steady_clock::now();
  while (answer.empty() && std::chrono::steady_clock::now() - start < patience) {
    slow.send(in_chunks ? "1\r\nx\r\n" : "x");
    answer = slow.receive(100ms);
  }
  return std::chrono::steady_clock::now() - start;
}

TEST(GatewaySlowUpload, DoesNotBuyTimeWithWhatItHasSentAtOnce) {
  for (const Begun& begun : {large(), chunked()}) {
    const Begun request = after_burst(begun);
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 1s, min_body_rate: 1000}")};
    Socket slow = begin(gateway, request.begin);
    std::string answer;
    EXPECT_LT(trickle(slow, request, answer), 20s) << "100 kB are not 100 s";
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << request.kind;
  }
}

TEST(GatewaySlowUpload, LeavesItsConnectionToOthersThoughItBeganFast) {
  for (const Begun& begun : {large(), chunked()}) {
    const Begun request = after_burst(begun);
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 1}")};
    Socket slow = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    Socket other = begin(gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string answer;
    EXPECT_LT(trickle(slow, request, answer), 30s) << "body_timeout is 60 s";
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << request.kind;
    EXPECT_EQ(status_of_answer(other), 200U) << request.kind;
    EXPECT_EQ(counter(gateway, "failures"), 0U);
  }
}

/// Waits no longer than a second for the rest, however it comes.
Upstream::Serve short_of_time(const std::string& last) {
  return [last](Socket& socket) {
    std::chrono::steady_clock::time_point least{};
    for (std::size_t seen = 0;;) {
      const std::string came = socket.receive();
      if (came.empty()) return;
      seen += came.size();
      if (seen < 100'000) continue;
      if (least == std::chrono::steady_clock::time_point{}) least = std::chrono::steady_clock::now() + 1500ms;
      if (std::chrono::steady_clock::now() < least) continue;
      if (!last.empty()) socket.send(last);
      return;
    }
  };
}

TEST(GatewaySlowUpload, IsTheClientsFailureThoughItBeganFast) {
  const std::string own_words = "HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  for (const std::string& last : {std::string{}, own_words}) {
    for (const Begun& begun : {large(), chunked()}) {
      const Begun request = after_burst(begun);
      Upstream upstream{short_of_time(last)};
      const GatewayProcess gateway{guarded(upstream.port(), "consecutive_failures: 1")};
      Socket slow = begin(gateway, request.begin);
      std::string answer;
      (void)trickle(slow, request, answer);
      EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 408") << request.kind;
      EXPECT_TRUE(eventually([&] { return under_way(gateway) == 0; }));
      EXPECT_EQ(counter(gateway, "failures"), 0U) << request.kind;
    }
  }
}

/// Has a limit for the whole request, as gunicorn's timeout: says `last` when it is over, and closes.
Upstream::Serve limits_requests(const std::string& last) {
  return [last](Socket& socket) {
    const auto end = std::chrono::steady_clock::now() + 1'700ms;
    while (std::chrono::steady_clock::now() < end && !socket.receive().empty()) continue;
    if (!last.empty()) socket.send(last);
  };
}

TEST(GatewaySlowUpload, ThatKeepsPaceIsNotHeldAgainstAServiceWithALimitForAllOfIt) {
  const std::string rest = " Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  Upstream closes{limits_requests("")};
  Upstream says_500{limits_requests("HTTP/1.1 500" + rest)};
  Upstream says_408{limits_requests("HTTP/1.1 408" + rest)};
  const std::string ejects = ", ejection: {consecutive_5xx: 1, max_ejected: 1, panic: 0}";
  const GatewayProcess gateway{
      config_text({{"closes", closes.port(), "/closes", "guarded", ejects},
                   {"says_500", says_500.port(), "/500", "guarded", ejects},
                   {"says_408", says_408.port(), "/408", "guarded", ejects}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1}, admission: {}}\n")};
  struct Client {
    const char* service;
    unsigned status;
    Socket socket;
    std::string answer{};
  };
  std::vector<Client> clients;
  for (const auto& [service, path, status] :
       {std::tuple{"closes", "/closes", 502U}, {"says_500", "/500", 500U}, {"says_408", "/408", 408U}}) {
    clients.push_back({service, status,
                       begin(gateway, std::string{"POST "} + path +
                                          " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")});
  }
  const std::string chunk = "7d0\r\n" + std::string(2'000, 'x') + "\r\n";
  const auto start = std::chrono::steady_clock::now();
  const auto waits = [](const Client& each) { return each.answer.empty(); };
  while (std::any_of(clients.begin(), clients.end(), waits)) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, patience);
    for (Client& each : clients) {
      if (!waits(each)) continue;
      each.socket.send(chunk);
      each.answer = each.socket.receive(30ms);
    }
  }
  for (const Client& each : clients) {
    EXPECT_EQ(each.answer.substr(9, 3), std::to_string(each.status)) << each.answer;
    const auto counters = [&] { return gateway.breaker(each.service).at("counters"); };
    EXPECT_TRUE(eventually([&] { return counters().at("ignored").to_number<int>() == 1; })) << each.service;
    EXPECT_EQ(counters().at("failures").to_number<int>(), 0) << each.service;
    EXPECT_EQ(gateway.state(each.service), "closed");
    const auto status =
        boost::json::parse(gateway.admin("GET", "/status").body).at("services").at(each.service);
    EXPECT_EQ(status.at("instances").at(0).at("failures").to_number<int>(), 0) << each.service;
    EXPECT_EQ(status.at("admission").at("failures").to_number<int>(), 0) << each.service;
  }
  EXPECT_TRUE(gateway.logs("the service did not wait for the rest of the request, which came slowly"));
}

TEST(GatewaySlowUpload, IsNotSlowBecauseItsServiceDoesNotTakeIt) {
  std::binary_semaphore takes{0};
  Upstream upstream{[&](Socket& socket) {
    if (socket.read_head().starts_with("GET")) return (void)socket.send(ok());
    takes.acquire();
    (void)socket.read_exactly(20'000'000);
    socket.send(ok());
  }};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "plain", ", connections: {max: 1}"}}, "",
                  "limits: {body_timeout: 2s}")};
  Socket client = begin(gateway, post(20'000'000));
  std::thread sender{[&] { client.send(std::string(20'000'000, 'x')); }};
  EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
  Socket other = begin(gateway, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(other.receive(6s), "")
      << "the service takes none of it for so long, and another needs the connection";
  takes.release();
  sender.join();
  EXPECT_EQ(status_of_answer(client), 200U);
}

TEST(GatewaySlowUpload, LeavesItsPlaceInABulkheadToOthers) {
  for (const Begun& request : {large(), chunked()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "narrow"}},
                                             "  narrow: {timeout: 60s, bulkhead: {max_concurrent: 2}}\n",
                                             "limits: {body_timeout: 60s}")};
    Socket one = begin(gateway, request.begin);
    Socket two = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 2; }));
    EXPECT_EQ(gateway.get("/").status(), 503U) << request.kind;
    EXPECT_TRUE(eventually([&] { return gateway.get("/").status() == 200; })) << request.kind;
    EXPECT_EQ(status_of_answer(one), 408U) << request.kind << ": long before body_timeout";
  }
}

TEST(GatewaySlowUpload, KeepsItsPlaceInABulkheadThatHasRoom) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/", "wide"}},
                                           "  wide: {timeout: 60s, bulkhead: {max_concurrent: 2}}\n",
                                           "limits: {body_timeout: 60s}")};
  Socket slow = begin(gateway, chunked().begin);
  EXPECT_EQ(slow.receive(6s), "");
  EXPECT_EQ(gateway.get("/").status(), 200U);
  slow.send(chunked().rest);
  EXPECT_EQ(status_of_answer(slow), 200U);
}

TEST(GatewaySlowUpload, ThatKeepsToTheRateMayTakeLongerThanAnyPauseMay) {
  Upstream upstream{Upstream::answering([](const Message& request) { return ok(request.body); })};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 2s, min_body_rate: 100}")};
  for (const bool in_chunks : {false, true}) {
    const std::string piece(100, 'x');
    Socket client =
        begin(gateway,
              in_chunks ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" : post(3'000));
    for (int i = 0; i < 30; ++i) {
      client.send(in_chunks ? "64\r\n" + piece + "\r\n" : piece);
      if (i + 1 == 30) break;
      EXPECT_EQ(client.receive(100ms), "") << "it takes three seconds in all";
    }
    if (in_chunks) client.send("0\r\n\r\n");
    EXPECT_EQ(client.read_response().value_or(Message{}).body.size(), 3'000U);
  }
}

TEST(GatewaySlowUpload, HasNoLimitInAllWithARateOfZero) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}, "", "limits: {body_timeout: 2s, min_body_rate: 0}")};
  Socket client = begin(gateway, post(30));
  for (int i = 0; i < 30; ++i) {
    client.send("x");
    if (i + 1 == 30) break;
    EXPECT_EQ(client.receive(100ms), "");
  }
  EXPECT_EQ(status_of_answer(client), 200U);
}

TEST(GatewaySlowUpload, LeavesItsConnectionToOthersThatNeedOne) {
  for (const Begun& request : {large(), chunked()}) {
    Upstream upstream{Upstream::saying(ok())};
    const GatewayProcess gateway{
        guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 1}")};
    Socket slow = begin(gateway, request.begin);
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    EXPECT_EQ(gateway.get("/").status(), 200U) << request.kind << ": long before body_timeout";
    EXPECT_EQ(status_of_answer(slow), 408U) << request.kind;
    EXPECT_EQ(counter(gateway, "failures"), 0U);
  }
}

/// A client that sends so many bytes every 100 ms until there is an answer, or until it is over; returns the
/// answer's status.
unsigned sends_slowly(const GatewayProcess& gateway, std::size_t bytes, const std::atomic<bool>& over) {
  Socket client = begin(gateway, post(1'000'000));
  std::string answer;
  while (answer.empty() && !over) {
    client.send(std::string(bytes, 'x'));
    answer = client.receive(100ms);
  }
  return answer.empty() ? 0 : static_cast<unsigned>(std::stoul(answer.substr(9, 3)));
}

TEST(GatewaySlowUpload, OfTheSlowestMakesWayForOthersThoughItKeepsToTheRate) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      guarded(upstream.port(), "consecutive_failures: 1", "", ", connections: {max: 3}")};
  std::atomic<bool> over{false};
  unsigned slowest = 1;
  unsigned slow = 1;
  unsigned quick = 1;
  std::thread one{[&] { slowest = sends_slowly(gateway, 80, over); }};
  std::thread two{[&] { slow = sends_slowly(gateway, 300, over); }};
  std::thread three{[&] { quick = sends_slowly(gateway, 3'000, over); }};
  EXPECT_TRUE(eventually([&] { return upstream.connections() == 3; }));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  one.join();
  over = true;
  two.join();
  three.join();
  EXPECT_EQ(slowest, 408U) << "800 bytes a second are enough only while none else needs the connection";
  EXPECT_EQ(slow, 0U) << "one connection was enough for those who waited";
  EXPECT_EQ(quick, 0U);
  EXPECT_EQ(counter(gateway, "failures"), 0U);
}

}  // namespace
}  // namespace switchgear::wire
