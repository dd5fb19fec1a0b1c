#include "switchgear/http/head_validator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::http {
namespace {

using Progress = HeadValidator::Progress;

/// The verdict on a request, given at once; `none` for a good one.
HeadError verdict(const std::string& block, HeadKind kind = HeadKind::request,
                  const HeadLimits& limits = {}) {
  HeadValidator validator{kind, limits};
  const Progress progress = validator.advance(block);
  EXPECT_NE(progress, Progress::need_more) << block;
  return validator.error();
}

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

TEST(HeadValidator, TakesAPlainRequest) {
  const std::string block =
      "POST /pay?x=1 HTTP/1.1\r\nHost: shop.example:8080\r\nContent-Length: 12\r\nConnection: x-trace, "
      "close\r\n\r\nhello";
  HeadValidator validator{HeadKind::request, {}};
  ASSERT_EQ(validator.advance(block), Progress::complete);
  const Head& head = validator.head();
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/pay?x=1");
  EXPECT_EQ(head.authority, "shop.example:8080");
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.close);
  EXPECT_FALSE(head.persistent());
  ASSERT_EQ(head.connection_options, 1U);
  EXPECT_EQ(head.connection_option[0], "x-trace");
  EXPECT_EQ(head.size, block.size() - 5);
  EXPECT_EQ(head.fields, 3U);
}

TEST(HeadValidator, SaysTheSameHoweverTheBytesArrive) {
  const std::string good = get("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n");
  const std::string bad = get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n");
  for (const std::string& block : {good, bad}) {
    HeadValidator whole{HeadKind::request, {}};
    const Progress at_once = whole.advance(block);
    HeadValidator drip{HeadKind::request, {}};
    Progress progress = Progress::need_more;
    for (std::size_t size = 1; size <= block.size() && progress == Progress::need_more; ++size)
      progress = drip.advance(std::string_view{block}.substr(0, size));
    EXPECT_EQ(progress, at_once);
    EXPECT_EQ(drip.error(), whole.error());
  }
}

TEST(HeadValidator, StartsOverWhenTheBlockWasMoved) {
  const std::string block = get("Accept: */*\r\n");
  HeadValidator validator{HeadKind::request, {}};
  const std::string first_half = block.substr(0, 20);
  EXPECT_EQ(validator.advance(first_half), Progress::need_more);
  ASSERT_EQ(validator.advance(block), Progress::complete);
  EXPECT_EQ(validator.head().method.data(), block.data());
}

struct Case {
  const char* what;
  std::string block;
  HeadError expected;
};

