#include "switchgear/config/suggest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace switchgear::config {
namespace {

constexpr std::array<std::string_view, 5> words{"failure_rate", "failure_balance", "window", "timeout",
                                                "jitter"};

TEST(Suggest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("failure_rat", words), "failure_rate");
  EXPECT_EQ(nearest("falure_rate", words), "failure_rate");
  EXPECT_EQ(nearest("failure-rate", words), "failure_rate");
  EXPECT_EQ(nearest("Window", words), "window");
  EXPECT_EQ(nearest("widnow", words), "window") << "two swapped letters are one mistake";
  EXPECT_EQ(nearest("timeouts", words), "timeout");
}

TEST(Suggest, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest("bulkhead", words), std::nullopt);
  EXPECT_EQ(nearest("", words), std::nullopt);
  EXPECT_EQ(nearest("window", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'w'), words), std::nullopt);
}

TEST(Suggest, EndsAtAThousandCandidates) {
  std::vector<std::string_view> many(1000, "nothing");
  many.emplace_back("window");
  EXPECT_EQ(nearest("windo", many), std::nullopt);
  many[0] = "window";
  EXPECT_EQ(nearest("windo", many), "window");
}

TEST(Suggest, WritesListsAsPeopleDo) {
  EXPECT_EQ(one_of(std::array<std::string_view, 3>{"a", "b", "c"}), "a, b or c");
  EXPECT_EQ(one_of(std::array<std::string_view, 1>{"a"}), "a");
  EXPECT_EQ(did_you_mean("jiter", words), "; did you mean \"jitter\"?");
  EXPECT_EQ(did_you_mean("x", words), "");
}

}  // namespace
}  // namespace switchgear::config
