#include "app/gateway/heads/storing_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "app/gateway/service/uri_versions.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::gateway {
namespace {

using namespace std::chrono_literals;

/// `claims`: what becomes of those of the client, which is connected by http.
std::string key_of(const std::string& fields, const std::string& start = "GET /a?b HTTP/1.1",
                   Claims claims = Claims::passed_on, std::string_view scheme = "http") {
  const std::string block = start + "\r\nHost: shop\r\n" + fields + "\r\n";
  http::HeadValidator validator{http::HeadKind::request, {}};
  EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << fields;
  http::FieldList list;
  EXPECT_TRUE(list.parse_request(block, validator.head())) << fields;
  std::string key = "left from before";
  const Arrival arrival{.peer = "192.0.2.1", .scheme = scheme, .port = 80, .claims = claims};
  write_answer_key(key, validator.head(), validator.head().path, list,
                   provenance_of(arrival, validator.head(), list, {}));
  return key;
}

/// Sun, 06 Nov 1994 08:49:37 GMT, when all the responses here arrive.
constexpr WallTime now{784111777s};

bool storable(const std::string& fields, Duration ttl = 5s, const std::string& status = "200 OK") {
  const std::string block = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n" + fields + "\r\n";
  http::HeadValidator validator{http::HeadKind::response, {}};
  EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << fields;
  http::FieldList list;
  list.split_response(block, validator.head());
  return may_be_stored(validator.head(), list, ttl, now);
}

TEST(StoringRules, AnswersAreOnePersonsWhenTheRequestSaysSoInAnyWay) {
  for (const char* fields :
       {"Authorization: Basic x\r\n", "Cookie: session=1\r\n", "Range: bytes=0-1\r\n",
        "If-None-Match: \"x\"\r\n", "If-Modified-Since: x\r\n", "Cache-Control: no-cache\r\n",
        "Cache-Control: foo, No-Store\r\n", "Cache-Control: max-age=0\r\n",
        "Cache-Control: max-age=\"0\"\r\n", "Pragma: no-cache\r\n", "X-HTTP-Method-Override: DELETE\r\n",
        "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"})
    EXPECT_EQ(key_of(fields), "") << fields;
  EXPECT_EQ(key_of("", "POST /a HTTP/1.1"), "");
  for (const char* fields : {"", "Cache-Control: max-age=60\r\n", "Accept: text/html\r\n",
                             "X-Forwarded-For: 192.0.2.1\r\n", "Content-Length: 0\r\n"})
    EXPECT_EQ(key_of(fields), "GET shop /a?b\nhttp://shop") << fields;
}

TEST(StoringRules, NoAnswerIsSharedThatWasAskedForWithANameThatAServiceMayTakeForAnother) {
  for (const char* fields :
       {"X_Original_Host: evil.example\r\n", "X_Host: evil.example\r\n", "X.Rewrite.URL: /admin\r\n",
        "X_HTTP_Method_Override: DELETE\r\n", "Accept_Encoding: gzip\r\n", "Authorization_: x\r\n",
        "X--Original-Host: evil.example\r\n"})
    EXPECT_EQ(key_of(fields), "") << fields;
  http::FieldList list;
  const std::string block = "GET / HTTP/1.1\r\nHost: shop\r\nX_HTTP_Method_Override: DELETE\r\n\r\n";
  http::HeadValidator validator{http::HeadKind::request, {}};
  ASSERT_EQ(validator.advance(block), http::HeadValidator::Progress::complete);
  ASSERT_TRUE(list.parse_request(block, validator.head()));
  EXPECT_TRUE(is_unsafe(validator.head(), list));
}

TEST(StoringRules, WhatAnAnswerIsAboutIsWhatTheServiceIsTold) {
  const std::string start = "GET / HTTP/1.1";
  const std::string plain = key_of("", start);
  for (const char* claim :
       {"X-Forwarded-Host: shop.example\r\n", "X-Forwarded-Proto: https\r\n",
        "Forwarded: host=shop.example;proto=https\r\n", "X-Forwarded-Prefix: /evil\r\n"}) {
    EXPECT_EQ(key_of(claim, start, Claims::replaced), plain) << "the service is not told of " << claim;
    EXPECT_NE(key_of(claim, start, Claims::believed), plain) << claim;
    EXPECT_NE(key_of(claim, start, Claims::believed), key_of(claim, start, Claims::replaced)) << claim;
  }
  for (const Claims claims : {Claims::passed_on, Claims::believed, Claims::replaced})
    EXPECT_NE(key_of("", start, claims, "https"), key_of("", start, claims, "http"));
}

TEST(StoringRules, WhatAnAnswerIsAboutIncludesEveryClaimThatTheServiceMayBelieve) {
  const std::vector<std::string> kinds{"",
                                       "Accept-Encoding: gzip\r\n",
                                       "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n",
                                       "X-Forwarded-Host: evil.test\r\n",
                                       "X-Forwarded-Proto: https\r\n",
                                       "x-forwarded-prefix: /evil\r\n",
                                       "Forwarded: host=evil.test\r\n",
                                       "X-Original-URL: /admin\r\n",
                                       "X-Rewrite-URL: /admin\r\n",
                                       "X-Host: evil.test\r\n"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    for (std::size_t j = 0; j < kinds.size(); ++j)
      EXPECT_EQ(key_of(kinds[i]) == key_of(kinds[j]), i == j) << kinds[i] << kinds[j];
  }
  EXPECT_NE(key_of("", "HEAD /a?b HTTP/1.1"), key_of(""));
}

TEST(StoringRules, AResponseIsForOthersOnlyIfNothingInItForbidsIt) {
  for (const char* fields :
       {"Cache-Control: no-store\r\n", "Cache-Control: x, Private\r\n", "Cache-Control: no-cache=\"a\"\r\n",
        "Cache-Control:\r\nCache-Control: no-store\r\n", "Set-Cookie: a=b\r\n", "Vary: *\r\n",
        "Vary: Cookie\r\n", "Vary: Accept-Encoding, Cookie\r\n", "Vary: Accept-Encoding\r\nVary: Origin\r\n",
        "Content-Type: text/event-stream ; charset=utf-8\r\n"})
    EXPECT_FALSE(storable(fields)) << fields;
  for (const char* fields : {"", "Cache-Control: public\r\n", "Vary: accept-encoding\r\n"})
    EXPECT_TRUE(storable(fields)) << fields;
  for (const char* status : {"201 Created", "204 No Content", "206 Partial Content", "404 Not Found"})
    EXPECT_FALSE(storable("", 5s, status)) << status;
}

TEST(StoringRules, AResponseIsNotGivenForLongerThanItCallsItselfGood) {
  for (const char* fields :
       {"Cache-Control: max-age=0\r\n", "Cache-Control: max-age=4\r\n", "Cache-Control: max-age=nonsense\r\n",
        "Cache-Control: max-age=60, s-maxage=0\r\n", "Cache-Control: max-age=60\r\nAge: 56\r\n",
        "Expires: 0\r\n", "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Sun, 06 Nov 1994 08:49:41 GMT\r\n"}) {
    EXPECT_FALSE(storable(fields, 5s)) << fields;
    EXPECT_TRUE(storable(fields, 0s)) << "for those alone who ask meanwhile: " << fields;
  }
  for (const char* fields :
       {"Cache-Control: max-age=5\r\n", "Cache-Control: max-age=0, s-maxage=\"5\"\r\n",
        "Cache-Control: max-age=99999999999999999999\r\n", "Cache-Control: max-age=60\r\nAge: 55\r\n",
        "Cache-Control: max-age=60\r\nExpires: 0\r\n", "Age: 1000\r\n",
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Sun, 06 Nov 1994 08:49:42 GMT\r\n"})
    EXPECT_TRUE(storable(fields, 5s)) << fields;
}

Duration usable(const std::string& fields) {
  const std::string block = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + fields + "\r\n";
  http::HeadValidator validator{http::HeadKind::response, {}};
  EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << fields;
  http::FieldList list;
  list.split_response(block, validator.head());
  return usable_in_place_of_a_failure(list, now);
}

TEST(StoringRules, AStaleAnswerStandsInForAFailureOnlyAsLongAsItAllowsThat) {
  for (const char* fields :
       {"", "Cache-Control: public\r\n", "Cache-Control: max-age=0\r\n", "Expires: 0\r\n"})
    EXPECT_EQ(usable(fields), Duration::max()) << fields;
  const std::vector<std::pair<std::string, Duration>> cases{
      {"Cache-Control: must-revalidate\r\n", 0s},
      {"Cache-Control: max-age=60, must-revalidate\r\n", 60s},
      {"Cache-Control: max-age=60\r\nCache-Control: proxy-revalidate\r\nAge: 20\r\n", 40s},
      {"Cache-Control: max-age=60, s-maxage=30\r\n", 30s},
      {"Cache-Control: stale-if-error=\"10\", max-age=60\r\n", 70s},
      {"Cache-Control: stale-if-error=0\r\n", 0s},
      {"Cache-Control: stale-if-error=10\r\n", 10s},
      {"Cache-Control: max-age=60, stale-if-error=10\r\nAge: 100\r\n", 0s},
      {"Cache-Control: must-revalidate, stale-if-error=10, max-age=1\r\n", 1s},
      {"Cache-Control: max-age=99999999999999999999, stale-if-error=99999999999999999999\r\n",
       std::chrono::seconds{std::int64_t{1} << 32}},
      {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nExpires: Sun, 06 Nov 1994 08:49:42 GMT\r\n"
       "Cache-Control: must-revalidate\r\n",
       5s}};
  for (const auto& [fields, wanted] : cases) EXPECT_EQ(usable(fields), wanted) << fields;
  EXPECT_GT(usable("Expires: Fri, 31 Dec 9999 23:59:59 GMT\r\nCache-Control: must-revalidate\r\n"), 24h)
      << "farther off than any clock of nanoseconds counts";
}

TEST(StoringRules, AnAnswerThatWasMadeIn1970IsNotTakenForFresh) {
  const std::string long_ago = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nCache-Control: max-age=4000\r\n";
  EXPECT_FALSE(storable(long_ago));
  EXPECT_FALSE(storable(long_ago + "Age: 0\r\n"));
  EXPECT_EQ(usable(long_ago + "Cache-Control: must-revalidate\r\n"), 0s);
}

TEST(StoringRules, AResponseIsAsOldAsItsAgeOrItsDateSayWhicheverIsOlder) {
  const std::string lasting = "Cache-Control: max-age=60, must-revalidate\r\n";
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 60s);
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 08:49:36 GMT\r\n"), 60s) << "a second is rounding";
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 08:49:07 GMT\r\n"), 30s);
  EXPECT_EQ(usable(lasting + "Date: Sunday, 06-Nov-94 08:49:07 GMT\r\n"), 30s);
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 08:49:07 GMT\r\nAge: 20\r\n"), 30s);
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 08:49:27 GMT\r\nAge: 20\r\n"), 40s);
  EXPECT_EQ(usable(lasting + "Date: Sun, 06 Nov 1994 09:49:37 GMT\r\n"), 60s) << "its clock is ahead";
  EXPECT_EQ(usable(lasting + "Date: nonsense\r\n"), 60s);
  EXPECT_EQ(usable(lasting + "Age: 20, 0\r\n"), 40s);
  EXPECT_EQ(usable("Date: Sun, 06 Nov 1994 08:48:37 GMT\r\nExpires: Sun, 06 Nov 1994 08:49:47 GMT\r\n"
                   "Cache-Control: must-revalidate\r\n"),
            10s);
}

TEST(StoringRules, ASecondMaxAgeDoesNotLengthenTheFirst) {
  for (const char* fields :
       {"Cache-Control: max-age=1, max-age=4000\r\n",
        "Cache-Control: max-age=1\r\nCache-Control: max-age=4000\r\n",
        "Cache-Control: s-maxage=1, s-maxage=4000\r\n",
        "Cache-Control: s-maxage=1, max-age=4000, s-maxage=4000\r\n",
        "Expires: Sun, 06 Nov 1994 08:49:38 GMT\r\nExpires: Sun, 06 Nov 1994 09:49:37 GMT\r\n"})
    EXPECT_FALSE(storable(fields)) << fields;
  EXPECT_TRUE(storable("Cache-Control: max-age=4000, max-age=1\r\n")) << "RFC 9111, 4.2.1: the first";
  EXPECT_EQ(usable("Cache-Control: stale-if-error=10, stale-if-error=4000\r\n"), 10s);
}

TEST(StoringRules, ARequestMayChangeSomethingUnlessItsMethodIsKnownToBeSafe) {
  const auto unsafe = [](const std::string& method, const std::string& fields = "") {
    const std::string block = method + " /a HTTP/1.1\r\nHost: shop\r\n" + fields + "\r\n";
    http::HeadValidator validator{http::HeadKind::request, {}};
    EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << method;
    http::FieldList list;
    EXPECT_TRUE(list.parse_request(block, validator.head())) << method;
    return is_unsafe(validator.head(), list);
  };
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY"})
    EXPECT_FALSE(unsafe(method)) << method;
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "FROB"}) EXPECT_TRUE(unsafe(method)) << method;
  EXPECT_TRUE(unsafe("GET", "X-Method-Override: PUT\r\n"));
}

TEST(UriVersions, AreTheSameForAllSpellingsOfAPathAndOthersForAnotherQuery) {
  const std::size_t place = UriVersions::place_of("/a/b?c");
  for (const char* same : {"/%61/b?c", "/a//b?c", "/a/x/../b?c"})
    EXPECT_EQ(UriVersions::place_of(same), place) << same;
  for (const char* other : {"/a/b", "/a/b?d", "/a/c?c"})
    EXPECT_NE(UriVersions::place_of(other), place) << other;
  UriVersions versions;
  EXPECT_EQ(versions.at(place), 0U);
  versions.advance(place);
  EXPECT_EQ(versions.at(place), 1U);
  EXPECT_EQ(versions.at(UriVersions::place_of("/a/b")), 0U);
}

}  // namespace
}  // namespace switchgear::gateway
