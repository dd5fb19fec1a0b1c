// Cached answers: which requests get them, for how long, and which answers are never stored.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <mutex>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

std::string remembering(std::uint16_t port, const std::string& ttl = "60s", const std::string& more = "",
                        const std::string& gateway = "") {
  return config_text({{"shop", port, "/", "remembers"}},
                     "  remembers: {timeout: 60s, cache: {ttl: " + ttl + "}" + more + "}\n", gateway);
}

/// Answers `body N`, N counting the calls.
struct Counting {
  explicit Counting(std::string fields = "", std::string body = "body ")
      : fields_(std::move(fields)), body_(std::move(body)) {}
  std::atomic<int> calls{0};

 private:
  std::string fields_;
  std::string body_;

 public:
  Upstream upstream{
      Upstream::answering([this](const Message&) { return ok(body_ + std::to_string(++calls), fields_); })};
};

TEST(GatewayCache, GivesTheSameAnswerAgainAndSaysHowOldItIs) {
  Counting shop{"X-Own: yes\r\nContent-Type: text/plain\r\n"};
  const GatewayProcess gateway{remembering(shop.upstream.port())};
  const Message first = gateway.get("/a");
  EXPECT_EQ(first.body, "body 1");
  EXPECT_FALSE(first.has("x-switchgear-source"));
  const Message again = gateway.get("/a");
  EXPECT_EQ(again.status(), 200U);
  EXPECT_EQ(again.body, "body 1");
  EXPECT_EQ(again.field("x-switchgear-source"), "cache");
  EXPECT_TRUE(again.has("age"));
  EXPECT_EQ(again.field("x-own"), "yes");
  EXPECT_EQ(again.field("content-type"), "text/plain");
  EXPECT_EQ(gateway.get("/b").body, "body 2") << "another target, another answer";
  EXPECT_EQ(gateway.get("/a?q").body, "body 3");
  EXPECT_EQ(shop.calls, 3);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line :
       {"switchgear_cache_hits_total{service=\"shop\"} 1",
        "switchgear_cache_misses_total{service=\"shop\"} 3", "switchgear_cache_entries{service=\"shop\"} 3"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayCache, DoesNotTakeAllMemoryWhenEveryRequestHasAnotherQuery) {
  Counting shop{"", std::string(60'000, 'x')};
  const std::string policy =
      "  remembers: {timeout: 10s, cache: {ttl: 60s, max_bytes: 1MiB}, fallback: {cache: {max_bytes: "
      "512KiB}}}\n";
  const GatewayProcess gateway{config_text({{"shop", shop.upstream.port(), "/", "remembers"}}, policy)};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 100; ++i) {
    client.send("GET /?" + std::to_string(i) + " HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_TRUE(client.read_response().value_or(Message{}).whole);
  }
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body).at("services").at("shop");
  const auto of = [&](const char* part, const char* name) {
    return status.at(part).at(name).to_number<std::uint64_t>();
  };
  for (const auto& [part, most] : {std::pair{"cache", 1'048'576U}, std::pair{"fallback", 524'288U}}) {
    EXPECT_EQ(of(part, "max_bytes"), most) << part;
    EXPECT_LE(of(part, "bytes"), most) << part;
    EXPECT_GE(of(part, "bytes"), most * 3 / 4) << part;
    EXPECT_LE(of(part, "entries"), most / 60'000) << part;
    EXPECT_EQ(of(part, "entries") + of(part, "evicted"), 100U) << part;
  }
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line :
       {"switchgear_cache_max_bytes{service=\"shop\"} 1048576",
        "switchgear_fallback_cache_max_bytes{service=\"shop\"} 524288",
        "switchgear_cache_bytes{service=\"shop\"} ", "switchgear_fallback_cache_bytes{service=\"shop\"} "})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST(GatewayCache, ShowsNobodyWhatHeHasJustChanged) {
  std::atomic<int> value{1};
  Upstream shop{Upstream::answering([&](const Message& request) {
    const std::string method = request.start_line.substr(0, request.start_line.find(' '));
    if (method == "HEAD") return std::string{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"};
    if (method == "BAD") return std::string{"HTTP/1.1 409 X\r\nContent-Length: 0\r\n\r\n"};
    if (method != "GET" && method != "HEAD" && method != "SEARCH") ++value;
    if (request.has("x-http-method-override")) ++value;
    if (method == "PUT") return std::string{"HTTP/1.1 303 X\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"};
    return ok("value " + std::to_string(value));
  })};
  const GatewayProcess gateway{remembering(shop.port(), "60s", ", fallback: {cache: {}}")};
  const auto seen = [&](const std::string& target, const std::string& fields = "") {
    return gateway.get(target, fields).body;
  };
  const auto send = [&](const std::string& method, const std::string& target,
                        const std::string& fields = "") {
    Socket client = Socket::connect(gateway.port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n" + fields + "\r\n");
    EXPECT_TRUE(client.read_response(method == "HEAD").has_value()) << method;
  };
  int now = 1;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "FROB"}) {
    EXPECT_EQ(seen("/a"), "value " + std::to_string(now)) << method;
    EXPECT_EQ(seen("/a", "Accept-Encoding: gzip\r\n"), "value " + std::to_string(now));
    EXPECT_EQ(seen("/b"), "value 1") << "another URI stays as it is";
    EXPECT_EQ(seen("/a?x"), "value 1");
    send(method, "/%61");  // the same path, spelt otherwise
    ++now;
    EXPECT_EQ(seen("/a"), "value " + std::to_string(now)) << method;
    EXPECT_EQ(seen("/a", "Accept-Encoding: gzip\r\n"), "value " + std::to_string(now)) << "in every encoding";
    EXPECT_EQ(gateway.get("/a").field("x-switchgear-source"), "cache") << "and is remembered again";
  }
  send("GET", "/a", "X-HTTP-Method-Override: DELETE\r\n");
  EXPECT_EQ(seen("/a"), "value " + std::to_string(++now)) << "a method in disguise";
  for (const char* method : {"BAD", "HEAD", "SEARCH"}) send(method, "/a");
  ++value;
  EXPECT_EQ(seen("/a"), "value " + std::to_string(now))
      << "a refused change, and safe methods, change nothing";
}

TEST(GatewayCache, RemembersNoAnswerThatWasAskedForBeforeTheChange) {
  std::atomic<bool> asked{false};
  std::atomic<bool> may_answer{false};
  std::atomic<int> value{1};
  Upstream shop{Upstream::answering([&](const Message& request) {
    if (request.start_line.starts_with("POST")) return ++value, ok();
    const int seen = value;
    if (!asked.exchange(true)) (void)eventually([&] { return may_answer.load(); });
    return ok("value " + std::to_string(seen));
  })};
  const GatewayProcess gateway{remembering(shop.port())};
  Socket slow = Socket::connect(gateway.port());
  slow.send("GET /a HTTP/1.1\r\nHost: test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  Socket client = Socket::connect(gateway.port());
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(gateway.get("/a").body, "value 2") << "neither shares the call that is under way";
  may_answer = true;
  EXPECT_EQ(slow.read_response().value_or(Message{}).body, "value 1");
  EXPECT_EQ(gateway.get("/a").body, "value 2") << "nor gets its answer from memory";
}

TEST(GatewayCache, AsksAgainWhenTheAnswerIsTooOld) {
  Counting shop;
  const GatewayProcess gateway{remembering(shop.upstream.port(), "50ms")};
  EXPECT_EQ(gateway.get("/").body, "body 1");
  EXPECT_TRUE(eventually([&] { return gateway.get("/").body == "body 2"; }));
}

TEST(GatewayCache, KeepsHeadAndGetApartAndSendsNoBodyToHead) {
  Counting shop;
  const GatewayProcess gateway{remembering(shop.upstream.port())};
  EXPECT_EQ(gateway.get("/").body, "body 1");
  for (int i = 0; i < 2; ++i) {
    Socket client = Socket::connect(gateway.port());
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    const auto head = client.read_response(true);
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->field("content-length"), "6");
    EXPECT_TRUE(client.ends());
  }
}

TEST(GatewayCache, NeverKeepsWhatTheServiceCallsPrivate) {
  for (const char* fields : {"Cache-Control: no-store\r\n", "Cache-Control: max-age=5, Private\r\n",
                             "Set-Cookie: a=b\r\n", "Vary: *\r\n", "Vary: Cookie\r\n"}) {
    Counting shop{fields};
    const GatewayProcess gateway{remembering(shop.upstream.port())};
    EXPECT_EQ(gateway.get("/").body, "body 1");
    EXPECT_EQ(gateway.get("/").body, "body 2") << fields;
  }
  Counting varied{"Vary: Accept-Encoding\r\n"};
  const GatewayProcess gateway{remembering(varied.upstream.port())};
  EXPECT_EQ(gateway.get("/", "Accept-Encoding: gzip\r\n").body, "body 1");
  EXPECT_EQ(gateway.get("/", "Accept-Encoding: gzip\r\n").body, "body 1");
  EXPECT_EQ(gateway.get("/").body, "body 2") << "another encoding, another answer";
}

TEST(GatewayCache, NeverAnswersFromMemoryWhoAsksForHimselfOrAnew) {
  Counting shop;
  const GatewayProcess gateway{remembering(shop.upstream.port())};
  EXPECT_EQ(gateway.get("/").body, "body 1");
  int calls = 1;
  for (const char* fields :
       {"Authorization: Bearer x\r\n", "Cache-Control: no-cache\r\n", "Cache-Control: no-store\r\n",
        "Range: bytes=0-1\r\n", "If-None-Match: \"a\"\r\n"})
    EXPECT_EQ(gateway.get("/", fields).body, "body " + std::to_string(++calls)) << fields;
  EXPECT_EQ(gateway.get("/").body, "body 1");
  Socket client = Socket::connect(gateway.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "body " + std::to_string(++calls));
}

TEST(GatewayCache, GivesNobodyThePageOfSomebodyWhoIsLoggedIn) {
  std::atomic<int> calls{0};
  Upstream shop{Upstream::answering([&](const Message& request) {
    ++calls;
    return ok("page of " + request.field("cookie"));
  })};
  const GatewayProcess gateway{remembering(shop.port())};
  EXPECT_EQ(gateway.get("/account", "Cookie: session=anna\r\n").body, "page of session=anna");
  EXPECT_EQ(gateway.get("/account", "Cookie: session=bert\r\n").body, "page of session=bert");
  EXPECT_EQ(gateway.get("/account").body, "page of ");
  EXPECT_EQ(calls, 3);
}

TEST(GatewayCache, CannotBeFedWithWhatAClientClaims) {
  Upstream shop{Upstream::answering([&](const Message& request) {
    return ok(request.field("x-forwarded-host") + "|" + request.field("accept-encoding"),
              "Vary: Accept-Encoding\r\n");
  })};
  const GatewayProcess gateway{remembering(shop.port())};
  EXPECT_EQ(gateway.get("/", "X-Forwarded-Host: evil.test\r\n").body, "evil.test|");
  EXPECT_EQ(gateway.get("/").body, "test|");
  EXPECT_EQ(gateway.get("/", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n").body, "test|br, gzip");
  EXPECT_EQ(gateway.get("/", "Accept-Encoding: gzip\r\n").body, "test|gzip");
}

TEST(GatewayCache, KeepsNothingForLongerThanTheServiceSaysAndCountsTheAgeItCameWith) {
  Counting stale{"Cache-Control: max-age=0\r\n"};
  const GatewayProcess first{remembering(stale.upstream.port())};
  EXPECT_EQ(first.get("/").body, "body 1");
  EXPECT_EQ(first.get("/").body, "body 2");
  Counting old{"Cache-Control: max-age=3600\r\nAge: 600\r\n"};
  const GatewayProcess second{remembering(old.upstream.port())};
  EXPECT_EQ(second.get("/").field("age"), "600");
  const Message again = second.get("/");
  EXPECT_EQ(again.body, "body 1");
  EXPECT_GE(std::atoi(again.field("age").c_str()), 600);
}

TEST(GatewayCache, LetsNobodyWaitForAClientThatDoesNotTakeItsAnswer) {
  Counting large{"", std::string(8'000'000, 'x')};
  const GatewayProcess gateway{remembering(large.upstream.port(), "60s", "",
                                           "limits: {cached_body_bytes: 9000000, write_timeout: 10m}")};
  Socket idler = Socket::connect(gateway.port(), 4096);
  idler.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return large.calls == 1; }));
  const Message answer = gateway.get("/");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body.size(), 8'000'001U);
}

TEST(GatewayCache, HandsOnWhatIsTooLargeAndForgetsIt) {
  Counting large{"", std::string(5000, 'x')};
  const GatewayProcess gateway{
      remembering(large.upstream.port(), "60s", "", "limits: {cached_body_bytes: 4000}")};
  EXPECT_EQ(gateway.get("/").body.size(), 5001U);
  EXPECT_EQ(gateway.get("/").body.size(), 5001U);
  EXPECT_EQ(large.calls, 2);
  std::atomic<int> calls{0};
  Upstream chunked{Upstream::answering([&](const Message&) {
    ++calls;
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + std::string(5000, 'y') +
           "\r\n0\r\n\r\n";
  })};
  const GatewayProcess second{remembering(chunked.port(), "60s", "", "limits: {cached_body_bytes: 4000}")};
  for (int i = 1; i <= 2; ++i) EXPECT_EQ(second.get("/").body.size(), 5000U);
  EXPECT_EQ(calls, 2);
}

/// An answer that a cache does not keep, as its head or its size shows, and that breaks off.
struct BrokenOff {
  std::string head;
  std::string part;
};

TEST(GatewayCache, ABreakerHearsOfEveryAnswerThatBreaksOffThoughItWouldNotBeKept) {
  const std::string large(5000, 'x');
  for (const BrokenOff& answer : {BrokenOff{"Cache-Control: no-store\r\nContent-Length: 10\r\n", "hello"},
                                  BrokenOff{"Set-Cookie: a=b\r\nContent-Length: 10\r\n", "hello"},
                                  BrokenOff{"Content-Length: 9000\r\n", large},
                                  BrokenOff{"Transfer-Encoding: chunked\r\n", "1388\r\n" + large + "\r\n"}}) {
    std::counting_semaphore<> begun{0};
    Upstream upstream{[&](Socket& socket) {
      (void)socket.read_request();
      socket.send("HTTP/1.1 200 OK\r\n" + answer.head + "\r\n" + answer.part);
      begun.acquire();
    }};
    const GatewayProcess gateway{remembering(upstream.port(), "60s",
                                             ", circuit_breaker: {consecutive_failures: 3}",
                                             "limits: {cached_body_bytes: 4000}")};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_broken_off(gateway.port(), begun)) << answer.head;
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "open"; })) << answer.head;
    const boost::json::value counters = gateway.breaker("shop").at("counters");
    EXPECT_EQ(counters.at("failures").to_number<int>(), 3) << answer.head;
    EXPECT_EQ(counters.at("successes").to_number<int>(), 0) << answer.head;
  }
}

