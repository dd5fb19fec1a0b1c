#include "switchgear/observe/health.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace switchgear {
namespace {

using enum State;

TEST(Health, FollowsItsTable) {
  struct Row {
    std::vector<State> breakers;
    Health expected;
  };
  const std::vector<Row> table{
      {{}, Health::healthy},
      {{closed}, Health::healthy},
      {{closed, closed, closed}, Health::healthy},
      {{open}, Health::unhealthy},
      {{open, closed}, Health::unhealthy},
      {{forced_open, closed}, Health::unhealthy},
      {{open, closed, closed}, Health::degraded},
      {{open, forced_open, closed, closed}, Health::unhealthy},
      {{half_open}, Health::degraded},
      {{half_open, half_open}, Health::degraded},
      {{disabled, closed}, Health::degraded},
      {{open, half_open, disabled}, Health::degraded},
  };
  for (std::size_t i = 0; i < table.size(); ++i)
    EXPECT_EQ(health_of(table[i].breakers), table[i].expected) << "row " << i;
}

TEST(Health, HasAWordForEachValue) {
  EXPECT_EQ(to_string(Health::healthy), "healthy");
  EXPECT_EQ(to_string(Health::degraded), "degraded");
  EXPECT_EQ(to_string(Health::unhealthy), "unhealthy");
}

}  // namespace
}  // namespace switchgear
