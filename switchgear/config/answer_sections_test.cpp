// cache, fallback and chaos.
#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CacheSection, EveryKeyArrives) {
  EXPECT_EQ(policy_of("{cache: {ttl: 7s, max_entries: 12, max_bytes: 3MiB}}").cache,
            (CacheOptions{.ttl = seconds{7}, .max_entries = 12, .max_bytes = 3 << 20}));
  EXPECT_EQ(policy_of("{cache: {ttl: 7s, max_bytes: 4096}}").cache->max_bytes, 4096U);
  EXPECT_EQ(policy_of("{cache: {ttl: 0s}}").cache->max_entries, 10'000U);
}

TEST(CacheSection, MistakesAreLocated) {
  expect_answers({
      {with("cache: {}"), "f.yaml:3:7: policies.p.cache.ttl: is missing; write \"ttl: 5s\""},
      {with("cache: {ttl: 5}"), "f.yaml:3:20: policies.p.cache.ttl: \"5\" has no unit; write \"5s\""},
      {with("cache: {ttl: 5s, max_entries: 0}"),
       "f.yaml:3:37: policies.p.cache.max_entries: 0 is not from 1 to 100000000"},
      {with("cache: {ttl: 5s, max_bytes: 64MB}"),
       "f.yaml:3:35: policies.p.cache.max_bytes: \"64MB\" has no known unit; write \"64MiB\""},
      {with("cache: {ttl: 5s, max_bytes: 1KB}"),
       "f.yaml:3:35: policies.p.cache.max_bytes: \"1KB\" has no known unit; write \"1KiB\""},
      {with("fallback: {cache: {max_bytes: [1]}}"),
       "f.yaml:3:37: policies.p.fallback.cache.max_bytes: a list found; expected a size such as \"64MiB\""},
      {with("fallback: {cache: {max_bytes: 1000}}"),
       "f.yaml:3:37: policies.p.fallback.cache.max_bytes: 1000 is not from 1024 to 1099511627776"},
  });
}

TEST(FallbackSection, EveryKindArrives) {
  const auto fallback_of = [](const std::string& keys) {
    return policy_of("{preset: core, fallback: {" + keys + "}}").fallback;
  };
  EXPECT_EQ(fallback_of("value: {status: 203, body: \"{}\", content_type: application/json}"),
            FallbackOptions(ValueFallback{203, "{}", "application/json"}));
  EXPECT_EQ(fallback_of("value: {}"), FallbackOptions(ValueFallback{}));
  EXPECT_EQ(fallback_of("value: {status: 204}"), FallbackOptions(ValueFallback{.status = 204, .body = ""}));
  EXPECT_EQ(fallback_of("cache: {max_stale: 3m, max_entries: 5, max_bytes: 1GiB}"),
            FallbackOptions(
                CachedFallbackOptions{.max_stale = minutes{3}, .max_entries = 5, .max_bytes = 1 << 30}));
  EXPECT_EQ(fallback_of("cache: {}"), FallbackOptions(CachedFallbackOptions{}));
  EXPECT_EQ(fallback_of("queue: {max: 9}"), FallbackOptions(CallQueueOptions{.max = 9}));
  EXPECT_EQ(fallback_of("fail: out of order"), FallbackOptions(FailFallback{"out of order"}));
}

