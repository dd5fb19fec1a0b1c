#include "switchgear/http/look_alike.hpp"

#include <gtest/gtest.h>

namespace switchgear::http {
namespace {

TEST(LookAlike, IsANameThatAProgramGetsAsTheSameVariable) {
  for (const char* name : {"X-Forwarded-For", "x_forwarded_for", "X.Forwarded.For", "X-Forwarded~For",
                           "X__Forwarded_For", "x-_forwarded-.for", "X--Forwarded--For"})
    EXPECT_TRUE(looks_like(name, "x-forwarded-for")) << name;
  for (const char* name : {"XForwardedFor", "X-Forwarded-Fo", "X-Forwarded-For2", "X-Forwarded-For_", "", "X",
                           "-X-Forwarded-For", "Forwarded-For"})
    EXPECT_FALSE(looks_like(name, "x-forwarded-for")) << name;
}

TEST(LookAlike, OfAFamilyGoesOnBehindItsNameOrEndsThere) {
  for (const char* name :
       {"X-Forwarded", "x.forwarded", "X-Forwarded-Prefix", "X_Forwarded.Any", "X-Forwarded_"})
    EXPECT_TRUE(looks_like_one_of(name, "x-forwarded")) << name;
  for (const char* name : {"X-Forwardedness", "X-Forward", "Forwarded", "X-Own"})
    EXPECT_FALSE(looks_like_one_of(name, "x-forwarded")) << name;
}

TEST(LookAlike, IsNoneOfANameThatIsPlain) {
  for (const char* name : {"Host", "X-Forwarded-For", "x-request-id", "ETag", "X-2"})
    EXPECT_TRUE(is_plain_name(name)) << name;
  for (const char* name : {"X_Own", "X.Own", "X--Own", "-X", "X~Own", "X-_Own"})
    EXPECT_FALSE(is_plain_name(name)) << name;
}

}  // namespace
}  // namespace switchgear::http
