#include "switchgear/http/health/expectation.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear::http {
namespace {

using health::CheckEnd;
using health::HttpCheck;

Response answered(unsigned status, std::string body = "") {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

/// What is wrong with the answer; empty: nothing.
std::string wrong(const HttpCheck& check, const Response& response) {
  const health::CheckResult result = judged(check, response);
  EXPECT_EQ(result.good(), result.words.empty());
  EXPECT_TRUE(result.good() || result.end == CheckEnd::unexpected);
  return result.words;
}

HttpCheck expecting(std::string pointer, health::JsonValue value) {
  HttpCheck check;
  check.json.push_back({std::move(pointer), std::move(value)});
  return check;
}

TEST(HealthExpectation, IsAnyStatusOf2xxUnlessTheCheckSaysOtherwise) {
  EXPECT_EQ(wrong({}, answered(200)), "");
  EXPECT_EQ(wrong({}, answered(204)), "");
  EXPECT_EQ(wrong({}, answered(301)), "status 301");
  EXPECT_EQ(wrong({}, answered(503)), "status 503");
  HttpCheck check;
  check.status = {{401, 401}, {500, 502}};
  EXPECT_EQ(wrong(check, answered(401)), "");
  EXPECT_EQ(wrong(check, answered(501)), "");
  EXPECT_EQ(wrong(check, answered(200)), "status 200");
}

TEST(HealthExpectation, HoldsForTheValueAtAPointer) {
  const Response answer =
      answered(200, R"({"status": "ok", "up": true, "load": 1.0, "error": null, "parts": [{"name": "db"}]})");
  EXPECT_EQ(wrong(expecting("/status", "ok"), answer), "");
  EXPECT_EQ(wrong(expecting("/up", true), answer), "");
  EXPECT_EQ(wrong(expecting("/load", 1.0), answer), "");
  EXPECT_EQ(wrong(expecting("/error", nullptr), answer), "");
  EXPECT_EQ(wrong(expecting("/parts/0/name", "db"), answer), "");
  EXPECT_EQ(wrong(expecting("/status", "up"), answer), R"(/status is "ok", not "up")");
  EXPECT_EQ(wrong(expecting("/up", false), answer), "/up is true, not false");
  EXPECT_EQ(wrong(expecting("/up", "true"), answer), R"(/up is true, not "true")") << "text is not a boolean";
  EXPECT_EQ(wrong(expecting("/parts/1/name", "db"), answer), "/parts/1/name is not there");
  EXPECT_EQ(wrong(expecting("/status/x", "db"), answer), "/status/x is not there");
}

TEST(HealthExpectation, ReadsTheWholeAnswerAtAnEmptyPointerAndWholeNumbersAsNumbers) {
  EXPECT_EQ(wrong(expecting("", "ok"), answered(200, R"("ok")")), "");
  EXPECT_EQ(wrong(expecting("", 3.0), answered(200, "3")), "");
  EXPECT_EQ(wrong(expecting("", 3.0), answered(200, "4")), "the answer is 4, not 3E0");
}

TEST(HealthExpectation, NeedsAllThatItNames) {
  HttpCheck check = expecting("/a", true);
  check.json.push_back({"/b", true});
  EXPECT_EQ(wrong(check, answered(200, R"({"a": true, "b": true})")), "");
  EXPECT_EQ(wrong(check, answered(200, R"({"a": true, "b": false})")), "/b is false, not true");
}

TEST(HealthExpectation, IsNotMetByWhatIsNotJson) {
  const HttpCheck check = expecting("/status", "ok");
  for (const std::string& body : {std::string(), std::string("ok"), std::string(R"({"status": "ok")"),
                                  std::string(R"({"status": "ok"} trailing)"), std::string(100'000, '[')})
    EXPECT_EQ(wrong(check, answered(200, body)), "the answer is not JSON") << body.substr(0, 40);
}

TEST(HealthExpectation, ShowsALongValueCutShort) {
  const Response answer = answered(200, R"({"status": ")" + std::string(10'000, 'x') + R"("})");
  EXPECT_LT(wrong(expecting("/status", "ok"), answer).size(), 200U);
}

}  // namespace
}  // namespace switchgear::http
