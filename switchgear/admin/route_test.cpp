#include "switchgear/admin/route.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchgear::admin {
namespace {

TEST(Route, KnowsEveryFixedPath) {
  const std::vector<std::pair<std::string_view, Resource>> table{
      {"/", Resource::root},
      {"/livez", Resource::live},
      {"/readyz", Resource::ready},
      {"/health", Resource::health},
      {"/health/circuits", Resource::circuits_health},
      {"/circuit-breakers", Resource::breakers},
      {"/status?verbose=1", Resource::status},
      {"/metrics", Resource::metrics},
      {"/events?since=4", Resource::events},
      {"/dashboard", Resource::dashboard},
      {"/openapi.json", Resource::openapi},
      {"/docs/runbooks/flapping.md", Resource::runbook},
      {"/reload", Resource::reload},
  };
  for (const auto& [target, resource] : table) {
    const Routed routed = route_of(target);
    EXPECT_EQ(routed.error, RouteError::none) << target;
    EXPECT_EQ(routed.route.resource, resource) << target;
  }
}

TEST(Route, DecodesNamesAfterCuttingThePathApart) {
  EXPECT_EQ(route_of("/circuit-breakers/a%2Fb%20c%3F").route.name, "a/b c?");
  EXPECT_EQ(route_of("/circuit-breakers/%3Cimg%20src=x%3E").route.name, "<img src=x>");
  EXPECT_EQ(route_of("/circuit-breakers/a+b").route.name, "a+b") << "a plus is a plus in a path";
  EXPECT_EQ(route_of("/circuit-breakers/reset").route.resource, Resource::breaker)
      << "a breaker may be called reset";
}

TEST(Route, KnowsTheCommands) {
  const std::vector<std::pair<std::string, Command>> table{{"reset", Command::reset},
                                                           {"force-open", Command::force_open},
                                                           {"force-close", Command::force_close},
                                                           {"disable", Command::disable},
                                                           {"metrics-only", Command::metrics_only}};
  for (const auto& [word, command] : table) {
    const Routed routed = route_of("/circuit-breakers/pay%6Dent/" + word);
    EXPECT_EQ(routed.error, RouteError::none);
    EXPECT_EQ(routed.route.resource, Resource::breaker_command);
    EXPECT_EQ(routed.route.name, "payment");
    EXPECT_EQ(routed.route.command, command) << word;
    EXPECT_EQ(routed.route.allow(), "POST");
  }
}

TEST(Route, RefusesWhatIsNoPath) {
  for (const std::string_view target :
       {"", "*", "http://127.0.0.1/health", "/circuit-breakers/%", "/circuit-breakers/%zz"}) {
    EXPECT_EQ(route_of(target).error, RouteError::malformed) << target;
  }
}

TEST(Route, KnowsNothingElse) {
  for (const std::string_view target :
       {"/nope", "//health", "/health/", "/circuit-breakers/", "/circuit-breakers/a/b",
        "/circuit-breakers/a/RESET", "/circuit-breakers/a/reset/", "/dashboard/a/b",
        "/dashboard/openapi.json", "/dashboard/docs%2Frunbooks%2Fflapping.md", "/docs/runbooks",
        "/docs/flapping.md", "/docs/runbooks/a/b.md", "/livez/x"}) {
    EXPECT_EQ(route_of(target).error, RouteError::unknown) << target;
  }
}

}  // namespace
}  // namespace switchgear::admin
