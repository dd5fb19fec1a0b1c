// The client's requests as their users make them, against servers that are played byte by byte.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/async/asio_time.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

namespace asio = boost::asio;

// --- requests on the wire

TEST(Client, SendsThePathBelowItsBaseUrlAndEncodesTheQuery) {
  const Upstream server{Upstream::answering(echo)};
  BlockingClient shop{url_of(server.port(), "/api/")};
  const Response answer = shop.get(Request{"/search?lang=en"}.query("q", "apples & pears/ä").query("n", "2"));
  EXPECT_EQ(answer.body.substr(0, answer.body.find('\n')),
            "GET /api/search?lang=en&q=apples%20%26%20pears%2F%C3%A4&n=2 HTTP/1.1");
  EXPECT_NE(answer.body.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ok());
}

TEST(Client, SendsEachMethodAsItsFunctionSays) {
  const Upstream server{Upstream::answering(echo)};
  BlockingClient shop{url_of(server.port())};
  const auto method = [](const Response& answer) { return answer.body.substr(0, answer.body.find(' ')); };
  EXPECT_EQ(method(shop.get("/a")), "GET");
  EXPECT_EQ(method(shop.del("/a")), "DELETE");
  EXPECT_EQ(method(shop.post("/a")), "POST");
  EXPECT_EQ(method(shop.put("/a")), "PUT");
  EXPECT_EQ(method(shop.patch("/a")), "PATCH");
  EXPECT_EQ(method(shop.request("PURGE", "/a")), "PURGE");
}

TEST(Client, SendsAndReadsJson) {
  const Upstream server{Upstream::answering([](const Message& request) {
    EXPECT_EQ(request.field("content-type"), "application/json");
    EXPECT_EQ(request.body, R"({"sku":"apples","count":3})");
    return ok(R"({"id": 7})", "Content-Type: application/json\r\n");
  })};
  BlockingClient shop{url_of(server.port())};
  EXPECT_EQ(shop.post("/orders", {{"sku", "apples"}, {"count", 3}}).json().at("id").as_int64(), 7);
}

TEST(Client, SaysWhereAnAnswerCeasesToBeJson) {
  const Upstream server{Upstream::saying(ok(R"({"id": 7} and more)"))};
  BlockingClient shop{url_of(server.port())};
  const Ended end = ended([&] {
    const Response answer = shop.get("/");
    static_cast<void>(answer.json());
    return answer;
  });
  EXPECT_EQ(end.code, Errc::not_json);
  EXPECT_EQ(end.text, "the answer (status 200, 18 bytes) is not JSON: extra data at byte 10");
}

TEST(Client, AddsItsOwnHeadersUnlessTheRequestHasThem) {
  const Upstream server{Upstream::answering(echo)};
  ClientOptions options;
  options.headers.add("Authorization", "Bearer secret").add("X-App", "shop");
  BlockingClient shop{url_of(server.port()), options};
  const std::string body = shop.get(Request{"/"}.header("x-app", "till")).body;
  EXPECT_NE(body.find("Authorization: Bearer secret\r\n"), std::string::npos);
  EXPECT_NE(body.find("x-app: till\r\n"), std::string::npos);
  EXPECT_EQ(body.find("X-App"), std::string::npos);
}

TEST(Client, KeepsItsCredentialsFromAnotherOriginThatIsAskedForByItsUrl) {
  const Upstream server{Upstream::answering(echo)};
  const Upstream other{Upstream::answering(echo)};
  ClientOptions options;
  options.headers.add("Authorization", "Bearer secret").add("X-App", "shop");
  BlockingClient shop{url_of(server.port()), options};
  const std::string body = shop.get(url_of(other.port(), "/a")).body;
  EXPECT_EQ(body.find("Authorization"), std::string::npos);
  EXPECT_NE(body.find("X-App: shop"), std::string::npos);
}

