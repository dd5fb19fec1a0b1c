// A rewrite of a mesh and the one that is made of it send the service the same paths.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/interop/interop_fixture.hpp"
#include "switchgear/config/sent_path.hpp"

namespace switchgear::interop {
namespace {

std::string sent(const config::Route& route, const std::string& target) {
  std::string out;
  const config::TargetPath path{target};
  config::write_sent_path(out, route, target, path);
  return out;
}

config::Route only_route(const Ran& ran) {
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  EXPECT_EQ(config.services.size(), 1U) << ran.out;
  const auto& routes = config.services.begin()->second.routes;
  EXPECT_EQ(routes.size(), 1U) << ran.out;
  return routes.empty() ? config::Route{} : routes.front();
}

Ran import_of_envoy(const std::string& match, const std::string& rewrite) {
  return run_import_of(
      Mesh::envoy,
      "route_config:\n  name: all\n  virtual_hosts:\n  - name: shop\n    domains: ['*']\n    routes:\n"
      "    - {match: {" +
          match + "}, route: {cluster: b, " + rewrite +
          "}}\n"
          "clusters:\n- name: b\n  type: STATIC\n"
          "  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: "
          "{address: 10.0.0.1, port_value: 80}}}}]}]}\n");
}

Ran import_of_istio(const std::string& matches, const std::string& to) {
  return run_import_of(Mesh::istio,
                       "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n"
                       "spec:\n  hosts: [a.com]\n  http:\n  - match: " +
                           matches + "\n    rewrite: {uri: " + to +
                           "}\n    route: [{destination: {host: b}}]\n");
}

TEST(PathRewrites, OfAPrefixSendThePrefixItselfAsEnvoyDoes) {
  const Ran ran = import_of_envoy("path_separated_prefix: /users", "prefix_rewrite: /v2/users");
  EXPECT_NE(
      ran.err.find("imported: routes all: route_config.virtual_hosts[0].routes[0].route.prefix_rewrite"),
      std::string::npos)
      << ran.err;
  const config::Route route = only_route(ran);
  EXPECT_EQ(sent(route, "/users"), "/v2/users");
  EXPECT_EQ(sent(route, "/users?x=1"), "/v2/users?x=1");
  EXPECT_EQ(sent(route, "/users/7"), "/v2/users/7");
}

TEST(PathRewrites, SayWhereTheSlashBehindThePrefixIsLeftOut) {
  const std::string both = "[{uri: {exact: /users}}, {uri: {prefix: /users/}}]";
  const Ran ran = import_of_istio(both, "/v2/");
  EXPECT_NE(ran.err.find("rewrite.uri → rewrite of the routes (/users is sent as /v2)"), std::string::npos)
      << ran.err;
  EXPECT_EQ(sent(only_route(ran), "/users/7"), "/v2/7");
  const Ran earlier = import_of_envoy("path_separated_prefix: /users",
                                      "regex_rewrite: {pattern: {regex: '^/users/?'}, substitution: /v2/}");
  EXPECT_NE(earlier.err.find("(the prefix itself is sent as /v2)"), std::string::npos) << earlier.err;
}

TEST(PathRewrites, AreExportedAsTheGatewayDoesThem) {
  const auto with = [](const std::string& url, const std::string& route) {
    return "version: 1\npolicies: {p: {timeout: 1s}}\nservices: {s: {url: \"" + url +
           "\", policy: p, routes: [{" + route + "}]}}\n";
  };
  const std::string users = "prefix: /users, strip_prefix: true, rewrite: \"/v2{path}\"";
  for (const Mesh mesh : {Mesh::istio, Mesh::envoy}) {
    const std::string text = run_export_of(mesh, with("http://10.0.0.1:80/base", users)).out;
    EXPECT_NE(text.find("^/users"), std::string::npos) << text;
    EXPECT_EQ(text.find("^/users/?"), std::string::npos) << text;
    EXPECT_NE(text.find("/base/v2"), std::string::npos) << text;
    EXPECT_EQ(text.find("/base/v2/"), std::string::npos) << text;
    const config::Route back = only_route(run_import_of(mesh, text));
    EXPECT_EQ(sent(back, "/users?x"), "/base/v2?x");
    EXPECT_EQ(sent(back, "/users/7"), "/base/v2/7");
    const std::string below =
        run_export_of(mesh, with("http://10.0.0.1:80/base", "prefix: /users, strip_prefix: true")).out;
    EXPECT_NE(below.find("^/users/?"), std::string::npos) << below;
    EXPECT_NE(below.find("/base/"), std::string::npos) << below;
  }
}

}  // namespace
}  // namespace switchgear::interop
