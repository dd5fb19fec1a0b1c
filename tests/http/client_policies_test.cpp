// What a client's policies, caches and fallbacks make of its answers.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "switchgear/async/asio_time.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

TEST(Client, TakesA404ForAnAnswerAndA503ForAFailure) {
  const Upstream server{Upstream::answering([](const Message& request) -> std::string {
    const bool missing = request.target() == "/missing";
    return std::string("HTTP/1.1 ") + (missing ? "404 Not Found" : "503 Busy") +
           "\r\nContent-Length: 0\r\n\r\n";
  })};
  CircuitBreaker breaker{"shop", opens_after(2)};
  BlockingClient shop{url_of(server.port()), breaker};
  EXPECT_EQ(shop.get("/missing").status, 404U);
  EXPECT_EQ(totals(breaker).successes, 1U);
  EXPECT_EQ(shop.get("/").status, 503U) << "the caller gets the answer all the same";
  EXPECT_EQ(shop.get("/").status, 503U);
  EXPECT_EQ(totals(breaker).failures_by_type[static_cast<std::size_t>(FailureType::http_error)], 2U);
  const Ended end = ended([&] { return shop.get("/"); });
  EXPECT_EQ(end.code, Reason::open);
  EXPECT_TRUE(end.text.starts_with("breaker 'shop' is open; retry in ")) << end.text;
}

TEST(Client, DoesNotHoldAnUnknownMethodAgainstTheService) {
  const Upstream server{Upstream::saying("HTTP/1.1 501 Unsupported\r\nContent-Length: 0\r\n\r\n")};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  EXPECT_EQ(shop.request("PURGE", "/").status, 501U);
  EXPECT_EQ(shop.post("/").method, Support::optional);
  EXPECT_EQ(totals(breaker).successes, 2U);
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(shop.get("/").status, 501U);
  EXPECT_EQ(breaker.state(), State::open) << "every server must know GET";
}

TEST(Client, BlamesAServerThatEndsAKeptConnectionLongAfterItHadThePost) {
  const Upstream server{[](Socket& socket) {
    static_cast<void>(socket.read_request());
    socket.send(ok());
    static_cast<void>(socket.read_request());
    static_cast<void>(socket.receive(1200ms));
  }};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  static_cast<void>(shop.get("/"));
  EXPECT_EQ(ended([&] { return shop.post("/"); }).code, Errc::closed);
  EXPECT_EQ(totals(breaker).failures, 1U);
}

/// Takes a request and says nothing until its client goes away.
void hangs(Socket& socket) {
  static_cast<void>(socket.read_request());
  static_cast<void>(socket.receive(10s));
}

TEST(Client, OpensItsBreakerForAServiceThatHangsHoweverLongThePipelinesTimeoutIs) {
  const Upstream server{hangs};
  Timeout longer{"shop", 10s};
  for (const Duration own : {30ms, 40ms}) {
    Timeout same{"shop", own};
    for (Timeout* const timeout : {&longer, &same}) {
      CircuitBreaker breaker{"shop", opens_after(2)};
      BlockingClient shop{url_of(server.port()), Pipeline{breaker, *timeout}};
      for (int i = 0; i < 2; ++i)
        EXPECT_EQ(ended([&] { return shop.get(Request{"/"}.timeout(own)); }).code, Reason::timed_out);
      EXPECT_EQ(ended([&] { return shop.get("/"); }).code, Reason::open);
    }
  }
}

TEST(Client, DoesNotBlameAServiceForACallerThatWaitsLessThanItWouldItself) {
  const Upstream server{hangs};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  EXPECT_EQ(ended([&] { return shop.get(Request{"/"}.deadline(AsioTime::now() + 30ms)); }).code,
            Reason::timed_out);
  EXPECT_EQ(totals(breaker).ignored, 1U);
  const Request sooner = Request{"/"}.deadline(AsioTime::now() + 10s).timeout(30ms);
  EXPECT_EQ(ended([&] { return shop.get(sooner); }).code, Reason::timed_out);
  EXPECT_EQ(breaker.state(), State::open) << "the client's own limit was the shorter one";
}

TEST(Client, RepeatsWhatMayBeRepeated) {
  std::atomic<int> asked{0};
  const Upstream server{Upstream::answering([&](const Message&) -> std::string {
    return ++asked % 2 == 1 ? "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" : ok();
  })};
  Retry retry{"shop", {.max_attempts = 3, .base = 1ms}};
  BlockingClient shop{url_of(server.port()), Pipeline{retry}};
  const Response answer = shop.get("/");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.report.attempts, 2U);
  EXPECT_EQ(shop.post("/").status, 503U) << "a POST may have had its effect";
  EXPECT_EQ(shop.del("/").status, 200U);
  asked = 0;
  EXPECT_EQ(shop.post(Request{"/"}.header("Idempotency-Key", "7")).status, 200U);
  asked = 0;
  EXPECT_EQ(shop.get(Request{"/"}.repeatable(Repeatable::no)).status, 503U);
}

