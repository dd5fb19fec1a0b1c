// Redirects and gzip: what the client does with an answer before its user sees it.
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

std::string redirect(const std::string& status, const std::string& location) {
  return "HTTP/1.1 " + status + " -\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n";
}

ClientOptions following(unsigned most) {
  ClientOptions options;
  options.redirects = most;
  return options;
}

/// `METHOD target body` of what arrives at the end of one redirect with `status`.
std::string arrives(const std::string& status, const std::string& method) {
  const Upstream server{Upstream::answering([&](const Message& request) {
    if (request.target() == "/old") return redirect(status, "new");
    return ok(request.start_line.substr(0, request.start_line.find(" HTTP")) + " " + request.body +
              request.field("content-type"));
  })};
  BlockingClient shop{url_of(server.port()), following(3)};
  return shop.request(method, Request{"/old"}.body("abc", "t/p")).body;
}

TEST(ClientRedirects, AreAnswersUnlessTheyAreAskedFor) {
  const Upstream server{Upstream::answering([](const Message& request) {
    return request.target() == "/old" ? redirect("302", "/new") : ok("moved");
  })};
  BlockingClient shop{url_of(server.port())};
  const Response answer = shop.get("/old");
  EXPECT_EQ(answer.status, 302U);
  EXPECT_EQ(answer.headers.get("location"), "/new");
  EXPECT_EQ(shop.get(Request{"/old"}.redirects(1)).body, "moved");
}

TEST(ClientRedirects, KeepOrChangeTheMethodAsRfc9110Says) {
  EXPECT_EQ(arrives("303", "POST"), "GET /new ");
  EXPECT_EQ(arrives("303", "PUT"), "GET /new ");
  EXPECT_EQ(arrives("301", "POST"), "GET /new ");
  EXPECT_EQ(arrives("302", "POST"), "GET /new ");
  EXPECT_EQ(arrives("302", "PUT"), "PUT /new abct/p");
  EXPECT_EQ(arrives("307", "POST"), "POST /new abct/p");
  EXPECT_EQ(arrives("308", "POST"), "POST /new abct/p");
}

TEST(ClientRedirects, LeaveCredentialsBehindAtAnotherOrigin) {
  const Upstream other{Upstream::answering([](const Message& request) { return ok(request.head_text); })};
  const Upstream server{Upstream::answering([&](const Message& request) {
    if (request.target() == "/home") return redirect("302", "/end");
    if (request.target() == "/away") return redirect("302", url_of(other.port(), "/end"));
    return ok(request.head_text);
  })};
  ClientOptions options = following(1);
  options.headers.add("Authorization", "Bearer secret");
  BlockingClient shop{url_of(server.port()), options};
  const auto get = [&](const char* path) {
    return shop.get(Request{path}.header("Cookie", "id=7").header("X-App", "shop")).body;
  };
  const std::string home = get("/home");
  EXPECT_NE(home.find("Bearer secret"), std::string::npos);
  EXPECT_NE(home.find("id=7"), std::string::npos);
  const std::string away = get("/away");
  EXPECT_EQ(away.find("Bearer secret"), std::string::npos);
  EXPECT_EQ(away.find("id=7"), std::string::npos);
  EXPECT_NE(away.find("X-App: shop"), std::string::npos);
  EXPECT_NE(away.find("Host: 127.0.0.1:" + std::to_string(other.port())), std::string::npos);
}

TEST(ClientRedirects, EndAfterAsManyAsAreAllowed) {
  const Upstream server{
      Upstream::answering([](const Message& request) { return redirect("302", request.target() + "x"); })};
  CircuitBreaker breaker{"shop", {.consecutive_failures = 1}};
  Retry retry{"shop", {.max_attempts = 3, .base = 1ms}};
  BlockingClient shop{url_of(server.port()), Pipeline{retry, breaker}, following(2)};
  const Ended end = ended([&] { return shop.get("/"); });
  EXPECT_EQ(end.code, Errc::too_many_redirects);
  EXPECT_EQ(end.text, url_of(server.port()) + ": more than 2 redirects, the last one from " +
                          url_of(server.port(), "/xx"));
  EXPECT_EQ(breaker.state(), State::open);
}

