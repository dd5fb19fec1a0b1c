#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::seconds;
using Errors = std::vector<std::string>;

/// The keys of the service begin at line 4, column 7.
std::string service(const std::string& keys) {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {" + keys +
         ", policy: p, routes: [{prefix: /s/}]}\n";
}

Service read(const std::string& keys) { return config_of(service(keys)).services.at("s"); }

const std::string two = "upstreams: [{url: http://a:1}, {url: http://b:2}]";

TEST(UpstreamSection, ASingleUrlIsOneInstance) {
  const Service one = read("url: http://a:1/v1");
  EXPECT_EQ(one.upstreams, (std::vector<Upstream>{{{"a", 1}, 1}}));
  EXPECT_EQ(one.base_path, "/v1");
  EXPECT_FALSE(one.ejection);
}

TEST(UpstreamSection, InstancesHaveWeightsAndOnePath) {
  const Service several = read(
      "upstreams: [{url: http://a:1/v1, weight: 2.5}, {url: http://b/v1}, {url: "
      "http://c/v1, weight: 0}]");
  EXPECT_EQ(several.upstreams, (std::vector<Upstream>{{{"a", 1}, 2.5}, {{"b", 80}, 1}, {{"c", 80}, 0}}));
  EXPECT_EQ(several.base_path, "/v1");
}

TEST(UpstreamSection, EachInstanceIsExpectedToBeWhoItsUrlSays) {
  const std::string secure = "upstreams: [{url: https://a.test}, {url: https://b.test:9443}]";
  const Service named = read(secure);
  EXPECT_EQ(named.upstreams.at(0).tls->name, "a.test");
  EXPECT_EQ(named.upstreams.at(1).tls->name, "b.test");
  const Service shared = read(secure + ", tls: {server_name: shop.internal}");
  for (const Upstream& each : shared.upstreams) EXPECT_EQ(each.tls->name, "shop.internal");
  EXPECT_FALSE(read(two).upstreams.at(0).tls);
}

TEST(UpstreamSection, SaysHowCallsAreSpread) {
  EXPECT_EQ(read(two).balance.method, instances::Balance::least_requests);
  EXPECT_EQ(read(two + ", balance: round_robin").balance.method, instances::Balance::round_robin);
  const Service slow = read(two + ", balance: {method: round_robin, slow_start: 30s, slow_start_from: 0.2}");
  EXPECT_EQ(slow.balance, (instances::BalanceOptions{instances::Balance::round_robin, seconds{30}, 0.2}));
  const Service hashed = read(two + ", balance: {hash: {header: X-User, bound: 2}}");
  EXPECT_EQ(hashed.balance.method, instances::Balance::hash);
  EXPECT_EQ(hashed.balance_header, "x-user");
  EXPECT_EQ(hashed.balance.bound, 2);
}

TEST(UpstreamSection, TheAddressesOfANameAreInstancesIfTheFileSaysSo) {
  EXPECT_EQ(read("url: http://a").dns_refresh, std::nullopt) << "one instance, tried address by address";
  EXPECT_EQ(read("url: http://a, dns: {}").dns_refresh, seconds{10});
  EXPECT_EQ(read(two).dns_refresh, seconds{10});
  const Service read_service = read(two + ", dns: {refresh: 30s, max_connection_age: 5m}");
  EXPECT_EQ(read_service.dns_refresh, seconds{30});
  EXPECT_EQ(read_service.pool.max_age, seconds{300});
  EXPECT_EQ(errors_of(service(two + ", dns: {refresh: 0s}")),
            Errors{"f.yaml:4:73: services.s.dns.refresh: \"0s\" is out of range; expected from 1s to 24h"});
}

TEST(UpstreamSection, EveryKeyOfTheEjectionArrives) {
  const Service read_service = read(
      two +
      ", ejection: {consecutive_5xx: 3, consecutive_gateway: {count: 4, enforce: 0.5}, consecutive_local: "
      "false, local_errors: apart, success_rate: {stdev: 2, minimum_hosts: 3, volume: 10, enforce: 0.1, "
      "enforce_local: 0.2}, failure_percentage: {threshold: 0.5, minimum_hosts: 2, volume: 9}, interval: 5s, "
      "base: 20s, max: 60s, jitter: 2s, max_ejected: 0.5, always_one: true, panic: 0.25}");
  instances::EjectionOptions wanted;
  wanted.consecutive_5xx = instances::ConsecutiveRule{3, 1};
  wanted.consecutive_gateway = instances::ConsecutiveRule{4, 0.5};
  wanted.consecutive_local.reset();
  wanted.local_errors = instances::LocalErrors::apart;
  wanted.success_rate = instances::SuccessRateRule{2, 3, 10, 0.1, 0.2};
  wanted.failure_percentage = instances::FailurePercentageRule{0.5, 2, 9, 1, 1};
  wanted.interval = seconds{5};
  wanted.base = seconds{20};
  wanted.max = seconds{60};
  wanted.jitter = seconds{2};
  wanted.max_ejected = 0.5;
  wanted.always_one = true;
  wanted.panic = 0.25;
  EXPECT_EQ(read_service.ejection, wanted);
}

TEST(UpstreamSection, WithoutKeysTheEjectionIsEnvoys) {
  EXPECT_EQ(read(two + ", ejection: {max_ejected: 0.1}").ejection, instances::EjectionOptions{});
}

TEST(UpstreamSection, ARuleThatIsNamedIsEnforced) {
  const auto named =
      read(two + ", ejection: {consecutive_gateway: 5, failure_percentage: {volume: 50}}").ejection;
  EXPECT_EQ(named->consecutive_gateway->enforce, 1);
  EXPECT_EQ(named->failure_percentage->enforce, 1);
  const auto unnamed = read(two + ", ejection: {interval: 10s}").ejection;
  EXPECT_EQ(unnamed->consecutive_gateway->enforce, 0) << "only told";
  EXPECT_EQ(unnamed->failure_percentage->enforce, 0) << "only told";
}

TEST(UpstreamSection, LocatesWhatIsWrong) {
  expect_answers({
      {service("upstreams: []"),
       "f.yaml:4:18: services.s.upstreams: an empty list found; expected at least one instance"},
      {service("url: http://a, " + two),
       "f.yaml:4:12: services.s.url: contradicts upstreams, which name the service's addresses; expected one "
       "of the two"},
      {service("upstreams: [{url: http://a:1}, {url: http://A:1/}]"),
       "f.yaml:4:44: services.s.upstreams[1].url: \"a:1\" is in the list twice; expected it once"},
      {service("upstreams: [{url: http://10.0.0.1}, {url: \"http://[::ffff:10.0.0.1]\"}]"),
       "f.yaml:4:49: services.s.upstreams[1].url: \"[::ffff:10.0.0.1]:80\" is in the list twice; expected it "
       "once"},
      {service("upstreams: [{url: http://a/v1}, {url: http://b/v2}]"),
       "f.yaml:4:45: services.s.upstreams[1].url: the path \"/v2\" differs from \"/v1\" of the first url; "
       "expected the same for all instances"},
      {service("upstreams: [{url: http://a}, {url: https://b}]"),
       "f.yaml:4:42: services.s.upstreams[1].url: some instances have https and others http; expected the "
       "same "
       "for all"},
      {service("upstreams: [{weight: 1}]"),
       "f.yaml:4:19: services.s.upstreams[0].url: is missing; write \"url: http://127.0.0.1:9001\""},
      {service("upstreams: [{url: http://a, weight: -1}]"),
       "f.yaml:4:43: services.s.upstreams[0].weight: \"-1\" is out of range; expected a number from 0 to "
       "1000000"},
      {service("upstreams: [{url: http://127.0.0.1:8080}]"),
       "f.yaml:4:25: services.s.upstreams[0].url: \"http://127.0.0.1:8080\" is where the gateway itself "
       "listens: it would call itself for ever"},
      {service(two + ", balance: random"),
       "f.yaml:4:67: services.s.balance: \"random\" is not known; expected round_robin or least_requests"},
      {service(two + ", balance: hash"),
       "f.yaml:4:67: services.s.balance: does not say what the hash is of; write balance: {hash: {header: "
       "x-user}}"},
      {service(two + ", balance: {method: round_robin, hash: {header: x}}"),
       "f.yaml:4:76: services.s.balance.method: contradicts hash, which is a method itself; expected one of "
       "the two"},
      {service(two + ", balance: {hash: {}}"),
       "f.yaml:4:68: services.s.balance.hash.header: is missing; write \"header: x-user\""},
      {service(two + ", balance: {hash: {header: connection}}"),
       "f.yaml:4:83: services.s.balance.hash.header: \"connection\" is between client and gateway; expected "
       "a "
       "field that the service gets"},
      {service(two + ", balance: {hash: {header: x-user, bound: 0.5}}"),
       "f.yaml:4:98: services.s.balance.hash.bound: 0.5 is not a number from 1 to 1000"},
      {service(two + ", ejection: true"),
       "f.yaml:4:68: services.s.ejection: true found; expected a mapping (key: value)"},
      {service(two + ", ejection: 5"),
       "f.yaml:4:68: services.s.ejection: a number found; expected a mapping (key: value)"},
      {service(two + ", ejection: {consecutive_5xx: many}"),
       "f.yaml:4:86: services.s.ejection.consecutive_5xx: \"many\" is not a whole number; expected a "
       "whole number"},
      {service(two + ", ejection: {max_ejected: 2}"),
       "f.yaml:4:82: services.s.ejection.max_ejected: 2 is not a ratio from 0 to 1"},
      {service(two + ", ejection: {base: 60s, max: 30s}"),
       "f.yaml:4:85: services.s.ejection.max: 30s is not at least base (60s)"},
  });
}

TEST(UpstreamSection, WarnsOfAnEjectionThatHasNoRoom) {
  const std::string addresses = "upstreams: [{url: http://10.0.0.1}, {url: http://10.0.0.2}]";
  EXPECT_EQ(warnings_of(service(addresses + ", ejection: {consecutive_5xx: 5}")),
            Errors{"f.yaml:4:68: services.s.ejection: ejects nothing: one of 2 instances is more than "
                   "max_ejected allows; set always_one: true, or max_ejected to at least 0.50"});
  EXPECT_EQ(warnings_of(service(addresses + ", ejection: {max_ejected: 0.5}")), Errors{});
  EXPECT_EQ(warnings_of(service(addresses + ", ejection: {always_one: true}")), Errors{});
  EXPECT_EQ(warnings_of(service(two + ", ejection: {consecutive_5xx: 5}")), Errors{})
      << "names may have any number of addresses";
  EXPECT_EQ(
      warnings_of(service("url: http://10.0.0.1, ejection: {consecutive_5xx: 5}")),
      Errors{
          "f.yaml:4:29: services.s.ejection: ejects nothing: the service has one instance, which max_ejected "
          "does not allow to be out; set always_one: true, or leave ejection out"});
}

const std::string addresses = "upstreams: [{url: http://10.0.0.1}, {url: http://10.0.0.2}]";

TEST(UpstreamSection, WarnsOfAnEjectionWithoutARule) {
  const std::string all_off =
      "consecutive_5xx: false, consecutive_gateway: false, consecutive_local: false, success_rate: false, "
      "failure_percentage: false";
  const std::string none = "ejection: {max_ejected: 0.5, " + all_off + "}";
  EXPECT_EQ(
      warnings_of(service(addresses + ", " + none)),
      Errors{"f.yaml:4:68: services.s.ejection: ejects nothing: every rule is off; turn one on, or leave "
             "ejection out"});
}

TEST(UpstreamSection, WarnsOfARuleWhoseFindingsEjectNothing) {
  const std::string observed =
      "f.yaml:4:128: services.s.ejection.consecutive_gateway.enforce: ejects nothing: what this rule finds "
      "is only "
      "logged, at the level debug";
  EXPECT_EQ(
      warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, consecutive_gateway: {enforce: 0}}")),
      Errors{observed});
  EXPECT_EQ(
      warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, failure_percentage: {minimum_hosts: 2, "
                                      "enforce: 0, enforce_local: 0.5}, local_errors: apart}")),
      Errors{})
      << "it ejects for local errors";
  EXPECT_EQ(
      warnings_of(service(addresses +
                          ", ejection: {max_ejected: 0.5, consecutive_5xx: {enforce: 0}, success_rate: "
                          "false, consecutive_local: false}")),
      Errors{
          "f.yaml:4:68: services.s.ejection: ejects nothing: no rule is enforced, and what they find is only "
          "logged, at the level debug; set enforce of one above 0"});
}