TEST(Client, AnswersWithTheLastGoodAnswerUntilTheUrlIsChanged) {
  std::atomic<bool> down{false};
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    if (down) return "HTTP/1.1 500 Down\r\nContent-Length: 0\r\n\r\n";
    return ok("price of " + request.target(),
              request.target() == "/secret" ? "Cache-Control: no-store\r\n" : "");
  })};
  auto last = Fallback<Response>::cached("prices");
  BlockingClient shop{url_of(server.port()), Pipeline{last}};
  for (const char* path : {"/a", "/b", "/secret"}) static_cast<void>(shop.get(path));
  static_cast<void>(shop.get(Request{"/mine"}.header("Authorization", "Bearer me")));
  static_cast<void>(shop.put("/b"));
  down = true;
  const Response remembered = shop.get("/a");
  EXPECT_EQ(remembered.body, "price of /a");
  EXPECT_EQ(remembered.report.source, Source::fallback);
  EXPECT_EQ(shop.get("/b").status, 500U) << "the PUT made it wrong";
  EXPECT_EQ(shop.get("/secret").status, 500U);
  EXPECT_EQ(shop.get("/mine").status, 500U) << "an answer to one caller is not for another";
}

TEST(Client, MakesOneRequestForACacheAndStoresNothingThatMustNotBeStored) {
  std::atomic<int> asked{0};
  const Upstream server{Upstream::answering([&](const Message& request) {
    return ok(std::to_string(++asked), request.target() == "/secret" ? "Cache-Control: no-store\r\n" : "");
  })};
  Cache<Response> cache{"prices", {.ttl = 1h}};
  BlockingClient shop{url_of(server.port()), cache};
  EXPECT_EQ(shop.get("/a").body, "1");
  const Response again = shop.get("/a");
  EXPECT_EQ(again.body, "1");
  EXPECT_EQ(again.report.source, Source::cache);
  EXPECT_EQ(shop.get(Request{"/a"}.key("")).body, "2");
  EXPECT_EQ(shop.get("/secret").body, "3");
  EXPECT_EQ(shop.get("/secret").body, "4");
}

TEST(Client, GivesAPlainGetNeitherThePartNorTheEmptyNorTheTranslatedAnswerOfAnother) {
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    if (!request.field("range").empty()) return "HTTP/1.1 206 Part\r\nContent-Length: 4\r\n\r\npart";
    if (!request.field("if-none-match").empty()) return "HTTP/1.1 304 Not Modified\r\n\r\n";
    return ok(request.field("accept-language").empty() ? "whole" : "ganz");
  })};
  Cache<Response> cache{"prices", {.ttl = 1h}};
  auto last = Fallback<Response>::cached("prices");
  BlockingClient shop{url_of(server.port()), Pipeline{last, cache}};
  EXPECT_EQ(shop.get(Request{"/a"}.header("Range", "bytes=0-3")).status, 206U);
  EXPECT_EQ(shop.get(Request{"/a"}.header("If-None-Match", "\"7\"")).status, 304U);
  EXPECT_EQ(shop.get(Request{"/a"}.header("accept-language", "de")).body, "ganz");
  EXPECT_EQ(shop.get("/a").body, "whole");
  EXPECT_EQ(shop.get(Request{"/a"}.header("Accept-Language", "de")).body, "ganz");
  EXPECT_EQ(shop.get("/a").report.source, Source::cache) << "and a plain one is remembered";
}

TEST(Client, TakesARequestThatOverridesItsMethodForNoPlainGet) {
  std::atomic<int> asked{0};
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    ++asked;
    if (request.target() == "/down") return "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    return ok(request.head_text.find("DELETE") != std::string::npos ? "deleted" : "there");
  })};
  Cache<Response> cache{"prices", {.ttl = 1h}};
  Retry retry{"prices", {.max_attempts = 3, .base = 1ms}};
  BlockingClient shop{url_of(server.port()), Pipeline{cache, retry}};
  for (const char* name : {"X-HTTP-Method-Override", "x-http-method", "X_Method_Override"}) {
    const std::string path = std::string("/") + name;
    EXPECT_EQ(shop.get(path).body, "there");
    EXPECT_EQ(shop.get(path).report.source, Source::cache);
    EXPECT_EQ(shop.get(Request{path}.header(name, "DELETE")).body, "deleted") << name;
    EXPECT_EQ(shop.get(path).report.source, Source::call) << name << ": what was stored is wrong now";
    EXPECT_EQ(shop.get(Request{path}.key(name).header(name, "DELETE")).body, "deleted");
    EXPECT_EQ(shop.get(path).report.source, Source::call) << name << ": under a key of its own, too";
    asked = 0;
    EXPECT_EQ(shop.get(Request{"/down"}.header(name, "POST")).report.attempts, 1U) << name;
    EXPECT_EQ(asked, 1) << "it may have had its effect";
    const Request safe = Request{"/down"}.header(name, "PUT").repeatable(Repeatable::yes);
    EXPECT_EQ(shop.get(safe).report.attempts, 3U);
  }
}