TEST(HeadValidator, RefusesWhatCanBeReadInTwoWays) {
  const std::vector<Case> cases{
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", HeadError::bad_line_end},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", HeadError::bad_line_end},
      {"bare CR in a value", get("X: a\rb\r\n"), HeadError::bad_field_value},
      {"CR CR LF", get("X: a\r\r\n"), HeadError::bad_field_value},
      {"NUL in a value", get(std::string("X: a\0b\r\n", 8)), HeadError::bad_field_value},
      {"DEL in a value", get("X: a\x7f\r\n"), HeadError::bad_field_value},
      {"obs-fold", get("X: a\r\n b\r\n"), HeadError::folded_line},
      {"a first line that is folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", HeadError::folded_line},
      {"space before the colon", get("X : a\r\n"), HeadError::bad_field_name},
      {"no name", get(": a\r\n"), HeadError::bad_field_name},
      {"no colon", get("nonsense\r\n"), HeadError::bad_field_name},
      {"a name that is no token", get("X(y): a\r\n"), HeadError::bad_field_name},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"a tab instead of a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_method},
      {"HTTP/0.9", "GET /\r\n\r\n", HeadError::bad_start_line},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", HeadError::bad_version},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", HeadError::bad_version},
      {"a lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", HeadError::bad_start_line},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", HeadError::bad_start_line},
      {"a lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_method},
      {"a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"a backslash", "GET /\\x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"a target beyond ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"a relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"user info", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_target},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", HeadError::bad_host},
      {"two Hosts", get("Host: b\r\n"), HeadError::bad_host},
      {"two equal Hosts", get("Host: a\r\n"), HeadError::bad_host},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", HeadError::bad_host},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HeadError::bad_host},
      {"a Host with a list", "GET / HTTP/1.1\r\nHost: a, b c\r\n\r\n", HeadError::bad_host},
      {"a Host with a wrong port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", HeadError::bad_host},
      {"a Host that is not the target's", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_host},
      {"a signed length", get("Content-Length: +5\r\n"), HeadError::bad_length},
      {"a negative length", get("Content-Length: -5\r\n"), HeadError::bad_length},
      {"a hexadecimal length", get("Content-Length: 0x5\r\n"), HeadError::bad_length},
      {"a list of lengths", get("Content-Length: 5, 5\r\n"), HeadError::bad_length},
      {"an empty length", get("Content-Length:\r\n"), HeadError::bad_length},
      {"a length beyond 2^63", get("Content-Length: 9999999999999999999\r\n"), HeadError::bad_length},
      {"a length with a space inside", get("Content-Length: 5 5\r\n"), HeadError::bad_length},
      {"a tab before a length", get("Content-Length:\t5\r\n"), HeadError::bad_length},
      {"a tab after a coding", get("Transfer-Encoding: chunked\t\r\n"), HeadError::unknown_coding},
      {"a body for GET on HTTP/1.0", "GET / HTTP/1.0\r\nContent-Length: 5\r\n\r\n",
       HeadError::unexpected_body},
      {"two lengths", get("Content-Length: 5\r\nContent-Length: 6\r\n"), HeadError::repeated_length},
      {"two equal lengths", get("Content-Length: 5\r\nContent-Length: 5\r\n"), HeadError::repeated_length},
      {"a length beside a coding", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       HeadError::length_with_coding},
      {"a coding beside a length", get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       HeadError::length_with_coding},
      {"two codings", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       HeadError::bad_coding},
      {"chunked twice", get("Transfer-Encoding: chunked, chunked\r\n"), HeadError::unknown_coding},
      {"identity", get("Transfer-Encoding: identity\r\n"), HeadError::unknown_coding},
      {"gzip under chunked", get("Transfer-Encoding: gzip, chunked\r\n"), HeadError::unknown_coding},
      {"chunked with a parameter", get("Transfer-Encoding: chunked;q=1\r\n"), HeadError::unknown_coding},
      {"chunked in quotes", get("Transfer-Encoding: \"chunked\"\r\n"), HeadError::unknown_coding},
      {"chunked behind a vertical tab",
       get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       HeadError::bad_field_value},
      {"an empty coding", get("Transfer-Encoding:\r\n"), HeadError::unknown_coding},
      {"a coding on HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       HeadError::bad_coding},
      {"an unknown expectation", get("Expect: miracles\r\n"), HeadError::bad_expectation},
      {"a Connection that names no token", get("Connection: a b\r\n"), HeadError::bad_connection},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadError::bad_start_line},
  };
  for (const Case& each : cases) EXPECT_EQ(verdict(each.block), each.expected) << each.what;
}

