#include "app/otlp/collector.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace switchgear::otlp {
namespace {

using namespace std::chrono_literals;
using How = Delivery::How;

http::Response answer(unsigned status, const std::string& body = "", const std::string& retry_after = "") {
  http::Response response;
  response.status = status;
  response.body = body;
  if (!retry_after.empty()) response.headers.add("Retry-After", retry_after);
  return response;
}

/// To a request with ten points or spans.
Delivery meaning_of(const http::Response& response) { return delivery_of(response, 10); }

TEST(Delivery, IsRepeatedOnlyForTheFourStatusesOfTheSpecification) {
  for (const unsigned status : {429U, 502U, 503U, 504U})
    EXPECT_EQ(meaning_of(answer(status)).how, How::unavailable) << status;
  for (const unsigned status : {301U, 400U, 401U, 404U, 408U, 413U, 425U, 500U, 501U, 505U})
    EXPECT_EQ(meaning_of(answer(status)).how, How::refused) << status;
  for (const unsigned status : {200U, 202U, 204U})
    EXPECT_EQ(meaning_of(answer(status)).how, How::delivered) << status;
}

TEST(Delivery, WaitsAsLongAsTheCollectorAsks) {
  EXPECT_EQ(meaning_of(answer(429, "", "7")).retry_after, 7s);
  EXPECT_EQ(meaning_of(answer(503)).retry_after, std::nullopt);
  EXPECT_EQ(meaning_of(answer(503, "", "soon")).retry_after, std::nullopt);
}

TEST(Delivery, CountsWhatAPartialSuccessThrewAway) {
  const Delivery spans =
      meaning_of(answer(200, R"({"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too old"}})"));
  EXPECT_EQ(spans.how, How::delivered);
  EXPECT_EQ(spans.rejected, 3U);
  EXPECT_EQ(spans.words, "it rejected 3: too old");
  EXPECT_EQ(meaning_of(answer(200, R"({"partialSuccess": {"rejectedDataPoints": 2}})")).rejected, 2U);
  const Delivery warned = meaning_of(answer(200, R"({"partialSuccess": {"errorMessage": "slow down"}})"));
  EXPECT_EQ(warned.rejected, 0U);
  EXPECT_EQ(warned.words, "it warns: slow down");
}

TEST(Delivery, HasLostNoMoreThanWasSentWhateverTheCollectorCounts) {
  for (const char* count : {"\"11\"", "18446744073709551615", "\"18446744073709551615\""}) {
    EXPECT_EQ(meaning_of(answer(200, std::string{R"({"partialSuccess": {"rejectedSpans": )"} + count + "}}"))
                  .rejected,
              10U)
        << count;
  }
  for (const char* count :
       {"\"-1\"", "\" 1\"", "\"+1\"", "\"1x\"", "\"\"", "\"99999999999999999999\"", "-1"}) {
    EXPECT_EQ(meaning_of(answer(200, std::string{R"({"partialSuccess": {"rejectedSpans": )"} + count + "}}"))
                  .rejected,
              0U)
        << count;
  }
}

TEST(Delivery, TakesAnyAnswerOfASuccess) {
  for (const char* body :
       {"", "{}", "nonsense", "[1]", R"({"partialSuccess": 1})",
        R"({"partialSuccess": {"rejectedSpans": -1}})", R"({"partialSuccess": {"rejectedSpans": "x"}})"}) {
    const Delivery delivery = meaning_of(answer(200, body));
    EXPECT_EQ(delivery.how, How::delivered) << body;
    EXPECT_EQ(delivery.rejected, 0U) << body;
    EXPECT_EQ(delivery.words, "") << body;
  }
}

TEST(Delivery, SaysInOneLineWhatTheCollectorSaid) {
  EXPECT_EQ(meaning_of(answer(400, R"({"code": 3, "message": "bad\nfield\u001b[2J"})")).words,
            "it answered with 400: bad field [2J");
  EXPECT_EQ(meaning_of(answer(400, R"({"message": "a\u009b2Jb\u202ec\u200bd"})")).words,
            "it answered with 400: a 2Jb c d");
  EXPECT_EQ(meaning_of(answer(500, "<html>")).words, "it answered with 500");
  const std::string long_message = R"({"message": ")" + std::string(1000, 'x') + "\"}";
  EXPECT_LE(meaning_of(answer(400, long_message)).words.size(), 230U);
}

}  // namespace
}  // namespace switchgear::otlp
