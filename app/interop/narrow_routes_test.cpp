// An imported route takes no request that it does not take in the mesh, unless the report says so.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

Ran import_istio_match(const std::string& hosts, const std::string& match) {
  return run_import_of(Mesh::istio,
                       "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n"
                       "spec:\n  hosts: " +
                           hosts + "\n  http:\n  - match: [{" + match +
                           "}]\n"
                           "    route: [{destination: {host: b}}]\n");
}

Ran import_envoy_match_of(const std::string& domains, const std::string& headers) {
  return run_import_of(
      Mesh::envoy,
      "route_config:\n  name: all\n  virtual_hosts:\n  - name: shop\n    domains: " + domains +
          "\n    routes:\n"
          "    - {match: {prefix: /, headers: " +
          headers +
          "}, route: {cluster: b}}\n"
          "clusters:\n- name: b\n  type: STATIC\n"
          "  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: "
          "{address: 10.0.0.1, port_value: 80}}}}]}]}\n");
}

/// The hosts of the routes.
std::vector<std::string> hosts_in(const Ran& ran) {
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  std::vector<std::string> hosts;
  for (const config::Route& route : config.services.at("b").routes) hosts.push_back(route.host);
  return hosts;
}

using Hosts = std::vector<std::string>;
constexpr std::string_view excluded = "the route is left out: no request for these hosts has the host";

TEST(NarrowRoutes, AnAuthorityThatTheHostsExcludeLeavesTheRouteOut) {
  for (const char* host : {"evil.org", "a.com", "xa.com"}) {
    const Ran ran = import_istio_match("['*.a.com']", "authority: {exact: " + std::string(host) + "}");
    EXPECT_EQ(hosts_in(ran), Hosts{}) << host;
    EXPECT_NE(ran.err.find(excluded), std::string::npos) << ran.err;
  }
  EXPECT_EQ(hosts_in(import_istio_match("['*.a.com']", "authority: {exact: 'B.a.com'}")), Hosts{"b.a.com"});
  EXPECT_EQ(hosts_in(import_istio_match("['*.a.com']", "authority: {exact: '*.a.com'}")), Hosts{});
  EXPECT_EQ(hosts_in(import_istio_match("['*']", "authority: {exact: b.com}")), Hosts{"b.com"});
  EXPECT_EQ(hosts_in(import_istio_match("[a.com, b.com]", "authority: {exact: b.com}")), Hosts{"b.com"});
}

TEST(NarrowRoutes, AnAuthorityThatTheDomainsExcludeLeavesTheRouteOut) {
  const std::string asks = "[{name: ':authority', string_match: {exact: b.com}}]";
  const Ran ran = import_envoy_match_of("[a.com]", asks);
  EXPECT_EQ(hosts_in(ran), Hosts{});
  EXPECT_NE(ran.err.find(excluded), std::string::npos) << ran.err;
  EXPECT_EQ(hosts_in(import_envoy_match_of("[a.com, B.com]", asks)), Hosts{"b.com"});
  EXPECT_EQ(hosts_in(import_envoy_match_of("['*.com', '*']", asks)), Hosts{"b.com"});
}

TEST(NarrowRoutes, TwoDifferentConditionsOfOneFieldLeaveTheRouteOut) {
  const auto both = [](const std::string& name, const std::string& first, const std::string& second) {
    return import_envoy_match_of("[a.com]", "[{name: '" + name + "', string_match: " + first + "}, {name: '" +
                                                name + "', string_match: " + second + "}]");
  };
  for (const Ran& ran : {both("x", "{exact: '1'}", "{exact: '2'}"),
                         both(":method", "{exact: GET}", "{safe_regex: {regex: GET|POST}}"),
                         both(":authority", "{exact: a.com}", "{exact: b.com}")}) {
    EXPECT_EQ(hosts_in(ran), Hosts{});
    EXPECT_NE(ran.err.find("match.headers[1] (a route has no such condition)"), std::string::npos) << ran.err;
  }
  EXPECT_EQ(hosts_in(both("x", "{exact: '1'}", "{exact: '1'}")), Hosts{"a.com"});
  EXPECT_EQ(hosts_in(both(":method", "{exact: GET}", "{exact: GET}")), Hosts{"a.com"});
}

TEST(NarrowRoutes, ADomainWithOnePortIsApproximated) {
  const auto line_of = [](const std::string& domains) {
    const Ran ran = import_envoy_match_of(domains, "[]");
    EXPECT_EQ(hosts_in(ran), Hosts{"a.com"}) << domains;
    return ran.err.substr(0, ran.err.find('\n'));
  };
  EXPECT_NE(line_of("['a.com:8080']").find("approximated: "), std::string::npos);
  EXPECT_NE(line_of("['a.com:8080']").find("(takes every port of the host)"), std::string::npos);
  EXPECT_NE(line_of("['a.com:*']").find("imported: "), std::string::npos);
  EXPECT_NE(line_of("[a.com, 'a.com:80']").find("imported: "), std::string::npos);
}

}  // namespace
}  // namespace switchgear::interop
