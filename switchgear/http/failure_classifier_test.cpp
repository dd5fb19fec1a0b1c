#include "switchgear/http/failure_classifier.hpp"

#include <gtest/gtest.h>

#include <string>

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

TEST(FailureClassifier, TakesNoOffenceThatAServerDoesNotKnowAMethodThatItNeedNotKnow) {
  const FailureClassifier usual;
  EXPECT_EQ(support_of("GET"), Support::required);
  EXPECT_EQ(support_of("HEAD"), Support::required);
  for (const char* method : {"get", "POST", "OPTIONS", "PURGE"})
    EXPECT_EQ(support_of(method), Support::optional) << method;
  EXPECT_EQ(usual.of_status(501, {}, {}, Support::required).verdict, Verdict::failure);
  const Outcome unknown = usual.of_status(501, seconds{1}, {}, Support::optional);
  EXPECT_EQ(unknown.verdict, Verdict::success);
  EXPECT_EQ(unknown.latency, seconds{1});
  EXPECT_FALSE(unknown.worth_repeating());
  EXPECT_EQ(usual.of_status(500, {}, {}, Support::optional).verdict, Verdict::failure);
  EXPECT_EQ(usual.of_status(404, {}, {}, Support::optional).verdict, Verdict::success);
}

TEST(FailureClassifier, CountsAnUnknownMethodWhere501IsListedByItself) {
  FailureRules rules;
  rules.status = {{500, 599}, {501, 501}};
  rules.repeat = {{500, 599}};
  EXPECT_EQ(FailureClassifier{rules}.of_status(501, {}, {}, Support::optional).verdict, Verdict::failure);
  EXPECT_FALSE(FailureClassifier{rules}.of_status(501, {}, {}, Support::optional).worth_repeating());
  EXPECT_TRUE(FailureClassifier{rules}.of_status(501, {}, {}, Support::required).worth_repeating());
  rules.repeat = {{501, 501}};
  EXPECT_TRUE(FailureClassifier{rules}.of_status(501, {}, {}, Support::optional).worth_repeating());
  rules.status = {{500, 500}};
  EXPECT_EQ(FailureClassifier{rules}.of_status(501, {}, {}, Support::optional).verdict, Verdict::success);
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

TEST(RetryAfter, IsNotIgnoredWhenTheServerWritesItsDateInAnObsoleteForm) {
  const auto now =
      std::chrono::system_clock::time_point{seconds{784111777}};  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:47 GMT", now), Duration{seconds{10}});
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:47 1994", now), Duration{seconds{10}});
}

TEST(HttpDate, IsReadInAllThreeForms) {
  const auto at = std::chrono::system_clock::time_point{seconds{784111777}};
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", at), at);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", at), at);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", at), at);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", at), at + std::chrono::days{10});
  EXPECT_EQ(parse_http_date("Wednesday, 16-Nov-94 08:49:37 GMT", at), at + std::chrono::days{10});
  for (const char* nonsense :
       {"Sunday, 06-Nov-94 08:49:37", "Sunday, 06-Nov-94 08:49:37 CET", "Sunday 06-Nov-94 08:49:37 GMT",
        "Someday, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 6-Nov-94 08:49:37 GMT", "Sunday, 31-Feb-94 08:49:37 GMT", "Sunday, 06-Nov-x4 08:49:37 GMT",
        "Sunday,", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 199x", "Sun Nov  6 24:49:37 1994",
        "Xyz Nov  6 08:49:37 1994", "Sun Nov    08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT"})
    EXPECT_FALSE(parse_http_date(nonsense, at).has_value()) << nonsense;
}

TEST(HttpDate, OfTwoDigitsIsNeverMoreThan50YearsAhead) {
  using namespace std::chrono;
  const auto year_of = [](const char* two_digits, int now) {
    const auto at = parse_http_date(std::string{"Sunday, 06-Nov-"} + two_digits + " 08:49:37 GMT",
                                    sys_days{year{now} / 11 / 6});
    return at ? static_cast<int>(year_month_day{floor<days>(*at)}.year()) : 0;
  };
  EXPECT_EQ(year_of("94", 2026), 1994);
  EXPECT_EQ(year_of("26", 2026), 2026);
  EXPECT_EQ(year_of("75", 2026), 2075);
  EXPECT_EQ(year_of("77", 2026), 1977);
  EXPECT_EQ(year_of("05", 2090), 2105) << "in the next century";
  EXPECT_EQ(year_of("99", 2000), 1999);
}

}  // namespace
}  // namespace switchgear::http