TEST(FallbackSection, MistakesAreLocated) {
  expect_answers({
      {with("fallback: {}"),
       "f.yaml:3:7: policies.p.fallback: 0 kinds found; expected exactly one of value, cache, queue, fail"},
      {with("fallback: {fail: no, queue: {max: 5}}"),
       "f.yaml:3:7: policies.p.fallback: 2 kinds found; expected exactly one of value, cache, queue, fail"},
      {with("fallback: {fail: \"\"}"),
       "f.yaml:3:24: policies.p.fallback.fail: an empty text found; expected text"},
      {with("fallback: {value: {status: 199}}"),
       "f.yaml:3:34: policies.p.fallback.value.status: \"199\" is out of range; expected a whole number from "
       "200 to "
       "599"},
      {with("fallback: {value: {body: {a: 1}}}"),
       "f.yaml:3:32: policies.p.fallback.value.body: a mapping found; expected text; quote it to write \"\" "
       "or {…}"},
      {with("fallback: {value: {status: 204, body: gone}}"),
       "f.yaml:3:45: policies.p.fallback.value.body: an answer with status 204 has no body; expected another "
       "status, or no body"},
      {with("fallback: {value: {content_type: \"text/plain\\r\\nX: y\"}}"),
       "f.yaml:3:40: policies.p.fallback.value.content_type: \"text/plain\\x0d\\x0aX: y\" is not a valid "
       "media type; use, for example, application/json"},
      {with("fallback: {value: {content_type: \"file:/x.json\"}}"),
       "f.yaml:3:40: policies.p.fallback.value.content_type: \"file:/x.json\" is not a valid media type; "
       "use, for example, application/json"},
      {with("fallback: {cache: {max_stale: 0s}}"),
       "f.yaml:3:37: policies.p.fallback.cache.max_stale: 0s is not longer than 0s"},
      {with("preset: core, fallback: {queue: {}}"),
       "f.yaml:3:32: policies.p.fallback.queue.max: is missing; write \"max: 10000\""},
      {with("preset: core, fallback: {queue: {max: 0}}"),
       "f.yaml:3:45: policies.p.fallback.queue.max: 0 is not from 1 to 100000000"},
      {with("fallback: {stale: {}, fail: no}"),
       "f.yaml:3:18: policies.p.fallback.stale: unknown key; expected value, cache, queue or fail"},
  });
}

TEST(ChaosSection, EveryKeyArrives) {
  const Policy policy = policy_of(
      "{chaos: {enabled: true, seed: 7, fail: {probability: 0.1, type: connection_error}, "
      "delay: {probability: 0.2, min: 10ms, max: 1s}, timeout: {probability: 0.05}, "
      "abort: {probability: 0.06}, force_open: {probability: 0.07}}}");
  ChaosOptions expected;
  expected.enabled = true;
  expected.fail = {0.1, FailureType::connection_error};
  expected.delay = {0.2, milliseconds{10}, seconds{1}};
  expected.timeout.probability = 0.05;
  expected.abort.probability = 0.06;
  expected.force_open.probability = 0.07;
  EXPECT_EQ(policy.chaos, expected);
  EXPECT_EQ(policy.chaos_seed, 7U);
}

TEST(ChaosSection, IsOffUnlessAskedForAndWarnsWhenOn) {
  EXPECT_FALSE(policy_of("{chaos: {fail: {probability: 1}}}").chaos->enabled);
  EXPECT_TRUE(warnings_of(with("chaos: {fail: {probability: 1}}")).empty());
  EXPECT_EQ(warnings_of(with("chaos: {enabled: true}")),
            (std::vector<std::string>{
                "f.yaml:3:24: policies.p.chaos.enabled: is on: faults are injected into real calls"}));
}

TEST(ChaosSection, MistakesAreLocated) {
  expect_answers({
      {with("chaos: {fail: {}}"),
       "f.yaml:3:15: policies.p.chaos.fail.probability: is missing; write \"probability: 0.1\""},
      {with("chaos: {abort: {probability: 2}}"),
       "f.yaml:3:36: policies.p.chaos.abort.probability: 2 is not a ratio from 0 to 1"},
      {with("chaos: {delay: {probability: 0.5, min: 2s, max: 1s}}"),
       "f.yaml:3:55: policies.p.chaos.delay.max: 1s is not at least delay.min (2s)"},
      {with("chaos: {abort: {probability: 0.6}, timeout: {probability: 0.6}}"),
       "f.yaml:3:7: policies.p.chaos: the probabilities come to 1.2; expected at most 1, because a call gets "
       "at most one fault"},
  });
}

}  // namespace
}  // namespace switchgear::config
