#include "app/gateway/heads/correlation.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/gateway/heads/forwarding.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::gateway {
namespace {

const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A request's head, and the views into it.
struct Asked {
  explicit Asked(const std::string& lines) : block("GET / HTTP/1.1\r\nHost: shop\r\n" + lines + "\r\n") {
    EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << lines;
    EXPECT_TRUE(fields.parse_request(block, validator.head())) << lines;
  }
  [[nodiscard]] Correlation correlation(TraceHeaders trace = TraceHeaders::w3c) const {
    return correlation_of(fields, trace, "x-request-id");
  }
  /// What leaves for the service.
  [[nodiscard]] std::string sent(const Marks& marks) const {
    std::string out;
    const Provenance from = provenance_of({"192.0.2.1", "http"}, validator.head(), fields, {});
    write_request(out, validator.head(), fields, {"", validator.head().path, "shop", from, "us", marks});
    return out;
  }

  std::string block;
  http::HeadValidator validator{http::HeadKind::request, {}};
  http::FieldList fields;
};

TEST(Correlation, ContinuesATraceThatTheClientBegan) {
  const Asked asked{"TraceParent: " + parent + "\r\nTraceState: a=1\r\nTracestate: b=2\r\n"};
  const Correlation found = asked.correlation();
  ASSERT_TRUE(found.caller);
  EXPECT_EQ(found.caller->span.value, 0xb7ad6b7169203331U);
  EXPECT_TRUE(found.keeps_state);
  EXPECT_EQ(trace_state_of(asked.fields), "a=1,b=2");
  EXPECT_FALSE(asked.correlation(TraceHeaders::off).caller);
}

TEST(Correlation, DoesNotContinueWhatIsMalformedRepeatedOrForThisHop) {
  for (const std::string& lines : {std::string{}, std::string{"traceparent: 00-1-2-3\r\n"},
                                   "traceparent: " + parent + "\r\ntraceparent: " + parent + "\r\n",
                                   "traceparent: " + parent + "\r\nConnection: traceparent\r\n"}) {
    const Correlation found = Asked{lines + "tracestate: a=1\r\n"}.correlation();
    EXPECT_FALSE(found.caller) << lines;
    EXPECT_FALSE(found.keeps_state) << lines;
  }
}

TEST(Correlation, DropsATracestateThatBreaksARuleAndKeepsTheTrace) {
  std::string many = "a0=1";
  for (int i = 1; i <= 32; ++i) many += ",a" + std::to_string(i) + "=1";
  for (const std::string& state : {std::string{"A=1"}, many}) {
    const Correlation found =
        Asked{"traceparent: " + parent + "\r\ntracestate: " + state + "\r\n"}.correlation();
    EXPECT_TRUE(found.caller);
    EXPECT_FALSE(found.keeps_state) << state;
  }
}

TEST(Correlation, TakesARequestIdOfHarmlessCharacters) {
  EXPECT_EQ(Asked{"X-Request-ID: 7f-A_b.~+/=:9\r\n"}.correlation().request_id, "7f-A_b.~+/=:9");
  EXPECT_EQ(Asked{"X-Request-ID: " + std::string(128, 'x') + "\r\n"}.correlation().request_id,
            std::string(128, 'x'));
  for (const std::string& bad :
       {std::string{}, std::string{"a b"}, std::string{"a,b"}, std::string{"\"a\""}, std::string(129, 'x')})
    EXPECT_EQ(Asked{"X-Request-ID: " + bad + "\r\n"}.correlation().request_id, "") << bad;
  EXPECT_EQ(Asked{"X-Request-ID: a\r\nX-Request-ID: b\r\n"}.correlation().request_id, "");
  EXPECT_EQ(Asked{"X-Request-ID: a\r\nConnection: x-request-id\r\n"}.correlation().request_id, "");
}

TEST(Correlation, ReplacesOnlyWhatIsAnotherFromHereOn) {
  const Asked asked{"traceparent: " + parent + "\r\ntracestate: a=1\r\nX-Request-ID: one\r\nAccept: b\r\n"};
  const std::string untouched = asked.sent({});
  EXPECT_NE(untouched.find("traceparent: " + parent + "\r\ntracestate: a=1\r\nX-Request-ID: one\r\n"),
            std::string::npos);
  EXPECT_TRUE(untouched.ends_with("\r\nVia: 1.1 us\r\n\r\n"));

  const std::string traced = asked.sent({TraceHeaders::w3c, true, "x-request-id", {}});
  EXPECT_EQ(traced.find("traceparent"), std::string::npos) << "each attempt writes its own";
  EXPECT_NE(traced.find("\r\ntracestate: a=1\r\nX-Request-ID: one\r\n"), std::string::npos);
  EXPECT_TRUE(traced.ends_with("\r\nVia: 1.1 us\r\n")) << "left open for it";

  const std::string stateless = asked.sent({TraceHeaders::w3c, false, "x-request-id", "two"});
  EXPECT_EQ(stateless.find("tracestate"), std::string::npos);
  EXPECT_EQ(stateless.find("one"), std::string::npos);
  EXPECT_NE(stateless.find("\r\nx-request-id: two\r\n"), std::string::npos);
  EXPECT_NE(stateless.find("\r\nAccept: b\r\n"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::gateway