TEST(GatewayCache, ABulkheadKeepsThePlaceOfAnAnswerThatIsStillOnItsWayThoughItWillNotBeKept) {
  std::atomic<bool> go{false};
  std::atomic<int> begun{0};
  Upstream upstream{[&](Socket& socket) {
    while (socket.read_request()) {
      socket.send("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 10\r\n\r\nhello");
      ++begun;
      (void)eventually([&] { return go.load(); });
      socket.send("world");
    }
  }};
  const GatewayProcess gateway{remembering(upstream.port(), "60s", ", bulkhead: {max_concurrent: 1}")};
  Socket first = Socket::connect(gateway.port());
  first.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return begun == 1; }));
  EXPECT_NE(first.read_head().find("no-store"), std::string::npos);
  EXPECT_EQ(gateway.get("/2").status(), 503U);
  go = true;
  EXPECT_EQ(first.read_exactly(10), "helloworld");
  EXPECT_EQ(gateway.get("/3").status(), 200U);
}

TEST(GatewayCache, RemembersNoFailure) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message&) {
    return ++calls == 1 ? std::string{"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"}
           : calls == 2 ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"}
                        : ok();
  })};
  const GatewayProcess gateway{remembering(upstream.port())};
  EXPECT_EQ(gateway.get("/").status(), 404U);
  EXPECT_EQ(gateway.get("/").status(), 500U);
  EXPECT_EQ(gateway.get("/").status(), 200U);
}