TEST(Client, DoesNotWaitForABodyWhereNoneCanCome) {
  const Upstream server{Upstream::answering([](const Message& request) -> std::string {
    if (request.start_line.starts_with("HEAD")) return "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
    return "HTTP/1.1 204 No Content\r\n\r\n";
  })};
  BlockingClient shop{url_of(server.port())};
  EXPECT_EQ(shop.request("HEAD", "/").headers.get("content-length"), "500");
  EXPECT_EQ(shop.del("/").status, 204U);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Client, PassesOverInterimAnswersAndReadsChunksAndBodiesWithoutAnEnd) {
  const Upstream server{[](Socket& socket) {
    static_cast<void>(socket.read_request());
    socket.send(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
        "chunked\r\n\r\n");
    socket.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    static_cast<void>(socket.read_request());
    socket.send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  }};
  BlockingClient shop{url_of(server.port())};
  EXPECT_EQ(shop.get("/").body, "abcde");
  EXPECT_EQ(shop.get("/").body, "until the end");
  EXPECT_EQ(server.connections(), 1) << "the first one was kept";
}

TEST(Client, ReadsAnAnswerThatLastsToItsEndAndMayAskAgainAfterIt) {
  const Upstream server{Upstream::answering([](const Message& request) -> std::string {
    if (request.target() == "/kept") return ok("kept");
    return "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nclosed";
  })};
  asio::io_context context;
  Client shop{context.get_executor(), url_of(server.port())};
  int good = 0;
  const auto read = [&](std::string path) -> asio::awaitable<void> {
    ResponseStream stream = co_await shop.open("GET", Request{path});
    std::string body;
    while (co_await stream.read_some(body)) {
    }
    EXPECT_EQ("/" + body, path);
    EXPECT_FALSE(co_await stream.read_some(body));
    stream.close();
    stream.close();
    EXPECT_FALSE(co_await stream.read_some(body));
    ++good;
  };
  for (const char* path : {"/kept", "/closed"}) asio::co_spawn(context, read(path), asio::detached);
  context.run();
  EXPECT_EQ(good, 2);
}

// --- kept connections

TEST(Client, RepeatsARequestWhoseKeptConnectionWasClosedAsItWasTaken) {
  const Upstream server{[](Socket& socket, int connection) {
    static_cast<void>(socket.read_request());
    socket.send(ok());
    static_cast<void>(socket.read_request());  // the second one finds it open, and gets no answer
    if (connection == 2) socket.send(ok("at last"));
  }};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  EXPECT_EQ(shop.get("/").body, "fine");
  EXPECT_EQ(shop.get("/").body, "fine");
  EXPECT_EQ(totals(breaker).successes, 2U);
  EXPECT_EQ(totals(breaker).failures, 0U) << "no evidence against the service";
  EXPECT_EQ(shop.get("/").body, "at last");
}

TEST(Client, DoesNotRepeatAPostThatMayHaveArrivedNorBlameTheServiceForIt) {
  const Upstream server{[](Socket& socket) {
    static_cast<void>(socket.read_request());
    socket.send(ok());
    static_cast<void>(socket.read_request());
  }};
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}};
  static_cast<void>(shop.get("/"));
  EXPECT_EQ(ended([&] { return shop.post("/"); }).code, Errc::kept_closed);
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_EQ(totals(breaker).ignored, 1U);
}

TEST(Client, NeverUsesAnIdleConnectionThatTheServerHasClosed) {
  std::promise<void> closed;
  const Upstream server{[&](Socket& socket, int connection) {
    static_cast<void>(socket.read_request());
    socket.send(ok());
    if (connection != 1) return;
    socket.close();
    closed.set_value();
  }};
  BlockingClient shop{url_of(server.port())};
  static_cast<void>(shop.get("/"));
  closed.get_future().wait();
  EXPECT_EQ(shop.post("/").body, "fine") << "a POST too: it was never sent on the closed one";
  EXPECT_EQ(server.connections(), 2);
}

// --- hostile and quiet servers

/// How a GET ends against a server that answers with `bytes` and then closes, and what the breaker saw.
struct Hostile {
  Ended end;
  CallTotals totals;
};
Hostile against(const std::string& bytes, const ClientOptions& options = {}) {
  const Upstream server{[&](Socket& socket) {
    static_cast<void>(socket.read_request());
    socket.send(bytes);
    socket.shut_down_sending();
    static_cast<void>(socket.read_all());
  }};
  CircuitBreaker breaker{"shop", opens_after(100)};
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}, options};
  return {ended([&] { return shop.get("/"); }), totals(breaker)};
}

