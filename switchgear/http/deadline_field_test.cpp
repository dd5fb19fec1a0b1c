#include "switchgear/http/deadline_field.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "switchgear/http/head_validator.hpp"

namespace switchgear::http {
namespace {

using namespace std::chrono_literals;

DeadlineClaim claim_in(const std::string& lines) {
  const std::string block = "GET / HTTP/1.1\r\nHost: shop\r\n" + lines + "\r\n";
  HeadValidator validator{HeadKind::request, {}};
  FieldList fields;
  EXPECT_EQ(validator.advance(block), HeadValidator::Progress::complete) << lines;
  EXPECT_TRUE(fields.parse_request(block, validator.head())) << lines;
  return deadline_claim(fields);
}

TEST(DeadlineField, IsAWholeNumberOfMilliseconds) {
  EXPECT_EQ(claim_in("X-Request-Deadline-Ms: 250\r\n").left, 250ms);
  EXPECT_EQ(claim_in("x-request-deadline-ms:0\r\n").left, 0ms);
  EXPECT_EQ(claim_in("x-request-deadline-ms: 0007 \r\n").left, 7ms);
  EXPECT_EQ(claim_in("x-request-deadline-ms: 999999999999999999\r\n").left, 24h) << "no sum of it overflows";
  EXPECT_FALSE(claim_in("").left);
  EXPECT_FALSE(claim_in("").malformed);
}

TEST(DeadlineField, IsIgnoredWhenItIsAnythingElse) {
  for (const char* value :
       {"", "-1", "+1", "1.5", "1e3", "250ms", "0x10", "1 000", "1,2", "9999999999999999999", "soon"}) {
    const DeadlineClaim claim = claim_in("x-request-deadline-ms: " + std::string{value} + "\r\n");
    EXPECT_FALSE(claim.left) << value;
    EXPECT_TRUE(claim.malformed) << value;
  }
  const std::string line = "x-request-deadline-ms: 5\r\n";
  EXPECT_TRUE(claim_in(line + line).malformed) << "which of two counts is anybody's guess";
  EXPECT_TRUE(claim_in(line + line + line).malformed);
}

TEST(DeadlineField, IsWrittenRoundedDownAndNeverAsNothing) {
  std::array<char, longest_deadline_line> space{};
  EXPECT_EQ(write_deadline(space, 1999ms + 999us), "x-request-deadline-ms: 1999\r\n");
  EXPECT_EQ(write_deadline(space, 10us), "x-request-deadline-ms: 1\r\n");
  EXPECT_EQ(write_deadline(space, -5s), "x-request-deadline-ms: 1\r\n");
  EXPECT_EQ(write_deadline(space, Duration::max()), "x-request-deadline-ms: 9223372036854\r\n");
}

}  // namespace
}  // namespace switchgear::http
