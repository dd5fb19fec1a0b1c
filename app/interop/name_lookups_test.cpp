// How often names of instances are looked up, and how old a connection to what they led to may be.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string cluster(const std::string& keys, const std::string& host = "payment.internal") {
  return "clusters:\n- name: payment\n  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: "
         "{socket_address: {address: " +
         host + ", port_value: 80}}}}]}]}\n" + keys;
}

config::Service service_of(const Ran& ran) {
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  return config.services.empty() ? config::Service{} : config.services.begin()->second;
}
config::Service imported(const std::string& keys, const std::string& host = "payment.internal") {
  return service_of(run_import_of(Mesh::envoy, cluster(keys, host)));
}

TEST(NameLookups, EachAddressOfAStrictNameIsAnInstanceAndALogicalNameIsOne) {
  EXPECT_EQ(imported("  type: STRICT_DNS\n").dns_refresh, seconds{5}) << "Envoy's default";
  EXPECT_EQ(imported("  type: STRICT_DNS\n  dns_refresh_rate: 30s\n").dns_refresh, seconds{30});
  EXPECT_EQ(imported("  type: LOGICAL_DNS\n").dns_refresh, std::nullopt);
  EXPECT_EQ(imported("  type: STRICT_DNS\n", "10.0.0.1").dns_refresh, std::nullopt) << "it is no name";
  const Ran often = run_import_of(Mesh::envoy, cluster("  type: STRICT_DNS\n  dns_refresh_rate: 0.1s\n"));
  EXPECT_EQ(service_of(often).dns_refresh, seconds{1});
  EXPECT_NE(often.err.find("dns_refresh_rate → services.payment.dns.refresh (from 1s to 24h)\n"),
            std::string::npos)
      << often.err;
}

TEST(NameLookups, TheAgeOfConnectionsComesFromEitherPlaceOfEnvoy) {
  const std::string old = "  common_http_protocol_options: {max_connection_duration: 300s}\n";
  const std::string typed =
      "  typed_extension_protocol_options:\n    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n"
      "      common_http_protocol_options: {max_connection_duration: 300s}\n";
  for (const std::string& keys : {old, typed}) {
    const Ran ran = run_import_of(Mesh::envoy, cluster("  type: STATIC\n" + keys, "10.0.0.1"));
    EXPECT_EQ(service_of(ran).pool.max_age, minutes{5}) << keys;
    EXPECT_NE(ran.err.find("max_connection_duration → services.payment.dns.max_connection_age\n"),
              std::string::npos)
        << ran.err;
  }
  EXPECT_EQ(imported("  type: STATIC\n").pool.max_age, std::nullopt);
  const std::string week = "  common_http_protocol_options: {max_connection_duration: 604800s}\n";
  EXPECT_EQ(imported(week).pool.max_age, hours{24});
}

TEST(NameLookups, TheAgeOfConnectionsComesFromIstio) {
  const Ran ran = run_import_of(Mesh::istio,
                                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: "
                                "p}\nspec:\n  host: payment\n"
                                "  trafficPolicy: {connectionPool: {tcp: {maxConnectionDuration: 10m}}}\n");
  const config::Service service = service_of(ran);
  EXPECT_EQ(service.pool.max_age, minutes{10});
  EXPECT_EQ(service.dns_refresh, seconds{10});
  EXPECT_NE(ran.err.find("maxConnectionDuration → services.payment.dns.max_connection_age\n"),
            std::string::npos)
      << ran.err;
  EXPECT_NE(ran.err.find(
                "approximated: DestinationRule p: "
                "spec.trafficPolicy.connectionPool.tcp.maxConnectionDuration → services.payment.dns.refresh "
                "(with it, each address of the name is an instance)\n"),
            std::string::npos)
      << ran.err;
}

TEST(NameLookups, AnExportHasWhatTheFileSays) {
  const std::string file =
      "version: 1\npolicies: {p: {timeout: 1s}}\nservices:\n  a: {url: \"http://pay\", policy: p, routes: "
      "[{prefix: "
      "/}]DNS}\n";
  const auto with = [&](const std::string& dns) {
    std::string text = file;
    return text.replace(text.find("DNS"), 3, dns);
  };
  const auto has = [](const Ran& ran, const std::string& words) {
    return (ran.out + ran.err).find(words) != std::string::npos;
  };
  const Ran one = run_export_of(Mesh::envoy, with(""));
  EXPECT_TRUE(has(one, "type: LOGICAL_DNS\n")) << one.out;
  EXPECT_FALSE(has(one, "dns_refresh_rate")) << one.out;
  const std::string dns = ", dns: {refresh: 20s, max_connection_age: 5m}";
  const Ran envoy = run_export_of(Mesh::envoy, with(dns));
  EXPECT_TRUE(has(envoy, "type: STRICT_DNS\n")) << envoy.out;
  EXPECT_TRUE(has(envoy, "dns_refresh_rate: 20s\n")) << envoy.out;
  EXPECT_TRUE(has(envoy, "max_connection_duration: 300s")) << envoy.out;
  const Ran istio = run_export_of(Mesh::istio, with(dns));
  EXPECT_TRUE(has(istio, "maxConnectionDuration: 300s")) << istio.out;
  EXPECT_TRUE(has(istio, "no counterpart: services.a.dns.refresh (")) << istio.err;
}

TEST(NameLookups, AFieldIsNotBothImportedAndWithoutACounterpart) {
  const Ran ran = run_import_of(Mesh::envoy, cluster("  type: STRICT_DNS\n  dns_refresh_rate: 30s\n"));
  EXPECT_EQ(ran.err.find("no counterpart: cluster payment: clusters[0].dns_refresh_rate"), std::string::npos)
      << ran.err;
  const Ran logical = run_import_of(Mesh::envoy, cluster("  type: LOGICAL_DNS\n  dns_refresh_rate: 30s\n"));
  EXPECT_NE(logical.err.find("no counterpart: cluster payment: clusters[0].dns_refresh_rate"),
            std::string::npos)
      << logical.err;
}

TEST(NameLookups, TheResolutionOfAServiceEntrySaysWhatANameIs) {
  const auto entry = [](const std::string& resolution) {
    return "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: bank}\nspec:\n"
           "  hosts: [bank.example]\n  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: " +
           resolution +
           "\n  endpoints: [{address: a.bank.example}]\n---\n"
           "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: bank}\n"
           "spec: {host: bank.example}\n";
  };
  const Ran dns = run_import_of(Mesh::istio, entry("DNS"));
  EXPECT_EQ(service_of(dns).dns_refresh, seconds{10});
  EXPECT_NE(dns.err.find("approximated: ServiceEntry bank: spec.resolution → dns.refresh ("),
            std::string::npos)
      << dns.err;
  const Ran one = run_import_of(Mesh::istio, entry("DNS_ROUND_ROBIN"));
  EXPECT_EQ(service_of(one).dns_refresh, std::nullopt);
  EXPECT_NE(one.err.find("imported: ServiceEntry bank: spec.resolution → url ("), std::string::npos)
      << one.err;
}

}  // namespace
}  // namespace switchgear::interop
