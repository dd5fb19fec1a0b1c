// `switchgear replay --service`: the breakers of a service, of its routes' policies and of its values.

#include <gtest/gtest.h>

#include <string>

#include "app/lab/replay_command_fixture.hpp"

namespace switchgear::lab {
namespace {

using ReplayOfAService = ReplayFixture;

constexpr const char* services = R"(version: 1
policies:
  around: {circuit_breaker: {consecutive_failures: 5, open_duration: 10s}}
  plain: {timeout: 2s}
services:
  payment:
    url: "http://127.0.0.1:1"
    policy: around
    by: {header: x-tenant, circuit_breaker: {consecutive_failures: 2, open_duration: 5s, half_open: {permitted_calls: 1}}}
    routes: [{prefix: /payment/}]
  search:
    url: "http://127.0.0.1:1"
    policy: plain
    by: {header: x-tenant, idle: 1m, circuit_breaker: {consecutive_failures: 2, open_duration: 5s}}
    routes: [{prefix: /search/}]
  bare: {url: "http://127.0.0.1:1", policy: plain, routes: [{prefix: /bare/}]}
)";

constexpr const char* routed = R"(version: 1
policies:
  around: {circuit_breaker: {consecutive_failures: 3, open_duration: 20s}}
  careful: {timeout: 1s, circuit_breaker: {consecutive_failures: 2, open_duration: 5s, half_open: {permitted_calls: 1}}}
  plain: {timeout: 2s}
services:
  payment:
    url: "http://127.0.0.1:1"
    policy: around
    by: {header: x-tenant, circuit_breaker: {consecutive_failures: 1, open_duration: 2s}}
    routes: [{prefix: /payment/}, {prefix: /payment/refund/, policy: careful}, {prefix: /payment/list/, policy: plain}]
  search:
    url: "http://127.0.0.1:1"
    policy: plain
    routes: [{prefix: /search/}, {prefix: /search/slow/, policy: careful}]
)";

constexpr const char* by_routes =
    R"({"at":1,"id":"a","latency":0,"verdict":"failure","route_policy":"careful"}
{"at":2,"id":"b","latency":0,"verdict":"failure","route_policy":"careful"}
{"at":3,"id":"c","latency":0,"verdict":"success","route_policy":"careful","value":"acme"}
{"at":4,"id":"d","latency":0,"verdict":"failure","route_policy":"plain","value":"acme"}
{"at":8,"id":"e","latency":0,"verdict":"success","route_policy":"careful","value":"acme"}
{"at":9,"op":"force_open","route_policy":"careful"}
)";

constexpr const char* of_tenants = R"({"at":1,"id":"a","latency":0,"verdict":"failure","value":"acme"}
{"at":2,"id":"b","latency":0,"verdict":"failure","value":"acme"}
{"at":3,"id":"c","latency":0,"verdict":"success","value":"acme"}
{"at":3,"id":"d","latency":0,"verdict":"success","value":42}
{"at":4,"id":"e","latency":0,"verdict":"failure"}
{"at":8,"id":"f","latency":0,"verdict":"success","value":"acme"}
)";

