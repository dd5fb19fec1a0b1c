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

TEST(SplitServices, EachHasAllLimitsOfTheClusterWhichIsSaid) {
  const Ran ran = run_import_of(Mesh::envoy, two_ways);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const std::string how = ", for each of the 2 services of this host, 2 times as much in all)\n";
  for (const std::string field : {"max_connections → services.shop.connections.max",
                                  "max_connections → services.shop-2.connections.max",
                                  "max_pending_requests → services.shop.connections.max_waiting",
                                  "max_requests → policies.shop-2.bulkhead.max_concurrent"}) {
    const std::string line =
        "approximated: cluster shop: clusters[0].circuit_breakers.thresholds[0]." + field;
    EXPECT_NE(ran.err.find(line + " (absent: 1024" + how), std::string::npos) << line << ran.err;
  }
}

TEST(SplitServices, LimitsThatARuleWritesDownAreApproximatedOnlyIfThereAreSeveral) {
  const auto import = [](const std::string& last_timeout) {
    const std::string text =
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: pay}\n"
        "spec:\n  hosts: [pay]\n  http:\n"
        "  - {match: [{uri: {prefix: /a/}}], timeout: 1s, route: [{destination: {host: pay}}]}\n"
        "  - {timeout: " +
        last_timeout +
        ", route: [{destination: {host: pay}}]}\n---\n"
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: pay}\n"
        "spec: {host: pay, trafficPolicy: {connectionPool: {tcp: {maxConnections: 10}, "
        "http: {http2MaxRequests: 20, http1MaxPendingRequests: 5, maxRetries: 3}}}}\n";
    return run_import_of(Mesh::istio, text).err;
  };
  const std::string apart = import("2s");
  const std::string alike = import("1s");
  for (const std::string field : {"tcp.maxConnections → services.pay.connections.max",
                                  "http.http1MaxPendingRequests → services.pay.connections.max_waiting",
                                  "http.http2MaxRequests → policies.pay.bulkhead.max_concurrent",
                                  "http.maxRetries → policies.pay.retry.budget.min_concurrency"}) {
    const std::string line = "DestinationRule pay: spec.trafficPolicy.connectionPool." + field;
    EXPECT_NE(apart.find("approximated: " + line +
                         " (for each of the 2 services of this host, 2 times as much in all)\n"),
              std::string::npos)
        << apart;
    EXPECT_NE(alike.find("imported: " + line + "\n"), std::string::npos) << alike;
  }
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
