#include "switchgear/http/response.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace switchgear::http {
namespace {

using namespace std::chrono_literals;

Response with(unsigned status, const std::string& name, const std::string& value) {
  Response response{status, {}, ""};
  response.headers.add(name, value);
  return response;
}

TEST(Response, IsUsedInPlaceOfAFailureForAsLongAsItsCacheControlSays) {
  const auto usable = [](const std::string& control) {
    return usable_for(with(200, "Cache-Control", control));
  };
  EXPECT_EQ(usable_for(Response{200, {}, ""}), Duration::max());
  EXPECT_EQ(usable("public, max-age=60"), Duration::max());
  EXPECT_EQ(usable("no-store"), 0s);
  EXPECT_EQ(usable("No-Cache"), 0s);
  EXPECT_EQ(usable("max-age=60, must-revalidate"), 60s);
  EXPECT_EQ(usable("max-age=60, stale-if-error=600"), 660s);
  EXPECT_EQ(usable("must-revalidate, max-age=x"), 0s);
  EXPECT_EQ(usable("must-revalidate, max-age=99999999999999"), 366 * 24h);
  EXPECT_EQ(usable_for(Response{404, {}, ""}), 0s) << "an error does not stand for a failure";
}

TEST(Response, IsNotStoredWhenItIsNotForEveryRequestOfItsKey) {
  EXPECT_TRUE(may_be_stored(Response{200, {}, ""}));
  EXPECT_TRUE(may_be_stored(with(200, "Vary", "accept-encoding, Accept-Language,Origin")));
  EXPECT_TRUE(may_be_stored(with(200, "Vary", "Authorization, Cookie")));
  for (const char* other : {"*", "X-Tenant", "Accept-Encoding, User-Agent"}) {
    EXPECT_FALSE(may_be_stored(with(200, "Vary", other))) << other;
    EXPECT_EQ(usable_for(with(200, "Vary", other)), 0s) << other;
  }
  EXPECT_EQ(usable_for(Response{206, {}, "a part"}), 0s);
  EXPECT_EQ(usable_for(Response{304, {}, ""}), 0s);
}

TEST(Response, SaysWhenToComeBackByTheClockOfTheServer) {
  Response busy = with(503, "Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT");
  busy.headers.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(busy.retry_after(), 3s);
  EXPECT_EQ(outcome_of(busy, 1ms).retry_after, 3s);
  EXPECT_EQ(with(429, "Retry-After", "7").retry_after(), 7s);
  EXPECT_EQ(with(429, "Retry-After", "soon").retry_after(), std::nullopt);
  EXPECT_EQ(outcome_of(Response{404, {}, ""}, 1ms).verdict, Verdict::success);
}

TEST(Headers, AreFoundWithoutRegardToCaseAndKeepTheirOrder) {
  Headers headers;
  headers.add("Vary", "Accept").add("X-A", " 1 ").add("vary", "Accept-Encoding, Origin");
  EXPECT_EQ(headers.get("x-a"), "1");
  EXPECT_TRUE(headers.lists("VARY", "origin"));
  EXPECT_FALSE(headers.lists("Vary", "Cookie"));
  headers.set("VARY", "*");
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.begin()->first, "X-A");
  try {
    headers.add("X-A", "1\r\nX-B: 2");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& thrown) {
    EXPECT_STREQ(
        thrown.what(),
        "the value of header 'X-A' holds a line break or another control character; encode it or leave "
        "it out");
  }
}

}  // namespace
}  // namespace switchgear::http
