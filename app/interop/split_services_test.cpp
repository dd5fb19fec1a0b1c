// One cluster of Envoy that becomes several services, because its routes differ in limits or retries.
#include <gtest/gtest.h>

#include <string>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

const std::string two_ways =
    "route_config:\n  name: all\n  virtual_hosts:\n  - name: shop\n    domains: ['*']\n    routes:\n"
    "    - {match: {path_separated_prefix: /a}, route: {cluster: shop, timeout: 1s, retry_policy: {retry_on: "
    "5xx}}}\n"
    "    - {match: {path_separated_prefix: /b}, route: {cluster: shop, timeout: 2s}}\n"
    "clusters:\n- name: shop\n  type: STATIC\n"
    "  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: "
    "10.0.0.1, "
    "port_value: 80}}}}]}]}\n"
    "  circuit_breakers: {thresholds: [{max_retries: 7}]}\n"
    "  health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 2, healthy_threshold: 2, "
    "http_health_check: {path: /healthz}}]\n";

TEST(SplitServices, EachAsksItsHealthCheckForTheHostOfTheCluster) {
  const Ran ran = run_import_of(Mesh::envoy, two_ways);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  ASSERT_EQ(config.services.size(), 2U) << ran.out;
  for (const auto& [name, service] : config.services)
    EXPECT_EQ(std::get<health::HttpCheck>(service.health_check->how).host, "shop") << name;
}

TEST(SplitServices, AFieldThatOnlyOneOfThemHasIsSaidOnce) {
  const Ran ran = run_import_of(Mesh::envoy, two_ways);
  EXPECT_EQ(
      ran.err.find("no counterpart: cluster shop: clusters[0].circuit_breakers.thresholds[0].max_retries"),
      std::string::npos)
      << ran.err;
  EXPECT_NE(
      ran.err.find(
          "max_retries → policies.shop.retry.budget.min_concurrency (not of services.shop-2: nothing is "
          "retried)\n"),
      std::string::npos)
      << ran.err;
}

TEST(SplitServices, ANameThatIsNoHostIsNotSent) {
  std::string text = two_ways;
  for (std::size_t at = text.find("cluster: shop"); at != std::string::npos;
       at = text.find("cluster: shop", at + 1))
    text.replace(at, 13, "cluster: 'a|b'");
  text.replace(text.find("name: shop\n  type"), 10, "name: 'a|b'");
  const Ran ran = run_import_of(Mesh::envoy, text);
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const auto& [name, service] : config::config_of(ran.out).services)
    EXPECT_EQ(std::get<health::HttpCheck>(service.health_check->how).host, "") << name;
  EXPECT_NE(ran.err.find("health_check.http.host (absent: a|b, which is no host"), std::string::npos)
      << ran.err;
}

}  // namespace
}  // namespace switchgear::interop
