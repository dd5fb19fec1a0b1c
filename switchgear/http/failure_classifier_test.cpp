#include "switchgear/http/failure_classifier.hpp"

#include <gtest/gtest.h>

#include "switchgear/http/http_date.hpp"

namespace switchgear::http {
namespace {

using std::chrono::seconds;

TEST(FailureClassifier, CountsTheConfiguredStatusesAsFailures) {
  const FailureClassifier classifier{{{{500, 599}, {429, 429}}, true, true}};
  EXPECT_EQ(classifier.of_status(200, seconds{1}, {}).verdict, Verdict::success);
  EXPECT_EQ(classifier.of_status(404, seconds{1}, {}).verdict, Verdict::success);
  for (const unsigned status : {429U, 500U, 599U}) {
    const Outcome outcome = classifier.of_status(status, seconds{1}, {});
    EXPECT_EQ(outcome.verdict, Verdict::failure) << status;
    EXPECT_EQ(outcome.type, FailureType::http_error) << status;
    EXPECT_EQ(outcome.latency, seconds{1}) << status;
  }
}

TEST(FailureClassifier, KnowsWhatMayBeAnsweredBetterAMomentLater) {
  const FailureClassifier classifier;
  for (const unsigned status : {408U, 425U, 429U, 500U, 502U, 503U, 504U, 599U})
    EXPECT_TRUE(classifier.of_status(status, {}, {}).worth_repeating()) << status;
  for (const unsigned status : {200U, 302U, 400U, 401U, 404U, 409U, 422U, 501U, 505U, 508U})
    EXPECT_FALSE(classifier.of_status(status, {}, {}).worth_repeating()) << status;
  EXPECT_TRUE(classifier.of_timeout({}).worth_repeating());
  EXPECT_TRUE(classifier.of_connection_error({}).worth_repeating());

  FailureRules rules;
  rules.repeat = {{409, 409}};
  rules.connection_error = false;
  const FailureClassifier other{rules};
  EXPECT_TRUE(other.of_status(409, {}, {}).worth_repeating());
  EXPECT_FALSE(other.of_status(503, {}, {}).worth_repeating());
  EXPECT_EQ(other.of_connection_error({}).verdict, Verdict::ignored);
  EXPECT_TRUE(other.of_connection_error({}).worth_repeating());
}

TEST(FailureClassifier, HandsOnAServersOwnWaitOf429And503Only) {
  const FailureClassifier classifier;
  EXPECT_EQ(classifier.of_status(503, {}, seconds{7}).retry_after, Duration{seconds{7}});
  EXPECT_EQ(classifier.of_status(429, {}, seconds{7}).retry_after, Duration{seconds{7}});
  EXPECT_FALSE(classifier.of_status(500, {}, seconds{7}).retry_after.has_value());
}

TEST(FailureClassifier, IgnoresErrorsThatAreNotCounted) {
  const FailureClassifier lenient{{{}, false, false}};
  EXPECT_EQ(lenient.of_timeout({}).verdict, Verdict::ignored);
  EXPECT_EQ(lenient.of_connection_error({}).verdict, Verdict::ignored);
  const FailureClassifier strict;
  EXPECT_EQ(strict.of_timeout({}).type, FailureType::timeout);
  EXPECT_EQ(strict.of_connection_error({}).type, FailureType::connection_error);
}

TEST(RetryAfter, IsReadInBothFormsAndNeverNegative) {
  const auto now =
      std::chrono::system_clock::time_point{seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), Duration{seconds{120}});
  EXPECT_EQ(parse_retry_after("0", now), Duration::zero());
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Duration{seconds{10}});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), Duration::zero());
  EXPECT_GT(parse_retry_after("99999999999999999999", now), Duration{seconds{999}});
  for (const char* nonsense :
       {"", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_retry_after(nonsense, now).has_value()) << nonsense;
}

TEST(HttpDate, IsWrittenAsItIsRead) {
  const auto at = std::chrono::system_clock::time_point{seconds{784111777}};
  EXPECT_EQ(format_http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_http_date(format_http_date(at)), at);
}

}  // namespace
}  // namespace switchgear::http
