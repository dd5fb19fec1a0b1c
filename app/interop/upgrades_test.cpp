// Upgrades to WebSocket, which Envoy lets pass where `upgrade_configs` says so, and Istio everywhere.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

/// What each route of a file upgrades to, by its path.
std::map<std::string, std::vector<std::string>> upgrades_of(const std::string& policy_file) {
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& [name, service] : config::config_of(policy_file).services) {
    for (const config::Route& route : service.routes) found[route.path] = route.upgrade;
  }
  return found;
}

const std::vector<std::string> none;
const std::vector<std::string> websocket{"websocket"};

std::string listener(const std::string& upgrades) {
  return R"(static_resources:
  listeners:
  - name: http
    address: {socket_address: {address: 127.0.0.1, port_value: 7000}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
)" + (upgrades.empty() ? "" : "          upgrade_configs: [" + upgrades + "]\n") +
         R"(          route_config:
            virtual_hosts:
            - name: any
              domains: ["*"]
              routes:
              - {match: {path: /silent}, route: {cluster: chat}}
              - match: {path: /on}
                route: {cluster: chat, upgrade_configs: [{upgrade_type: WebSocket}]}
              - match: {path: /off}
                route: {cluster: chat, upgrade_configs: [{upgrade_type: websocket, enabled: false}]}
              - match: {path: /connect}
                route: {cluster: chat, upgrade_configs: [{upgrade_type: CONNECT, connect_config: {}}]}
  clusters:
  - name: chat
    load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}
)";
}

TEST(Upgrades, ARouteOfEnvoyHasThoseOfItsListenerUnlessItSaysOtherwise) {
  const Ran off = run_import_of(Mesh::envoy, listener(""));
  ASSERT_EQ(off.code, 0) << off.err;
  EXPECT_EQ(upgrades_of(off.out),
            (std::map<std::string, std::vector<std::string>>{
                {"/silent", none}, {"/on", websocket}, {"/off", none}, {"/connect", none}}));
  const Ran on = run_import_of(Mesh::envoy, listener("{upgrade_type: websocket, filters: []}"));
  ASSERT_EQ(on.code, 0) << on.err;
  EXPECT_EQ(upgrades_of(on.out),
            (std::map<std::string, std::vector<std::string>>{
                {"/silent", websocket}, {"/on", websocket}, {"/off", none}, {"/connect", websocket}}));
  EXPECT_NE(on.err.find("typed_config.upgrade_configs[0] → upgrade of the listener's routes\n"),
            std::string::npos)
      << on.err;
  EXPECT_NE(on.err.find("upgrade_configs[0].connect_config (CONNECT is not served)\n"), std::string::npos)
      << on.err;
  EXPECT_NE(on.err.find("upgrade_configs[0] (upgrades are imported for WebSocket only)\n"), std::string::npos)
      << on.err;
  const Ran disabled = run_import_of(Mesh::envoy, listener("{upgrade_type: websocket, enabled: false}"));
  EXPECT_EQ(upgrades_of(disabled.out), upgrades_of(off.out));
}

TEST(Upgrades, EveryRouteOfIstioPassesWebSocket) {
  const std::string report =
      "upgrade of its routes (Istio passes WebSocket, and no other upgrade, on every route)\n";
  const Ran routed = run_import_of(Mesh::istio, R"(apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: chat}
spec:
  hosts: [chat.example.com]
  http:
  - match: [{uri: {exact: /a}}, {uri: {exact: /b}}]
    route: [{destination: {host: chat}}]
)");
  ASSERT_EQ(routed.code, 0) << routed.err;
  EXPECT_EQ(upgrades_of(routed.out),
            (std::map<std::string, std::vector<std::string>>{{"/a", websocket}, {"/b", websocket}}));
  EXPECT_NE(routed.err.find("imported: VirtualService chat: spec.http[0] → " + report), std::string::npos)
      << routed.err;
  const Ran unrouted = run_import_of(
      Mesh::istio,
      "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: c}\nspec: {host: chat}\n");
  EXPECT_EQ(upgrades_of(unrouted.out), (std::map<std::string, std::vector<std::string>>{{"/", websocket}}));
}

TEST(Upgrades, AnExportToIstioSaysThatEveryRoutePassesWebSocket) {
  const auto file = [](const std::string& upgrade) {
    return "version: 1\npolicies: {p: {timeout: 1s}}\nservices:\n  chat: {url: \"http://chat:80\", policy: "
           "p, "
           "routes: [{prefix: /" +
           upgrade + "}]}\n";
  };
  const std::string at = "gateway.yaml: ";
  const auto report = [&](const std::string& upgrade) {
    return run_export_of(Mesh::istio, file(upgrade)).err;
  };
  const std::string field = "services.chat.routes[0].upgrade";
  EXPECT_NE(
      report("").find("approximated: " + field + " (Istio passes WebSocket on every route, here on none)\n"),
      std::string::npos)
      << report("");
  EXPECT_NE(report(", upgrade: [websocket]")
                .find("exported: " + field + " (Istio passes WebSocket on every route)\n"),
            std::string::npos)
      << report(", upgrade: [websocket]");
  EXPECT_NE(report(", upgrade: [websocket, spdy/3.1]")
                .find("no counterpart: " + field + " (of upgrades, Istio passes only those to WebSocket)\n"),
            std::string::npos);
}

}  // namespace
}  // namespace switchgear::interop