TEST(ClientAgainst, ALyingLengthABrokenChunkAndAnAnswerThatCanBeReadInTwoWays) {
  const std::vector<std::pair<std::string, Errc>> answers{
      {"", Errc::closed},
      {"HTTP/1.1 200 OK\r\nContent-Le", Errc::closed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Errc::truncated},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", Errc::truncated},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Errc::malformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", Errc::malformed},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Errc::malformed},
      {"HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n", Errc::malformed},
      {"HTTP/1.1 101 Switching\r\n\r\n", Errc::malformed},
      {"SSH-2.0-OpenSSH_9.2\r\n", Errc::malformed},
  };
  for (const auto& [bytes, wanted] : answers) {
    const Hostile found = against(bytes);
    EXPECT_EQ(found.end.code, wanted) << bytes << found.end.text;
    EXPECT_EQ(found.totals.failures_by_type[static_cast<std::size_t>(FailureType::connection_error)], 1U)
        << bytes;
    EXPECT_TRUE(found.end.text.starts_with("http://127.0.0.1:")) << found.end.text;
  }
}

TEST(ClientAgainst, AHeadOrABodyWithoutAnEnd) {
  ClientOptions options;
  options.max_head = 10'000;
  options.max_body = 10'000;
  const std::string much(200'000, 'a');
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\nX-A: " + much, options).end.code, Errc::head_too_large);
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\n\r\n" + much, options).end.code, Errc::body_too_large);
  EXPECT_EQ(against("HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n" + much, options).end.code,
            Errc::body_too_large);
  EXPECT_EQ(
      against("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + much, options).end.code,
      Errc::body_too_large);
  const Hostile exact =
      against("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + much.substr(0, 10'000), options);
  EXPECT_EQ(exact.end.text, "answered with 200");
}

TEST(ClientAgainst, AServerThatIsNotThere) {
  const wire::DeafPort nobody;
  CircuitBreaker breaker{"shop", opens_after(1)};
  BlockingClient shop{url_of(nobody.port()), Pipeline{breaker}};
  const Ended end = ended([&] { return shop.get("/"); });
  EXPECT_EQ(end.code, std::errc::connection_refused);
  EXPECT_EQ(end.text, url_of(nobody.port()) + ": Connection refused");
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(ClientAgainst, ANameThatIsNotKnown) {
  BlockingClient shop{"http://no..such..name/"};
  const Ended end = ended([&] { return shop.get("/"); });
  EXPECT_EQ(end.code, Errc::unresolved);
  EXPECT_EQ(end.text, "http://no..such..name: the name 'no..such..name' is not known");
}

TEST(ClientAgainst, AServerThatTakesItsTime) {
  std::promise<bool> peer_saw_the_end;
  const Upstream server{[&](Socket& socket) {
    static_cast<void>(socket.read_request());
    socket.send(ok());
    static_cast<void>(socket.read_request());
    peer_saw_the_end.set_value(socket.ends());
  }};
  Ended end;
  {
    CircuitBreaker breaker{"shop", opens_after(1)};
    BlockingClient shop{url_of(server.port()), breaker};
    static_cast<void>(shop.get("/"));  // connected beforehand: what the limit meets is the read
    end = ended([&] { return shop.get(Request{"/"}.timeout(50ms)); });
    EXPECT_EQ(shop.pools().front().active, 0U) << "the connection is closed, not left behind";
  }
  EXPECT_EQ(end.code, std::errc::timed_out) << end.text;
  EXPECT_TRUE(peer_saw_the_end.get_future().get());
}

TEST(ClientAgainst, AServerThatNeverReadsABodyThatIsLargerThanAllBuffers) {
  std::promise<void> over;
  const auto waits = over.get_future().share();
  const Upstream server{[&](Socket&) { waits.wait(); }};
  BlockingClient shop{url_of(server.port())};
  const Request large = Request{"/"}.body(std::string(std::size_t{32} * 1024 * 1024, 'a'), "text/plain");
  EXPECT_EQ(ended([&] { return shop.post(Request{large}.timeout(100ms)); }).code, std::errc::timed_out);
  over.set_value();
}

// --- callbacks, cancellation, executors

TEST(Client, CallsBackAndLetsTheContextEndWhileConnectionsAreIdle) {
  const Upstream server{Upstream::saying(ok())};
  asio::io_context io;
  Client shop{io.get_executor(), url_of(server.port())};
  std::vector<std::string> bodies;
  shop.get("/", [&](const std::exception_ptr& failed, const Response& answer) {
    EXPECT_FALSE(failed);
    bodies.push_back(answer.body);
  });
  EXPECT_TRUE(bodies.empty()) << "never from within";
  io.run();  // returns although a connection is kept
  ASSERT_EQ(bodies.size(), 1U);
  ASSERT_EQ(shop.pools().size(), 1U);
  EXPECT_EQ(shop.pools().front().idle, 1U);
}

TEST(Client, IsAwaitedAndThrowsWhatCallThrows) {
  const Upstream server{Upstream::saying(ok())};
  CircuitBreaker breaker{"shop", opens_after(1)};
  asio::io_context io;
  Client shop{io.get_executor(), url_of(server.port()), Pipeline{breaker}};
  std::string body;
  std::string refusal;
  const auto calls = [&]() -> asio::awaitable<void> {
    body = (co_await shop.get(Request{"/"}.query("a long enough name", "a long enough value"))).body;
    breaker.command(Command::force_open, AsioTime::now());
    try {
      co_await shop.get("/");
    } catch (const Rejected& rejected) {
      refusal = rejected.what();
    }
  };
  asio::co_spawn(io, calls, asio::detached);
  io.run();
  EXPECT_EQ(body, "fine");
  EXPECT_EQ(refusal, "breaker 'shop' is held open by an operator");
}

TEST(Client, ClosesTheConnectionOfARequestThatIsCancelled) {
  std::promise<void> arrived;
  std::promise<bool> peer_saw_the_end;
  const Upstream server{[&](Socket& socket) {
    static_cast<void>(socket.read_request());
    arrived.set_value();
    peer_saw_the_end.set_value(socket.ends());
  }};
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    arrived = {};
    peer_saw_the_end = {};
    CircuitBreaker breaker{"shop", opens_after(1)};
    asio::io_context io;
    Client shop{io.get_executor(), url_of(server.port()), Pipeline{breaker}};
    asio::cancellation_signal cancel;
    std::exception_ptr why;
    const auto handler = [&](const std::exception_ptr& failed, const Response&) { why = failed; };
    shop.get(Request{"/"}.fallback({200, {}, "[]"}), asio::bind_cancellation_slot(cancel.slot(), handler));
    std::thread outside([&] {
      arrived.get_future().wait();
      asio::post(io, [&] { cancel.emit(type); });
    });
    io.run();
    outside.join();
    ASSERT_TRUE(why) << "a caller that goes away needs no fallback";
    EXPECT_TRUE(peer_saw_the_end.get_future().get());
    EXPECT_EQ(totals(breaker).ignored, 1U) << "a caller that goes away is no evidence";
    ASSERT_EQ(shop.pools().size(), 1U);
    EXPECT_EQ(shop.pools().front().active, 0U);
  }
}

TEST(Client, LetsAHedgeGoToAnotherConnectionAndClosesTheLosers) {
  std::promise<bool> loser_saw_the_end;
  const Upstream server{[&](Socket& socket, int connection) {
    static_cast<void>(socket.read_request());
    if (connection == 1) {
      loser_saw_the_end.set_value(socket.ends());
    } else {
      socket.send(ok("from the second"));
    }
  }};
  Hedge hedge{"shop", {.delay = Duration{5ms}}};
  BlockingClient shop{url_of(server.port()), hedge};
  EXPECT_EQ(shop.get("/").body, "from the second");
  EXPECT_TRUE(loser_saw_the_end.get_future().get());
}

TEST(Client, GivesUpItsPlaceInThePoolWhenItIsCancelledThere) {
  std::promise<void> over;
  const auto waits = over.get_future().share();
  const Upstream server{[&](Socket& socket) {
    static_cast<void>(socket.read_request());
    waits.wait();
    socket.send(ok());
    static_cast<void>(socket.ends());
  }};
  ClientOptions options;
  options.pool.max = 1;
  BlockingClient shop{url_of(server.port()), options};
  std::thread first([&] { EXPECT_TRUE(shop.get("/").ok()); });
  while (shop.pools().empty() || shop.pools().front().active == 0) std::this_thread::yield();
  EXPECT_EQ(ended([&] { return shop.get(Request{"/"}.timeout(20ms)); }).code, std::errc::timed_out);
  EXPECT_EQ(shop.pools().front().waiting, 0U);
  over.set_value();
  first.join();
  EXPECT_EQ(shop.pools().front().idle, 1U);
}

TEST(Client, GivesEverythingBackWhenItsContextIsDestroyedMeanwhile) {
  std::promise<void> arrived;
  const Upstream server{[&](Socket& socket) {
    static_cast<void>(socket.read_request());
    arrived.set_value();
    static_cast<void>(socket.ends());
  }};
  Bulkhead bulkhead{"shop", {.max_concurrent = 10}};
  PoolOptions one;
  one.max = 1;
  ClientOptions options;
  options.pool = one;
  int called = 0;
  {
    asio::io_context io;
    Client shop{io.get_executor(), url_of(server.port()), Pipeline{bulkhead}, options};
    for (int i = 0; i < 3; ++i) shop.get("/", [&](const std::exception_ptr&, const Response&) { ++called; });
    std::thread outside([&] {
      arrived.get_future().wait();
      io.stop();
    });
    io.run();
    outside.join();
    EXPECT_EQ(shop.pools().front().waiting, 2U);
  }
  EXPECT_EQ(called, 0);
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST(Client, IsUsedFromManyThreadsAtOnce) {
  const Upstream server{Upstream::saying(ok())};
  CircuitBreaker breaker{"shop", opens_after(5)};
  ClientOptions options;
  options.pool.max = 2;
  BlockingClient shop{url_of(server.port()), Pipeline{breaker}, options};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) good += shop.get("/").ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 100);
  EXPECT_EQ(totals(breaker).successes, 100U);
  EXPECT_LE(server.connections(), 2);
}

// --- mistakes

TEST(ClientMisuse, SaysInOneSentenceWhatWasFoundAndWhatToWrite) {
  const std::vector<std::pair<std::string, std::string>> urls{
      {"shop:8080", "'shop:8080' is not a URL; write http://HOST[:PORT][/PATH]"},
      {"localhost", "'localhost' is not a URL; write http://HOST[:PORT][/PATH]"},
      {"ftp://shop/", "'ftp://shop/' begins with ftp:// ; use http:// or https://"},
      {"http://ada:secret@shop/",
       "'http://…@shop/' holds a user name or a password; send them as the header Authorization"},
      {"http://shop:99999/", "'http://shop:99999/' has no valid port; use a number from 1 to 65535"},
      {"http://shop/a b",
       "'http://shop/a b' is not a URL: encode spaces and other special characters, for example %20"},
      {"http://shop/?a=1",
       "'http://shop/?a=1' has a query; give the base URL without it, and each request its own"},
  };
  for (const auto& [url, wanted] : urls) {
    try {
      const BlockingClient client{url};
      ADD_FAILURE() << url << " was accepted";
    } catch (const Error& thrown) {
      EXPECT_EQ(thrown.code(), Errc::bad_url);
      EXPECT_EQ(thrown.what(), wanted);
    }
  }
}

TEST(ClientMisuse, SendsNothingThatCouldBeReadAsAnotherRequest) {
  const Upstream server{Upstream::saying(ok())};
  BlockingClient shop{url_of(server.port())};
  EXPECT_THROW(static_cast<void>(Request{"/"}.header("X-A", "1\r\nX-B: 2")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(Request{"/"}.header("X A", "1")), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(shop.get(Request{"/"}.header("Content-Length", "5"))),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(shop.request("GET /x", "/")), std::invalid_argument);
  EXPECT_EQ(ended([&] { return shop.get("/a\r\nX-B: 2"); }).code, Errc::bad_url);
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace switchgear::http