TEST_F(ReplayOfAService, ReplaysABreakerForEachValueInsideTheServices) {
  write(options_.config, services);
  write(trace_, of_tenants);
  options_.policy.clear();
  options_.service = "payment";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      R"({"at":1,"op":"acquire","id":"a","value":"acme","decision":"admitted","state":"closed","value_state":"closed"}
{"at":1,"op":"record","id":"a","value":"acme","state":"closed","value_state":"closed"}
{"at":2,"op":"acquire","id":"b","value":"acme","decision":"admitted","state":"closed","value_state":"closed"}
{"at":2,"op":"record","id":"b","value":"acme","state":"closed","value_state":"open"}
{"at":2,"event":"transition","of_value":"acme","from":"closed","to":"open","rule":"consecutive_failures","value":2,"threshold":2}
{"at":3,"op":"acquire","id":"c","value":"acme","decision":"rejected","reason":"open","by":"value","retry_after":4,"state":"closed","value_state":"open"}
{"at":3,"op":"acquire","id":"d","value":"42","decision":"admitted","state":"closed","value_state":"closed"}
{"at":3,"op":"record","id":"d","value":"42","state":"closed","value_state":"closed"}
{"at":4,"op":"acquire","id":"e","decision":"admitted","state":"closed"}
{"at":4,"op":"record","id":"e","state":"closed"}
{"at":8,"op":"acquire","id":"f","value":"acme","decision":"admitted","state":"closed","value_state":"half_open"}
{"at":8,"event":"transition","of_value":"acme","from":"open","to":"half_open","rule":"open_duration","value":6,"threshold":5}
{"at":8,"op":"record","id":"f","value":"acme","state":"closed","value_state":"closed"}
{"at":8,"event":"transition","of_value":"acme","from":"half_open","to":"closed","rule":"recovered","value":0,"threshold":0}
{"event":"summary","calls":6,"successes":2,"failures":3,"slow":0,"ignored":1,"rejected":0,"late":0,"opened":0,"time_open":0,"values":{"calls":4,"successes":2,"failures":2,"ignored":0,"rejected":1,"uncovered":0,"untold":0,"made":2,"evicted":0,"retired":0,"breakers":2,"open":0}}
)");
}

TEST_F(ReplayOfAService, ShowsPeopleWhoseBreakerChangedOfAServiceWithoutOneAround) {
  write(options_.config, services);
  write(trace_, of_tenants);
  options_.policy.clear();
  options_.service = "search";
  options_.json = false;
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, R"(            2s  closed -> open            acme: consecutive_failures 2 >= 2
            8s  open -> half_open         acme: open_duration: 5s are over

  calls                    4
  successes                2
  failures                 2
  ignored                  0
  rejected                 1  by the breaker of their value
  values                   2  2 at the end, 1 of them not closed; retired 0, evicted 0

ends after 11 operations
)");
}

TEST_F(ReplayOfAService, ReplaysTheBreakerOfARoutesPolicyBetweenTheServicesAndTheValues) {
  write(options_.config, routed);
  write(trace_, by_routes);
  options_.policy.clear();
  options_.service = "payment";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      R"({"at":1,"op":"acquire","id":"a","route_policy":"careful","decision":"admitted","state":"closed","route_state":"closed"}
{"at":1,"op":"record","id":"a","route_policy":"careful","state":"closed","route_state":"closed"}
{"at":2,"op":"acquire","id":"b","route_policy":"careful","decision":"admitted","state":"closed","route_state":"closed"}
{"at":2,"op":"record","id":"b","route_policy":"careful","state":"closed","route_state":"open"}
{"at":2,"event":"transition","of_route":"careful","from":"closed","to":"open","rule":"consecutive_failures","value":2,"threshold":2}
{"at":3,"op":"acquire","id":"c","route_policy":"careful","value":"acme","decision":"rejected","reason":"open","by":"route","retry_after":4,"state":"closed","route_state":"open"}
{"at":4,"op":"acquire","id":"d","route_policy":"plain","value":"acme","decision":"admitted","state":"closed","value_state":"closed"}
{"at":4,"op":"record","id":"d","route_policy":"plain","value":"acme","state":"open","value_state":"open"}
{"at":4,"event":"transition","from":"closed","to":"open","rule":"consecutive_failures","value":3,"threshold":3}
{"at":4,"event":"transition","of_value":"acme","from":"closed","to":"open","rule":"consecutive_failures","value":1,"threshold":1}
{"at":8,"op":"acquire","id":"e","route_policy":"careful","value":"acme","decision":"rejected","reason":"open","retry_after":16,"state":"open","route_state":"open","value_state":"open"}
{"at":9,"op":"force_open","route_policy":"careful","state":"open","route_state":"forced_open"}
{"at":9,"event":"transition","of_route":"careful","from":"open","to":"forced_open","rule":"operator","value":0,"threshold":0}
{"event":"summary","calls":4,"successes":0,"failures":3,"slow":0,"ignored":1,"rejected":1,"late":0,"opened":1,"time_open":5,"routes":{"careful":{"calls":2,"successes":0,"failures":2,"slow":0,"ignored":0,"rejected":1,"late":0,"opened":1,"time_open":7}},"values":{"calls":1,"successes":0,"failures":1,"ignored":0,"rejected":0,"uncovered":0,"untold":0,"made":1,"evicted":0,"retired":0,"breakers":1,"open":1}}
)");
}

