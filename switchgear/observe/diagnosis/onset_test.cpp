#include "switchgear/observe/diagnosis/onset.hpp"

#include <gtest/gtest.h>

#include "switchgear/observe/diagnosis/situation_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

std::optional<Onset> onset_after(const std::vector<std::uint64_t>& failures, Rule rule = Rule::failure_rate) {
  Situation situation;
  situation.got_worse(600, failures);
  figures::Opening opening;
  opening.why = situation.past.opens(595, rule);
  return onset_of(opening, situation.past.history.samples);
}

TEST(Onset, IsASpikeFromOneSampleToTheNextButOne) {
  const auto onset = onset_after({0, 1, 0, 30, 80});
  ASSERT_TRUE(onset);
  EXPECT_EQ(onset->kind, Onset::Kind::spike);
  EXPECT_EQ(onset->began, figures::PastOf::at(580));
  EXPECT_EQ(onset->over, 20s);
  EXPECT_DOUBLE_EQ(onset->after, 0.8);
}

TEST(Onset, IsASlopeOverMoreSamples) {
  const auto onset = onset_after({0, 10, 25, 40, 60, 80});
  ASSERT_TRUE(onset);
  EXPECT_EQ(onset->kind, Onset::Kind::slope);
  EXPECT_EQ(onset->over, 40s);
}

TEST(Onset, IsUnknownWithoutAQuietSampleOrWithTooFew) {
  EXPECT_FALSE(onset_after({70, 60, 80, 75})) << "it was as bad all the time";
  EXPECT_FALSE(onset_after({0, 80}));
  EXPECT_FALSE(onset_after({0, 0, 0, 0})) << "it opened for another reason";
  EXPECT_FALSE(onset_after({}));
}

TEST(Onset, LooksNoFurtherBackThanTenMinutes) {
  Situation situation;
  situation.past.sample(0, 100);
  situation.got_worse(3600, {60, 70, 80, 60});
  figures::Opening opening;
  opening.why = situation.past.opens(3599);
  EXPECT_FALSE(onset_of(opening, situation.past.history.samples));
}

TEST(Onset, FollowsSlowCallsWhereTheseOpenedTheBreaker) {
  Situation situation;
  for (int i = 0; i < 5; ++i) situation.past.sample(550 + 10 * i, 100).slow = i == 4 ? 90 : 1;
  figures::Opening opening;
  opening.why = situation.past.opens(595, Rule::slow_call);
  const auto onset = onset_of(opening, situation.past.history.samples);
  ASSERT_TRUE(onset);
  EXPECT_DOUBLE_EQ(onset->after, 0.9);
}

}  // namespace
}  // namespace switchgear