TEST(HeadValidator, TakesWhatIsUnusualButClear) {
  const std::vector<std::pair<const char*, std::string>> cases{
      {"one empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no space after the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
      {"white space around a value", get("X: \t a \t\r\n")},
      {"an empty value", get("X:\r\n")},
      {"bytes beyond ASCII in a value", get("X: \xc3\xa4\r\n")},
      {"a tab in a value", get("X: a\tb\r\n")},
      {"an absolute target", "GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n"},
      {"an absolute target without path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"},
      {"an IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
      {"CHUNKED in capitals", get("Transfer-Encoding: CHUNKED\r\n")},
      {"an unknown method", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n"},
  };
  for (const auto& [what, block] : cases) EXPECT_EQ(verdict(block), HeadError::none) << what;
}

TEST(HeadValidator, HoldsItsLimits) {
  const HeadLimits limits{200, 3, 20};
  EXPECT_EQ(
      verdict("GET /" + std::string(20, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", HeadKind::request, limits),
      HeadError::target_too_long);
  EXPECT_EQ(verdict(get("A: 1\r\nB: 2\r\nC: 3\r\n"), HeadKind::request, limits), HeadError::too_many_fields);
  EXPECT_EQ(verdict(get("A: " + std::string(200, 'x') + "\r\n"), HeadKind::request, limits),
            HeadError::too_large);
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nA: " + std::string(300, 'x'), HeadKind::request, limits),
            HeadError::too_large)
      << "a line that never ends";
  EXPECT_EQ(verdict("GET /" + std::string(300, 'x'), HeadKind::request, limits), HeadError::target_too_long)
      << "a target that never ends";
}

TEST(HeadValidator, AnswersGarbageBeforeItsLineEnds) {
  EXPECT_EQ(verdict("\x16\x03\x01\x02"), HeadError::bad_method) << "a TLS hello";
  HeadValidator validator{HeadKind::request, {}};
  EXPECT_EQ(validator.advance("GET / HT"), Progress::need_more);
}

TEST(HeadValidator, ReadsStatusLines) {
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\n\r\n", HeadKind::response), HeadError::none);
  EXPECT_EQ(verdict("HTTP/1.1 200\r\n\r\n", HeadKind::response), HeadError::none);
  EXPECT_EQ(verdict("HTTP/1.1 20 OK\r\n\r\n", HeadKind::response), HeadError::bad_start_line);
  EXPECT_EQ(verdict("HTTP/1.1 2000 OK\r\n\r\n", HeadKind::response), HeadError::bad_start_line);
  for (const char* status : {"600", "999"})
    EXPECT_EQ(verdict("HTTP/1.1 " + std::string(status) + " X\r\n\r\n", HeadKind::response),
              HeadError::bad_status);
  EXPECT_EQ(verdict("HTTP/1.1 599 X\r\n\r\n", HeadKind::response), HeadError::none);
  EXPECT_EQ(verdict("HTTP/1.1 099 X\r\n\r\n", HeadKind::response), HeadError::bad_start_line);
  EXPECT_EQ(verdict("HTTP/1.1 103 X\r\nContent-Length: 1\r\n\r\n", HeadKind::response),
            HeadError::unexpected_body);
  EXPECT_EQ(verdict("HTTP/1.1 103 X\r\nContent-Length: 0\r\n\r\n", HeadKind::response), HeadError::none);
  EXPECT_EQ(verdict("ICY 200 OK go\r\n\r\n", HeadKind::response), HeadError::bad_start_line);
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    HeadKind::response),
            HeadError::length_with_coding);
}

TEST(HeadValidator, KeepsWhatBelongsIntoTheHeaderOutOfTrailersInEverySpelling) {
  for (const char* name : {"X-Checksum", "ETag", "Server-Timing", "Content-Digest", "Proxy-Status",
                           "Authentication-Info", "grpc-status", "Ifs", "X-Forwardedness", "Via-Nothing"})
    EXPECT_EQ(verdict(std::string{name} + ": 1\r\n\r\n", HeadKind::trailers), HeadError::none) << name;
  EXPECT_EQ(verdict("\r\n", HeadKind::trailers), HeadError::none);
  for (const char* name : {"Content-Length",
                           "content_length",
                           "Content.Length",
                           "Transfer-Encoding",
                           "Host",
                           "Connection",
                           "Authorization",
                           "Proxy_Authorization",
                           "X-Request-Deadline-Ms",
                           "x_request_deadline_ms",
                           "X-Forwarded-Prefix",
                           "X_Forwarded_For",
                           "X__Forwarded_For",
                           "X-Forwarded",
                           "Forwarded",
                           "Via",
                           "X-Real-IP",
                           "traceparent",
                           "If-Match",
                           "If_None_Match",
                           "Cookie",
                           "Set-Cookie",
                           "Proxy",
                           "Vary"})
    EXPECT_EQ(verdict(std::string{name} + ": 1\r\n\r\n", HeadKind::trailers), HeadError::forbidden_trailer)
        << name;
}

TEST(HeadValidator, MapsErrorsToStatusCodes) {
  EXPECT_EQ(status_of(HeadError::bad_host), 400U);
  EXPECT_EQ(status_of(HeadError::target_too_long), 414U);
  EXPECT_EQ(status_of(HeadError::too_large), 431U);
  EXPECT_EQ(status_of(HeadError::unknown_coding), 501U);
  EXPECT_EQ(status_of(HeadError::bad_version), 505U);
  EXPECT_EQ(status_of(HeadError::bad_expectation), 417U);
}

}  // namespace
}  // namespace switchgear::http