TEST_F(ReplayOfAService, ShowsPeopleTheTotalsOfEachRoutesPolicy) {
  write(options_.config, routed);
  write(trace_,
        std::string(by_routes) + R"({"at":10,"latency":0,"verdict":"success","route_policy":"gone"})");
  options_.policy.clear();
  options_.service = "search";
  options_.json = false;
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, R"(            2s  closed -> open            careful: consecutive_failures 2 >= 2
            8s  open -> half_open         careful: open_duration: 5s are over
            8s  half_open -> closed       careful: recovered: 0% of the permitted probes failed
            9s  closed -> forced_open     careful: operator

  of calls by routes with the policy careful
  calls                    3
  successes                1
  failures                 2  exception 2
  slow                     0
  ignored                  0
  rejected                 1  open 1
  late                     0
  opened                   1  open for 6s of 9s

  other routes             2  calls name a policy that no route of the service has: played without it

ends (careful: forced_open) after 12 operations
)");
}

TEST_F(ReplayOfAService, APolicyAloneDoesNotLookAtRoutes) {
  write(options_.config, routed);
  write(trace_, by_routes);
  options_.policy = "careful";
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out.find("route"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\"id\":\"d\",\"decision\":\"rejected\""), std::string::npos) << ran.out;
}

TEST_F(ReplayOfAService, TheLimitOfARoutesPolicyDecidesWhoseHurryItWas) {
  write(options_.config, routed);
  write(trace_, R"({"at":1,"latency":9,"verdict":"success","deadline":1.5,"route_policy":"plain"}
{"at":20,"latency":9,"verdict":"success","deadline":1.5,"route_policy":"careful"}
)");
  options_.policy.clear();
  options_.service = "search";
  const Ran ran = run();
  EXPECT_NE(ran.out.find("\"careful\":{\"calls\":1,\"successes\":0,\"failures\":1"), std::string::npos)
      << "its own limit of 1s comes first\n"
      << ran.out;
  options_.service = "payment";
  EXPECT_NE(run().out.find("\"successes\":0,\"failures\":1,\"slow\":0,\"ignored\":1"), std::string::npos)
      << "the policy plain would have waited for 2s";
}

TEST_F(ReplayOfAService, SaysWhichServiceHasNothingToReplay) {
  write(options_.config, services);
  options_.policy.clear();
  options_.service = "bare";
  Ran ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("service \"bare\" has no breaker to replay"), std::string::npos) << ran.err;
  options_.service = "serch";
  ran = run();
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("service \"serch\" does not exist; did you mean \"search\"?"), std::string::npos)
      << ran.err;
}

TEST_F(ReplayOfAService, ComparesPoliciesAsThoseOfAServiceWithBreakersByValue) {
  write(options_.config, services);
  write(trace_, of_tenants);
  options_.policy.clear();
  options_.service = "search";
  options_.compare = {"around", "plain"};
  options_.json = false;
  const Ran ran = run();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("breakers by value\n"), std::string::npos) << ran.out;
  options_.service = "serch";
  EXPECT_EQ(run().err, options_.config + ": service \"serch\" does not exist; did you mean \"search\"?\n");
}

}  // namespace
}  // namespace switchgear::lab