TEST(Client, StoresNoAnswerThatVariesByWhatItsKeyDoesNotHave) {
  const Upstream server{Upstream::answering([&](const Message& request) {
    return ok("for " + request.field("x-tenant"), "Vary: Accept-Encoding, X-Tenant\r\n");
  })};
  Cache<Response> cache{"prices", {.ttl = 1h}};
  BlockingClient shop{url_of(server.port()), cache};
  EXPECT_EQ(shop.get(Request{"/a"}.header("X-Tenant", "red")).body, "for red");
  EXPECT_EQ(shop.get(Request{"/a"}.header("X-Tenant", "blue")).body, "for blue");
}

TEST(Client, GivesNoUserTheAnswerOfAnotherWhoseClientSharesTheCache) {
  const Upstream server{Upstream::answering(
      [&](const Message& request) { return ok("account of " + request.field("authorization")); })};
  Cache<Response> cache{"accounts", {.ttl = 1h}};
  const auto client_of = [](const std::string& user) {
    ClientOptions options;
    options.headers.add("Authorization", user);
    return options;
  };
  BlockingClient ada{url_of(server.port()), cache, client_of("ada")};
  BlockingClient bob{url_of(server.port()), cache, client_of("bob")};
  EXPECT_EQ(ada.get("/account").body, "account of ada");
  EXPECT_EQ(bob.get("/account").body, "account of bob");
  EXPECT_EQ(bob.get(Request{"/account"}.key("account of bob")).report.source, Source::call);
  EXPECT_EQ(bob.get(Request{"/account"}.key("account of bob")).report.source, Source::cache);
}

TEST(Client, RemembersForEachLanguageOfItsClientsUntilTheUrlIsChanged) {
  const Upstream server{Upstream::answering([&](const Message& request) {
    return ok("in " + request.field("accept-language"), "Vary: Accept-Language\r\n");
  })};
  Cache<Response> cache{"prices", {.ttl = 1h}};
  const auto speaking = [](const std::string& language) {
    ClientOptions options;
    options.headers.add("Accept-Language", language);
    return options;
  };
  BlockingClient german{url_of(server.port()), cache, speaking("de")};
  BlockingClient french{url_of(server.port()), cache, speaking("fr")};
  EXPECT_EQ(german.get("/a").body, "in de");
  EXPECT_EQ(french.get("/a").body, "in fr");
  EXPECT_EQ(german.get("/a").report.source, Source::cache);
  static_cast<void>(german.put("/a"));
  EXPECT_EQ(german.get("/a").report.source, Source::call);
}

TEST(Client, KeepsWhatIsStoredWhenAFallbackAnswersAPutThatWasNeverSent) {
  const Upstream server{Upstream::saying(ok())};
  CircuitBreaker breaker{"prices", opens_after(1)};
  auto accepted = Fallback<Response>::value("prices", Response{202, {}, "later"});
  Cache<Response> cache{"prices", {.ttl = 1h}};
  BlockingClient shop{url_of(server.port()), Pipeline{accepted, cache, breaker}};
  EXPECT_EQ(shop.get("/a").body, "fine");
  breaker.command(Command::force_open, AsioTime::now());
  EXPECT_EQ(shop.put("/a").report.source, Source::fallback);
  const Response kept = shop.get("/a");
  EXPECT_EQ(kept.body, "fine");
  EXPECT_EQ(kept.report.source, Source::cache);
}

TEST(Client, GivesTheFallbackOfTheCallInPlaceOfARefusalAndOfAFailure) {
  const Upstream server{Upstream::answering([&](const Message& request) -> std::string {
    const bool missing = request.target() == "/missing";
    return std::string("HTTP/1.1 ") + (missing ? "404 Not Found" : "500 Down") +
           "\r\nContent-Length: 0\r\n\r\n";
  })};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  const Response instead{200, {}, "[]"};
  EXPECT_EQ(shop.get(Request{"/missing"}.fallback(instead)).status, 404U);
  EXPECT_EQ(shop.get(Request{"/"}.fallback(instead)).body, "[]");
  EXPECT_EQ(breaker.state(), State::open);
  const Response refused = shop.get(Request{"/"}.fallback(instead));
  EXPECT_EQ(refused.body, "[]");
  EXPECT_EQ(refused.report.source, Source::fallback);
  EXPECT_EQ(refused.report.attempts, 0U);
}

TEST(Client, JudgesAnswersByTheUsersRules) {
  const Upstream server{Upstream::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")};
  CircuitBreaker breaker{"shop", opens_after(100)};
  ClientOptions options;
  options.failures.status = {{400, 599}};
  BlockingClient by_options{url_of(server.port()), Pipeline{breaker}, options};
  static_cast<void>(by_options.get("/"));
  EXPECT_EQ(totals(breaker).failures, 1U);
  const auto rules = Classifier{}.results([](const Response& answer) { return answer.status != 404; });
  BlockingClient by_classifier{url_of(server.port()), Pipeline{breaker}.classified_by(rules)};
  static_cast<void>(by_classifier.get("/"));
  EXPECT_EQ(totals(breaker).failures, 2U);
}

}  // namespace
}  // namespace switchgear::http
