#include "app/check/explain_report.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/check/surroundings.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::check {
namespace {

using namespace config;

constexpr const char* everything =
    "{preset: payment, retry: {max_attempts: 3, base: 100ms, factor: 2, jitter: full, budget: {ratio: 0.2,"
    " min_per_second: 3}}, timeout: 2s, deadline: 10s, bulkhead: {max_concurrent: 50, max_queue: 200, "
    "max_wait:"
    " 1s}, rate_limiter: {rate: 100, burst: 50, max_wait: 500ms}, hedge: {delay: 500ms, max_hedges: 1}, "
    "cache:"
    " {ttl: 5s, max_entries: 100}, fallback: {cache: {max_stale: 10m, max_entries: 300}}, circuit_breaker:"
    " {backoff: 2, jitter: 0.1}}";

TEST(Explain, TheGatewayAddsItsOwnBounds) {
  const Config config = config_of(
      "version: 1\ngateway: {threads: 2, limits: {buffered_body_bytes: 1000, cached_body_bytes: 10, "
      "header_bytes:"
      " 2000, target_bytes: 1000, connections: 40}}\npolicies:\n  p: {preset: core, retry: {}, fallback: "
      "{queue:"
      " {max: 7}}, cache: {ttl: 1s, max_entries: 5}}\n  q: {}\nservices:\n"
      "  s: {url: \"http://127.0.0.1:1\", policy: p, routes: [{prefix: /}], connections: {max: 30}}\n");
  const analysis::Surroundings around = surroundings_of(config.services.at("s"), config.gateway);
  const analysis::Explanation all = explain(config.policies.at("p"), around);
  EXPECT_EQ(all.latency.attempt, gateway_timeout);
  EXPECT_EQ(all.in_flight.most, 60U);
  EXPECT_EQ(all.in_flight.limited_by, "connections.max");
  EXPECT_EQ(all.memory.request_body_bytes, 2U * 40 * 1000);
  EXPECT_EQ(all.memory.answer_body_bytes, 5U * 10);
  EXPECT_EQ(all.memory.queue_bytes, 7U * 3000);
  Policy small = config.policies.at("p");
  small.cache->max_bytes = 40;
  EXPECT_EQ(explain(small, around).memory.answer_body_bytes, 40U);
  const analysis::Explanation plain = explain(config.policies.at("q"), around);
  EXPECT_EQ(plain.memory.request_body_bytes, 0U);
  EXPECT_EQ(plain.latency.most, gateway_timeout);
}

constexpr const char* three_instances =
    "version: 1\ngateway: {threads: 2, limits: {connections: 40}}\npolicies:\n"
    "  p: {circuit_breaker: {consecutive_failures: 5}, timeout: 1s}\n"
    "  slow: {circuit_breaker: {consecutive_failures: 3}, timeout: 9s, bulkhead: {max_concurrent: 3}}\n"
    "services:\n"
    "  s: {upstreams: [{url: \"http://127.0.0.1:1\"}, {url: \"http://127.0.0.1:2\"}, {url: "
    "\"http://127.0.0.1:3\"}],\n"
    "      policy: p, connections: {max: 10}, by: {header: x-tenant},\n"
    "      routes: [{prefix: /}, {prefix: /slow/, policy: slow}, {prefix: /slower/, policy: slow}]}\n";

TEST(Explain, EachInstanceHasConnectionsOfItsOwn) {
  const Config config = config_of(three_instances);
  const ServiceOutlook outlook = outlook_of(config.services.at("s"), config);
  EXPECT_EQ(outlook.own.explanation.in_flight.most, 60U) << "10 × 3 instances × 2 threads";
  EXPECT_EQ(outlook.own.explanation.in_flight.limited_by, "connections.max");
}

TEST(Explain, HowManyInstancesANameComesToIsNotGuessed) {
  const Config config = config_of(
      "version: 1\ngateway: {limits: {connections: 40}}\npolicies: {p: {timeout: 1s}}\nservices:\n"
      "  s: {url: \"http://shop.example:1\", policy: p, dns: {refresh: 5s}, connections: {max: 10}, routes: "
      "[{prefix: /}]}\n"
      "  t: {url: \"http://shop.example:1\", policy: p, connections: {max: 10}, routes: [{prefix: /t/}]}\n");
  const auto in_flight = [&](const std::string& name) {
    return outlook_of(config.services.at(name), config).own.explanation.in_flight;
  };
  EXPECT_EQ(in_flight("s").most, 40U);
  EXPECT_EQ(in_flight("s").limited_by, "gateway.limits.connections");
  EXPECT_EQ(in_flight("t").most, 10U) << "without dns, a name is one instance";
}

TEST(Explain, PoliciesOfRoutesAreInsideTheServicesBreaker) {
  const Config config = config_of(three_instances);
  const ServiceOutlook outlook = outlook_of(config.services.at("s"), config);
  ASSERT_EQ(outlook.routes.size(), 1U) << "two routes have one policy";
  EXPECT_EQ(outlook.routes[0].policy, "slow");
  EXPECT_EQ(to_service_text(outlook.routes[0].explanation, config.policies.at("slow")),
            "  order       bulkhead → circuit breaker of the service → circuit breaker →\n"
            "              circuit breaker by x-tenant → timeout → call\n"
            "  latency     at most 9s a call: 1 × 9s\n"
            "  in flight   at most 3 attempts at once (bulkhead)\n");
  EXPECT_EQ(to_text(outlook.in_flight), "  in flight   at most 60 attempts at once (connections.max)\n");
}

TEST(Explain, AllRoutesTogetherHaveNoMoreInFlightThanTheirPoliciesAllow) {
  const Config config = config_of(
      "version: 1\npolicies:\n  p: {bulkhead: {max_concurrent: 4}}\n  q: {bulkhead: {max_concurrent: 3}}\n"
      "services:\n  s: {url: \"http://127.0.0.1:1\", policy: p, routes: [{prefix: /}, {prefix: /q/, policy: "
      "q}]}\n");
  const ServiceOutlook outlook = outlook_of(config.services.at("s"), config);
  EXPECT_EQ(outlook.in_flight.most, 7U);
  EXPECT_EQ(outlook.in_flight.limited_by, "policies");
}

TEST(Explain, DoesNotPromiseToWaitForARetryAfterBeyondTheDeadline) {
  const Policy policy = policy_of("{deadline: 10s, retry: {}}");
  const std::string text = to_text(explain(policy), policy);
  EXPECT_NE(text.find("  Retry-After up to 10s is waited for, and no longer than the deadline leaves;"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("30s"), std::string::npos) << text;
}

TEST(Explain, IsSaidInWords) {
  EXPECT_EQ(to_text(explain(policy_of(everything)), policy_of(everything)),
            "  order       fallback (cache) → cache → rate limiter → bulkhead → deadline →\n"
            "              retry → hedge → circuit breaker → timeout → call\n"
            "  latency     at most 11.5s a call: 500ms for a token + 1s in the queue + 10s\n"
            "              until the deadline, which cuts 3 × 2.5s (hedges included) + 20s of\n"
            "              delays = 27.5s\n"
            "  Retry-After up to 10s is waited for, and no longer than the deadline leaves;\n"
            "              if the service asks for more, its answer goes back at once;\n"
            "              without one the delays come to at most 300ms\n"
            "  load        at most 6 attempts for one call\n"
            "              on average at most 1.2, by the retry budget, and 3 more a second\n"
            "  in flight   at most 100 attempts at once (bulkhead)\n"
            "  breaker     opens after at most 3 failed attempts (1 to 3 calls):\n"
            "              consecutive_failures\n"
            "  open for    1m, 2m, 4m, 5m after 3 relapses and more, all ± 10%\n"
            "  closes      after 5 successful probes; one that hangs for 1m has failed\n"
            "  memory      at most 400 answers, of 128 MiB\n");
  const Policy bare = policy_of("{}");
  EXPECT_EQ(to_text(explain(bare), bare),
            "  order       call\n"
            "  latency     unbounded: no timeout and no deadline limits an attempt\n"
            "  load        at most 1 attempt for one call\n"
            "  in flight   unbounded: no bulkhead, adaptive limit or rate limiter bounds it\n");
}

TEST(Explain, SaysWhatLevelsDo) {
  const Policy policy = policy_of(
      "{circuit_breaker: {failure_rate: 0.5, open_duration: 10s, levels: {warning: {open_duration: 20s}, "
      "critical: "
      "{open_duration: 30s}, emergency: {open_duration: 2m, calm: 10m}}}}");
  const std::string text = to_text(explain(policy), policy);
  EXPECT_NE(text.find("  open for    20s each time\n"), std::string::npos) << text;
  EXPECT_NE(text.find("above a failure rate of 60%"), std::string::npos) << text;
  EXPECT_NE(text.find("emergency opens for 2m, comes down once closed for 10m\n"), std::string::npos) << text;
}

TEST(Explain, IsSaidToPrograms) {
  const boost::json::object all = to_json(explain(policy_of(everything)));
  EXPECT_EQ(all.at("latency").at("most").as_double(), 11.5);
  EXPECT_EQ(all.at("amplification").at("most").to_number<int>(), 6);
  EXPECT_EQ(all.at("amplification").at("steady").as_double(), 1.2);
  EXPECT_EQ(all.at("in_flight").at("most").to_number<int>(), 100);
  EXPECT_EQ(all.at("breaker").at("openings").as_array().size(), 4U);
  EXPECT_EQ(all.at("breaker").at("notices").at("attempts").to_number<int>(), 3);
  EXPECT_EQ(all.at("memory").at("stale_answers").to_number<int>(), 300);
  const boost::json::object bare = to_json(explain(policy_of("{}")));
  EXPECT_TRUE(bare.at("latency").at("most").is_null());
  EXPECT_TRUE(bare.at("in_flight").at("most").is_null());
  EXPECT_TRUE(bare.at("breaker").is_null());
}

TEST(Explain, BytesAreWrittenInTheLargestUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(std::uint64_t{640} * 1000 * 1024), "625 MiB");
}

}  // namespace
}  // namespace switchgear::check