TEST(ClientRedirects, AreNotFollowedToWhereTheClientCannotGo) {
  const Upstream server{Upstream::answering([](const Message& request) {
    return redirect("302", request.target() == "/a" ? "ftp://files/" : "http://[bad/");
  })};
  BlockingClient shop{url_of(server.port()), following(2)};
  const Ended end = ended([&] { return shop.get("/a"); });
  EXPECT_EQ(end.code, Errc::bad_redirect);
  EXPECT_NE(end.text.find("the redirect to 'ftp://files/' cannot be followed"), std::string::npos)
      << end.text;
  EXPECT_EQ(ended([&] { return shop.get("/b"); }).code, Errc::bad_redirect);
}

// --- gzip

std::string gzipped(const std::string& text) {
  z_stream zlib{};
  deflateInit2(&zlib, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&zlib, text.size()), '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  deflate(&zlib, Z_FINISH);
  out.resize(zlib.total_out);
  deflateEnd(&zlib);
  return out;
}

TEST(ClientGzip, IsAskedForAndDecoded) {
  const std::string text = "apples, " + std::string(100'000, 'a');
  const Upstream server{Upstream::answering([&](const Message& request) {
    return request.field("accept-encoding") == "gzip" ? ok(gzipped(text), "Content-Encoding: gzip\r\n")
                                                      : ok("plain");
  })};
  BlockingClient shop{url_of(server.port())};
  const Response answer = shop.get("/");
  EXPECT_EQ(answer.body, text);
  EXPECT_FALSE(answer.headers.has("Content-Encoding"));
  EXPECT_FALSE(answer.headers.has("Content-Length"));
  EXPECT_EQ(shop.get(Request{"/"}.header("Accept-Encoding", "identity")).body, "plain");
  EXPECT_EQ(server.connections(), 1);
}

TEST(ClientGzip, IsLeftAsItIsForARequestThatAskedForItItself) {
  const std::string coded = gzipped("text");
  const Upstream server{Upstream::saying(ok(coded, "Content-Encoding: gzip\r\n"))};
  BlockingClient shop{url_of(server.port())};
  EXPECT_EQ(shop.get(Request{"/"}.header("Accept-Encoding", "gzip")).body, coded);
}

TEST(ClientGzip, ThatIsABombOrALieOrCutShortIsNoAnswer) {
  std::string large;
  large.resize(50'000'000, 'a');
  const std::string bomb = gzipped(large);
  ASSERT_LT(bomb.size(), 100'000U);
  const std::string whole = gzipped("some text that is long enough");
  const std::vector<std::pair<std::string, Errc>> bodies{
      {bomb, Errc::body_too_large},
      {"this is not gzip at all", Errc::bad_coding},
      {whole.substr(0, whole.size() - 4), Errc::bad_coding},
      {whole + "garbage", Errc::bad_coding}};
  ClientOptions options;
  options.max_body = 1'000'000;
  for (const auto& [body, wanted] : bodies) {
    const Upstream server{Upstream::saying(ok(body, "Content-Encoding: gzip\r\n"))};
    BlockingClient shop{url_of(server.port()), options};
    EXPECT_EQ(ended([&] { return shop.get("/"); }).code, wanted) << body.size();
  }
  const Upstream twice{Upstream::saying(ok(whole + whole, "Content-Encoding: gzip\r\n"))};
  BlockingClient shop{url_of(twice.port()), options};
  EXPECT_EQ(shop.get("/").body.size(), 2 * std::string("some text that is long enough").size());
}

}  // namespace
}  // namespace switchgear::http