TEST(UpstreamSection, WarnsOfARuleOfLocalErrorsThatAnotherOvertakes) {
  const auto warnings = [](const std::string& rules) {
    return warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, " + rules + "}"));
  };
  const auto place = [](const std::string& column) {
    return "f.yaml:4:" + column + ": services.s.ejection.consecutive_local: ";
  };
  const std::string too = " counts errors without an answer too, and ejects after ";
  EXPECT_EQ(warnings("consecutive_local: 10"), Errors{place("116") + "never ejects: consecutive_5xx" + too +
                                                      "5; set local_errors: apart, or a count below 5"});
  EXPECT_EQ(warnings("consecutive_local: {count: 3}, consecutive_gateway: 3"),
            Errors{place("97") + "never ejects: consecutive_gateway" + too +
                   "3; set local_errors: apart, or a count below 3"});
  EXPECT_EQ(warnings("consecutive_local: 10, local_errors: apart"), Errors{});
  EXPECT_EQ(warnings("consecutive_local: 3"), Errors{}) << "it comes first";
  EXPECT_EQ(warnings("consecutive_local: 5, consecutive_5xx: {count: 5, enforce: 0.5}"), Errors{})
      << "the other ejects every second time";
  EXPECT_EQ(warnings("consecutive_local: 5, consecutive_5xx: false, success_rate: false"), Errors{})
      << "it ejects by itself";
}

