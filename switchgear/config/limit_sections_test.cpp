#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BulkheadSection, EveryKeyArrives) {
  EXPECT_EQ(policy_of("{bulkhead: {max_concurrent: 50, max_queue: 200, max_wait: 1s}}").bulkhead,
            (BulkheadOptions{.max_concurrent = 50, .max_queue = 200, .max_wait = seconds{1}}));
  EXPECT_EQ(policy_of("{bulkhead: {max_concurrent: 7}}").bulkhead,
            (BulkheadOptions{.max_concurrent = 7, .max_queue = 0, .max_wait = {}}));
  EXPECT_FALSE(policy_of("{bulkhead: {max_concurrent: 7}}").bulkhead_holds_streams);
  EXPECT_TRUE(policy_of("{bulkhead: {max_concurrent: 7, hold_streams: true}}").bulkhead_holds_streams);
}

TEST(BulkheadSection, MistakesAreLocated) {
  expect_answers({
      {with("bulkhead: {}"),
       "f.yaml:3:7: policies.p.bulkhead.max_concurrent: is missing; write \"max_concurrent: 50\""},
      {with("bulkhead: {max_concurrent: 0}"),
       "f.yaml:3:34: policies.p.bulkhead.max_concurrent: 0 is not from 1 to 1000000"},
  });
}

TEST(BulkheadSection, AQueueAndAWaitGoTogether) {
  expect_answers({
      {with("bulkhead: {max_concurrent: 5, max_queue: 10, max_wait: 0s}"),
       "f.yaml:3:62: policies.p.bulkhead.max_wait: 0s lets no call wait in a queue of 10; expected longer "
       "than 0s, "
       "or max_queue 0"},
      {with("bulkhead: {max_concurrent: 5, max_queue: 10}"),
       "f.yaml:3:7: policies.p.bulkhead.max_wait: 0s lets no call wait in a queue of 10; expected longer "
       "than 0s, or max_queue 0"},
      {with("bulkhead: {max_concurrent: 5, max_queue: 0, max_wait: 1s}"),
       "f.yaml:3:48: policies.p.bulkhead.max_queue: 0 leaves no place to wait 1s in; expected at least 1, or "
       "max_wait 0s"},
  });
}

TEST(RateLimiterSection, EveryKeyArrives) {
  EXPECT_EQ(policy_of("{rate_limiter: {rate: 0.5, burst: 3, max_wait: 200ms}}").rate_limiter,
            (RateLimiterOptions{.rate = 0.5, .burst = 3, .max_wait = milliseconds{200}}));
  EXPECT_EQ(policy_of("{rate_limiter: {rate: 10}}").rate_limiter->burst_or_rate(), 10U);
}

TEST(RateLimiterSection, MistakesAreLocated) {
  expect_answers({
      {with("rate_limiter: {}"), "f.yaml:3:7: policies.p.rate_limiter.rate: is missing; write \"rate: 100\""},
      {with("rate_limiter: {rate: 0}"),
       "f.yaml:3:28: policies.p.rate_limiter.rate: 0 is not a rate from 1e-8 to 1e9 per second"},
      {with("rate_limiter: {rate: 100/s}"),
       "f.yaml:3:28: policies.p.rate_limiter.rate: \"100/s\" is not a number; expected a number"},
      {with("rate_limiter: {rate: 1, max_wait: 1}"),
       "f.yaml:3:41: policies.p.rate_limiter.max_wait: \"1\" has no unit; write \"1s\""},
  });
}

TEST(AdaptiveLimitSection, EveryKeyArrives) {
  EXPECT_EQ(
      policy_of("{adaptive_limit: {initial: 30, min_limit: 10, max_limit: 300, smoothing: 0.3, tolerance: 2,"
                " headroom: 5, sample_window: 500ms, min_samples: 20, long_window: 700}}")
          .adaptive_limit,
      (AdaptiveLimitOptions{.initial = 30,
                            .min_limit = 10,
                            .max_limit = 300,
                            .smoothing = 0.3,
                            .tolerance = 2,
                            .headroom = 5,
                            .sample_window = milliseconds{500},
                            .min_samples = 20,
                            .long_window = 700}));
  EXPECT_EQ(policy_of("{adaptive_limit: {}}").adaptive_limit, AdaptiveLimitOptions{});
}

TEST(AdaptiveLimitSection, WhatIsLeftOutMakesRoomForWhatIsSaid) {
  EXPECT_EQ(policy_of("{adaptive_limit: {max_limit: 3}}").adaptive_limit->min_limit, 3U);
  EXPECT_EQ(policy_of("{adaptive_limit: {max_limit: 10}}").adaptive_limit->initial, 10U);
  EXPECT_EQ(policy_of("{adaptive_limit: {min_limit: 2000}}").adaptive_limit->max_limit, 2000U);
  EXPECT_EQ(policy_of("{adaptive_limit: {min_limit: 50}}").adaptive_limit->initial, 50U);
}

TEST(AdaptiveLimitSection, MistakesAreLocated) {
  expect_answers({
      {with("adaptive_limit: {min_limit: 20, max_limit: 10}"),
       "f.yaml:3:50: policies.p.adaptive_limit.max_limit: 10 is below min_limit (20)"},
      {with("adaptive_limit: {initial: 2000}"),
       "f.yaml:3:33: policies.p.adaptive_limit.initial: 2000 is not from 5 to 1000"},
      {with("adaptive_limit: {smoothing: 0}"),
       "f.yaml:3:35: policies.p.adaptive_limit.smoothing: 0 is not a ratio above 0 and at most 1"},
  });
}

TEST(AdmissionSection, EveryKeyArrives) {
  EXPECT_EQ(policy_of("{admission: {success_rate: 0.9, aggression: 2, window: 1m, max_rejection: 0.5,"
                      " min_per_second: 10}}")
                .admission,
            (AdmissionControlOptions{.success_rate = 0.9,
                                     .aggression = 2,
                                     .window = seconds{60},
                                     .max_rejection = 0.5,
                                     .min_per_second = 10}));
  EXPECT_EQ(policy_of("{admission: {}}").admission, AdmissionControlOptions{});
}

TEST(AdmissionSection, MistakesAreLocated) {
  expect_answers({
      {with("admission: {success_rate: 95}"),
       "f.yaml:3:33: policies.p.admission.success_rate: 95 is not a ratio above 0 and at most 1"},
      {with("admission: {aggression: 0.5}"),
       "f.yaml:3:31: policies.p.admission.aggression: 0.5 is not a number from 1 to 100"},
      {with("admission: {window: 30}"),
       "f.yaml:3:27: policies.p.admission.window: \"30\" has no unit; write \"30s\""},
      {with("admission: {window: 2h}"),
       "f.yaml:3:27: policies.p.admission.window: 7200s is not from 1s to 1h"},
      {with("admission: {max_rejection: 1.5}"),
       "f.yaml:3:34: policies.p.admission.max_rejection: 1.5 is not a ratio above 0 and at most 1"},
      {with("admission: {max_rejections: 0.5}"),
       "f.yaml:3:19: policies.p.admission.max_rejections: unknown key; did you mean \"max_rejection\"?"},
  });
}

}  // namespace
}  // namespace switchgear::config
