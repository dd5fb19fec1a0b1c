// The watch against its rules, written plainly over the list of all results, on random courses.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "switchgear/health/watch.hpp"
#include "switchgear/policy/property_fixture.hpp"

namespace switchgear::health {
namespace {

using namespace std::chrono_literals;

/// Of all results from the first on, by the rules as the documents say them.
Status status_of(const std::vector<bool>& results, const HealthRows& rows) {
  if (results.empty()) return Status::unknown;
  Status status = results.front() ? Status::healthy : Status::unhealthy;
  for (std::size_t i = 1; i < results.size(); ++i) {
    std::size_t row = 1;
    while (row <= i && results[i - row] == results[i]) ++row;
    if (results[i] && row >= rows.healthy) status = Status::healthy;
    if (!results[i] && row >= rows.unhealthy) status = Status::unhealthy;
  }
  return status;
}

TEST(HealthWatchProperty, FollowsItsRulesAndNeverHasTwoChecksOut) {
  EXPECT_TRUE(holds(2'000, [] {
    WatchOptions options;
    options.interval = std::chrono::milliseconds{*rc::gen::inRange(1, 5'000)};
    options.timeout = std::chrono::milliseconds{*rc::gen::inRange(1, 5'000)};
    options.jitter = *rc::gen::inRange(0, 100) / 100.0;
    options.rows = {*rc::gen::inRange(1U, 5U), *rc::gen::inRange(1U, 5U)};
    TimePoint now{1h};
    Watch watch{options, *rc::gen::arbitrary<std::uint64_t>(), now};
    std::vector<bool> results;
    bool out = false;
    std::optional<TimePoint> began;
    const auto take = [&](const std::optional<Judged>& judged) {
      if (judged) results.push_back(judged->result.good());
    };
    // Each number is what the dependency does: 0 hangs, 1 answers badly, 2 and 3 well; and how late.
    for (const int what : *rc::gen::container<std::vector<int>>(60, rc::gen::inRange(0, 16))) {
      if (out && what % 4 != 0) {
        now = std::min(now + std::chrono::milliseconds{what * 100}, std::max(now, watch.next_due()));
        take(watch.end({what % 4 == 1 ? CheckEnd::unexpected : CheckEnd::good, {}}, now));
        out = false;
      }
      now = std::max(now, watch.next_due());
      for (;;) {
        const Watch::Step step = watch.step(now, Traffic::some);
        if (step.todo == Watch::Todo::nothing) break;
        take(step.judged);
        if (step.todo != Watch::Todo::begin) {
          RC_ASSERT(out);
          RC_ASSERT(step.judged.has_value());
          continue;
        }
        RC_ASSERT(!out);
        out = true;
        began = now;
      }
      RC_ASSERT(watch.next_due() > now);
      RC_ASSERT(!began || watch.next_due() - now <= std::max(options.interval * 2, options.timeout));
      RC_ASSERT(watch.snapshot().status == status_of(results, options.rows));
    }
  }));
}

}  // namespace
}  // namespace switchgear::health