TEST(UpstreamSection, WarnsOfARuleThatComparesMoreInstancesThanThereAre) {
  EXPECT_EQ(
      warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, success_rate: {minimum_hosts: 3}}")),
      Errors{
          "f.yaml:4:127: services.s.ejection.success_rate.minimum_hosts: never ejects: it compares at least "
          "3 instances (minimum_hosts), and the service has 2"});
  EXPECT_EQ(
      warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, failure_percentage: {threshold: 1}}")),
      Errors{"f.yaml:4:97: services.s.ejection.failure_percentage: never ejects: it compares at least 5 "
             "instances "
             "(minimum_hosts), and the service has 2"});
  EXPECT_EQ(
      warnings_of(service(addresses + ", ejection: {max_ejected: 0.5, success_rate: {minimum_hosts: 2}}")),
      Errors{});
  EXPECT_EQ(warnings_of(service(two + ", ejection: {success_rate: {minimum_hosts: 3}}")), Errors{})
      << "names may have any number of addresses";
}

TEST(UpstreamSection, WarnsOfKeysThatHaveNoEffect) {
  EXPECT_EQ(
      warnings_of(
          service("upstreams: [{url: http://10.0.0.1, weight: 0}, {url: http://10.0.0.2, weight: 0}]")),
      Errors{
          "f.yaml:4:7: services.s.upstreams: every weight is 0: no instance is preferred, and the calls are "
          "spread as with equal weights; a weight of 0 makes an instance the reserve of others"});
  EXPECT_EQ(warnings_of(service(two + ", balance: {slow_start_from: 0.3}")),
            Errors{"f.yaml:4:85: services.s.balance.slow_start_from: has no effect without slow_start"});
  EXPECT_EQ(warnings_of(service(two + ", balance: {slow_start_from: 0.3, slow_start: 10s}")), Errors{});
  const Errors no_names{
      "f.yaml:4:74: services.s.dns.refresh: has no effect: every url has an address, and no name "
      "to look up"};
  EXPECT_EQ(warnings_of(service(addresses + ", dns: {refresh: 5s}")), no_names);
  EXPECT_EQ(warnings_of(service(addresses + ", dns: {refresh: 5s, max_connection_age: 1m}")), no_names);
  EXPECT_EQ(warnings_of(service(addresses + ", dns: {max_connection_age: 1m}")), Errors{})
      << "connections grow old, whatever they lead to";
  EXPECT_EQ(warnings_of(service(two + ", dns: {refresh: 5s}")), Errors{});
}

}  // namespace
}  // namespace switchgear::config