class Flights : public ::testing::TestWithParam<const char*> {};

TEST_P(Flights, ShareOneCallAmongAllWhoAskMeanwhile) {
  std::atomic<int> calls{0};
  std::atomic<bool> may_answer{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    ++calls;
    (void)eventually([&] { return may_answer.load(); });
    return ok("for all");
  })};
  std::string config = remembering(upstream.port());
  config.replace(config.find("threads: 1"), 10, GetParam());
  const GatewayProcess gateway{config};
  std::vector<Socket> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(Socket::connect(gateway.port()));
    clients.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  EXPECT_TRUE(eventually([&] { return calls == 1; }));
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics").body.find("switchgear_gateway_connections 10") !=
           std::string::npos;
  }));
  may_answer = true;
  for (Socket& client : clients) EXPECT_EQ(client.read_response().value_or(Message{}).body, "for all");
  EXPECT_EQ(calls, 1);
}

TEST_P(Flights, LetTheNextInLineCallWhenTheFirstGoesAway) {
  std::atomic<int> calls{0};
  std::atomic<bool> may_answer{false};
  Upstream upstream{[&](Socket& socket) {
    while (socket.read_request()) {
      ++calls;
      (void)eventually([&] { return may_answer.load(); });
      if (!socket.send(ok("for the rest"))) return;
    }
  }};
  std::string config = remembering(upstream.port());
  config.replace(config.find("threads: 1"), 10, GetParam());
  const GatewayProcess gateway{config};
  Socket first = Socket::connect(gateway.port());
  first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return calls == 1; }));
  std::vector<Socket> rest;
  for (int i = 0; i < 4; ++i) {
    rest.push_back(Socket::connect(gateway.port()));
    rest.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  first.reset();
  EXPECT_TRUE(eventually([&] { return calls == 2; }));
  may_answer = true;
  for (Socket& client : rest) EXPECT_EQ(client.read_response().value_or(Message{}).body, "for the rest");
  EXPECT_EQ(calls, 2);
}

TEST_P(Flights, LetEveryoneCallForHimselfWhenTheAnswerIsNotForSharing) {
  std::atomic<int> calls{0};
  std::atomic<bool> may_answer{false};
  Upstream upstream{Upstream::answering([&](const Message&) {
    const int call = ++calls;
    (void)eventually([&] { return may_answer.load(); });
    return ok("mine " + std::to_string(call), "Cache-Control: private\r\n");
  })};
  std::string config = remembering(upstream.port());
  config.replace(config.find("threads: 1"), 10, GetParam());
  const GatewayProcess gateway{config};
  std::vector<Socket> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(Socket::connect(gateway.port()));
    clients.back().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  EXPECT_TRUE(eventually([&] { return calls >= 1; }));
  may_answer = true;
  for (Socket& client : clients) EXPECT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  EXPECT_EQ(calls, 6);
}

INSTANTIATE_TEST_SUITE_P(OnOneThread, Flights, ::testing::Values("threads: 1"));
INSTANTIATE_TEST_SUITE_P(AcrossThreads, Flights, ::testing::Values("threads: 3"));

}  // namespace
}  // namespace switchgear::wire
