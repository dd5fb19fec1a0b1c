// The commands on files: what comes out, what is said of each field, what is refused.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// golden/NAME is imported to golden/NAME.policy, and the report is golden/NAME.report. With
/// SWITCHGEAR_WRITE_GOLDEN in the environment they are written instead.
void expect_golden(Mesh mesh, const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(SWITCHGEAR_GOLDEN) / name;
  const Ran ran = run_import_of(mesh, content_of(path));
  EXPECT_EQ(ran.code, 0) << ran.err;
  if (std::getenv("SWITCHGEAR_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path.string() + ".policy") << ran.out;
    std::ofstream(path.string() + ".report") << ran.err;
  }
  EXPECT_EQ(ran.out, content_of(path.string() + ".policy"));
  EXPECT_EQ(ran.err, content_of(path.string() + ".report"));
  EXPECT_EQ(config::errors_of(ran.out), std::vector<std::string>{});
}

TEST(Import, ARuleOfIstioBecomesAServiceWithEjectionAndLimits) {
  expect_golden(Mesh::istio, "istio_rule.yaml");
}

TEST(Import, AListOfDocumentsBecomesServicesWithRoutes) { expect_golden(Mesh::istio, "istio_routes.yaml"); }

TEST(Import, ABootstrapOfEnvoyBecomesAPolicyFile) { expect_golden(Mesh::envoy, "envoy_bootstrap.yaml"); }

TEST(Import, AnAnswerOfDiscoveryInJsonBecomesAPolicyFile) {
  expect_golden(Mesh::envoy, "envoy_clusters.json");
}

constexpr std::string_view rule = R"(apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: pay}
spec:
  host: pay
)";

std::string rule_with(const std::string& rest) { return std::string(rule) + rest; }

TEST(Import, AFieldThatNobodyKnowsIsReportedAndIsNotAnError) {
  const Ran ran =
      run_import_of(Mesh::istio, rule_with("  trafficPolicy: {outlierDetection: {newRule: 3}}\n"));
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.err.find("mesh.yaml:6:47: no counterpart: DestinationRule pay: "
                         "spec.trafficPolicy.outlierDetection.newRule (unknown field)\n"),
            std::string::npos)
      << ran.err;
}

TEST(Import, EveryFieldOfTheFileIsInTheReport) {
  const Ran ran = run_import_of(
      Mesh::istio,
      rule_with("  exportTo: [\".\"]\n  subsets: [{name: v1}]\n  trafficPolicy:\n    tunnel: {}\n"
                "    tls: {mode: ISTIO_MUTUAL}\n    loadBalancer: {simple: RANDOM}\n"));
  EXPECT_EQ(ran.code, 0);
  for (const std::string field : {"spec.host", "spec.exportTo", "spec.subsets", "spec.trafficPolicy.tunnel",
                                  "spec.trafficPolicy.tls", "spec.trafficPolicy.loadBalancer.simple"})
    EXPECT_NE(ran.err.find(" pay: " + field + " "), std::string::npos) << field << "\n" << ran.err;
}

TEST(Import, JsonHasTheSameReport) {
  const Ran text = run_import_of(Mesh::istio, rule_with(""));
  const Ran ran = run_import_of(Mesh::istio, rule_with(""), true);
  EXPECT_EQ(ran.out, text.out);
  const auto report = boost::json::parse(ran.err).as_object();
  const auto& fields = report.at("fields").as_array();
  const auto number = [&](const char* key) { return report.at(key).to_number<std::size_t>(); };
  EXPECT_EQ(fields.size(), number("imported") + number("approximated") + number("no_counterpart"));
  EXPECT_EQ(fields.at(0).at("field").as_string(), "spec.host");
  EXPECT_EQ(fields.at(0).at("status").as_string(), "approximated");
}

TEST(Import, AWrongValueIsAnErrorWithItsPlace) {
  const auto error = [](const std::string& fields) {
    const Ran ran =
        run_import_of(Mesh::istio, rule_with("  trafficPolicy: {outlierDetection: {" + fields + "}}\n"));
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  const std::string path = "spec.trafficPolicy.outlierDetection.";
  EXPECT_EQ(error("interval: soon"),
            "mesh.yaml:6:48: " + path +
                "interval: \"soon\" found; expected a length of time such as \"30s\" or "
                "\"0.5s\"\n");
  EXPECT_EQ(error("interval: 0s"),
            "mesh.yaml:6:48: " + path + "interval: 0s found; expected a longer time\n");
  EXPECT_EQ(
      error("maxEjectionPercent: 101"),
      "mesh.yaml:6:58: " + path + "maxEjectionPercent: \"101\" found; expected a percentage from 0 to 100\n");
  EXPECT_EQ(error("interval: 1s, interval: 2s"), "mesh.yaml:6:52: " + path + "interval: is there twice\n");
  EXPECT_EQ(error("consecutive5xxErrors: -1").substr(0, 16), "mesh.yaml:6:60: ");
}

TEST(Import, WhatIsNotYamlIsAnErrorWithItsPlace) {
  const Ran ran = run_import_of(Mesh::envoy, "clusters: [\n{name: a\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.starts_with("mesh.yaml:")) << ran.err;
}

TEST(Import, AFileWithoutAServiceSaysSo) {
  const Ran ran = run_import_of(Mesh::istio, "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("no counterpart: Service x: "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("mesh.yaml:1:1: holds no service that can be imported"), std::string::npos)
      << ran.err;
}

TEST(Import, ABombOfAliasesIsRefusedQuickly) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  const Ran ran = run_import_of(Mesh::envoy, text);
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("holds more than 200000 values, with its aliases written out"), std::string::npos)
      << ran.err;
}

TEST(Import, AnAliasIsItsAnchorsValue) {
  const Ran ran =
      run_import_of(Mesh::envoy,
                    "clusters:\n- {name: a, connect_timeout: &t 3s, type: STATIC, load_assignment: &l "
                    "{endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: "
                    "10.0.0.1, port_value: 80}}}}]}]}}\n"
                    "- {name: b, connect_timeout: *t, load_assignment: *l}\n");
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  EXPECT_EQ(config.services.at("b").pool.connect_timeout, std::chrono::seconds{3});
  EXPECT_EQ(config.services.at("b").upstreams, config.services.at("a").upstreams);
}

TEST(Import, DeepNestingIsRefused) {
  const Ran ran = run_import_of(Mesh::istio, std::string(5000, '[') + std::string(5000, ']'));
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("nested deeper than 64 levels"), std::string::npos) << ran.err;
}

TEST(Import, AFileThatIsTooLargeIsRefused) {
  const Ran ran =
      run_import_of(Mesh::istio, "a: \"" + std::string(std::size_t{5} * 1024 * 1024, 'x') + "\"\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("is larger than 4194304 bytes"), std::string::npos) << ran.err;
}

TEST(Import, TextOfTheMeshReadsNothingFromTheEnvironment) {
  const config::Variable secret("SWITCHGEAR_TEST_SECRET", "s3cret");
  const Ran ran = run_import_of(Mesh::istio, R"(apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: pay}
spec:
  hosts: [pay]
  http:
  - match: [{headers: {x-beta: {exact: "${SWITCHGEAR_TEST_SECRET}"}}}]
    route: [{destination: {host: pay}}]
)");
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  EXPECT_EQ(config.services.at("pay").routes.at(0).headers.at(0).second, "${SWITCHGEAR_TEST_SECRET}");
}

TEST(Import, FilesThatOnlyCheckReadsAreNamed) {
  const Ran ran = run_import_of(
      Mesh::istio,
      "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\n"
      "spec: {host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /etc/certs/c.pem, "
      "privateKey: /etc/certs/k.pem, caCertificates: /etc/certs/ca.pem}}}\n");
  ASSERT_EQ(ran.code, 0) << ran.err;
  for (const std::string to : {"ca", "certificate", "key"}) {
    const std::string line = "services.a.tls." + to + " (the import does not read this file; check does)\n";
    EXPECT_NE(ran.err.find(line), std::string::npos) << ran.err;
  }
}

TEST(Import, NamesOfTheMeshCannotSteerTheTerminal) {
  const Ran ran = run_import_of(Mesh::istio,
                                "apiVersion: v1\nkind: \"Ser\\x1bvice\"\nmetadata: {name: \"a\\nb\"}\n---\n" +
                                    rule_with("  \"x\\x1b[2J\": 1\n"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  EXPECT_NE(ran.err.find("Ser\\x1bvice a\\x0ab"), std::string::npos) << ran.err;
}

std::string routes_of(const std::string& http) {
  return "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: shop}\nspec:\n"
         "  hosts: [shop.example.com]\n  http:\n" +
         http;
}

TEST(Import, AHealthCheckOfEnvoyKeepsItsRhythmAndSaysWhatItCannot) {
  const Ran ran = run_import_of(Mesh::envoy, R"(
clusters:
- name: pay
  load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}
  health_checks:
  - {timeout: 1s, interval: 5s, unhealthy_threshold: 3, healthy_threshold: 1, event_log_path: /tmp/log,
     http_health_check: {path: /healthz, expected_statuses: [{start: 200, end: 205}], receive: [{text: "6f6b"}]}}
  - {timeout: 1s, interval: 5s, unhealthy_threshold: 3, healthy_threshold: 1, grpc_health_check: {}}
)");
  EXPECT_EQ(ran.code, 0) << ran.err;
  const std::string check =
      "    health_check:\n      http: {path: /healthz, host: pay, expect: {status: [\"200-204\"]}}\n      "
      "interval: 5s\n"
      "      jitter: 0\n      timeout: 1s\n      unhealthy: 3\n      healthy: 1\n      no_traffic_interval: "
      "1m\n";
  EXPECT_NE(ran.out.find(check), std::string::npos) << ran.out;
  for (const std::string line :
       {"http_health_check.receive (a check is a request without content, judged by its status)",
        "health_checks[1] (a service has one health check)", "event_log_path (changes of the status"})
    EXPECT_NE(ran.err.find(line), std::string::npos) << line << '\n' << ran.err;
}

constexpr const char* one_service = R"(
static_resources:
  listeners:
    - name: front
      address: {socket_address: {address: 127.0.0.1, port_value: 7000}}
      filter_chains:
        - filters:
            - name: http
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                route_config:
                  virtual_hosts:
                    - domains: ["*"]
                      routes:
                        - match: {prefix: /}
                          route: {cluster: shop, retry_policy: {retry_on: 5xx, num_retries: 2}}
                http_filters:
                  - {name: envoy.filters.http.router}
FILTERS
  clusters:
    - name: shop
      load_assignment:
        endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]
LIMITS
)";

std::string with(const std::string& filters, const std::string& limits) {
  std::string text = one_service;
  text.replace(text.find("FILTERS"), 7, filters);
  text.replace(text.find("LIMITS"), 6, limits);
  return text;
}

config::Policy imported_policy(const std::string& text) {
  const Ran ran = run_import_of(Mesh::envoy, text);
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config file = config::config_of(ran.out);
  return file.policies.empty() ? config::Policy{} : file.policies.begin()->second;
}

TEST(Import, AdmissionControlOfAListenerBecomesThatOfEachPolicy) {
  const config::Policy policy = imported_policy(with(R"(
                  - name: envoy.filters.http.admission_control
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.admission_control.v3.AdmissionControl
                      enabled: {default_value: true, runtime_key: a}
                      success_criteria: {http_criteria: {http_success_status: [{start: 100, end: 400}, {start: 404, end: 405}]}}
                      sampling_window: 60s
                      aggression: {default_value: 1.5, runtime_key: b}
                      sr_threshold: {default_value: {value: 90}, runtime_key: c}
                      rps_threshold: {default_value: 5, runtime_key: d}
                      max_rejection_probability: {default_value: {value: 60}, runtime_key: e}
)",
                                                     ""));
  EXPECT_EQ(policy.admission, (AdmissionControlOptions{.success_rate = 0.9,
                                                       .aggression = 1.5,
                                                       .window = std::chrono::seconds{60},
                                                       .max_rejection = 0.6,
                                                       .min_per_second = 5}));
  EXPECT_EQ(policy.failure_when.status, (config::StatusRanges{{400, 403}, {405, 599}}));
}

TEST(Import, AnAdmissionControlThatIsOffIsLeftOutAndReported) {
  const Ran ran = run_import_of(Mesh::envoy, with(R"(
                  - name: envoy.filters.http.admission_control
                    typed_config: {enabled: {default_value: false}, success_criteria: {}}
)",
                                                  ""));
  EXPECT_EQ(ran.out.find("admission"), std::string::npos) << ran.out;
  EXPECT_NE(ran.err.find("left out: it never refuses a call"), std::string::npos) << ran.err;
}

TEST(Import, LimitsOfRetriesInFlightBecomeABudgetOfWhatIsInFlight) {
  const auto budget_with = [](const std::string& limits) {
    return imported_policy(with("", "      circuit_breakers: {thresholds: [{" + limits + "}]}")).retry_budget;
  };
  const auto concurrent = [](double ratio, std::uint32_t least) {
    return RetryBudgetOptions{.ratio = ratio, .mode = BudgetMode::concurrent, .min_concurrency = least};
  };
  EXPECT_EQ(budget_with("retry_budget: {budget_percent: {value: 25}, min_retry_concurrency: 5}"),
            concurrent(0.25, 5));
  EXPECT_EQ(budget_with("retry_budget: {}"), concurrent(0.2, 3)) << "its defaults are ours";
  EXPECT_EQ(budget_with("max_retries: 7"), concurrent(0, 7));
  EXPECT_EQ(budget_with("max_requests: 9"), concurrent(0, 3)) << "Envoy's default";
  EXPECT_EQ(budget_with("max_retries: 4294967295"), std::nullopt);
}

TEST(Export, ABudgetOfWhatIsInFlightIsExportedWithoutLoss) {
  const std::string text =
      "version: 1\npolicies:\n  p: {timeout: 1s, retry: {budget: {mode: concurrent, ratio: 0.25, "
      "min_concurrency: 5}}}\nservices:\n  s: {url: \"http://10.0.0.1\", policy: p, routes: [{prefix: /}]}\n";
  const Ran envoy = run_export_of(Mesh::envoy, text);
  EXPECT_NE(envoy.err.find("exported: policies.p.retry.budget"), std::string::npos) << envoy.err;
  const Ran istio = run_export_of(Mesh::istio, text);
  EXPECT_NE(istio.out.find("minRetryConcurrency: 5"), std::string::npos) << istio.out;
}

TEST(Import, ARouteBehindOneThatTakesAllOfItsRequestsIsLeftOut) {
  const Ran ran = run_import_of(Mesh::istio, routes_of("  - route: [{destination: {host: a}}]\n"
                                                       "  - match: [{uri: {exact: /b}}]\n"
                                                       "    route: [{destination: {host: b}}]\n"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(config::config_of(ran.out).services.at("b").routes.empty());
  EXPECT_NE(ran.err.find(
                "spec.http[1].match[0] (the route is left out: the one at line 7 takes all of its requests)"),
            std::string::npos)
      << ran.err;
}

TEST(Import, ARouteThatWouldNowComeFirstIsApproximated) {
  const Ran ran =
      run_import_of(Mesh::istio, routes_of("  - match: [{uri: {prefix: /a/}, headers: {x: {exact: \"1\"}}}]\n"
                                           "    route: [{destination: {host: a}}]\n"
                                           "  - match: [{uri: {exact: /a/b}}]\n"
                                           "    route: [{destination: {host: b}}]\n"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.err.find("requests that the route at line 7 takes as well go here"), std::string::npos)
      << ran.err;
}

TEST(Import, AConditionWithoutACounterpartLeavesItsRouteOut) {
  const Ran ran = run_import_of(Mesh::istio, routes_of("  - match: [{sourceLabels: {app: x}}]\n"
                                                       "    route: [{destination: {host: canary}}]\n"
                                                       "  - route: [{destination: {host: a}}]\n"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(config::config_of(ran.out).services.at("canary").routes.empty());
  EXPECT_EQ(config::paths_of(config::config_of(ran.out).services.at("a")), std::vector<std::string>{"/"});
}

TEST(Import, RoutesWithOtherLimitsHaveServicesOfTheirOwn) {
  const Ran ran =
      run_import_of(Mesh::istio, routes_of("  - {match: [{uri: {exact: /slow}}], timeout: 60s, "
                                           "route: [{destination: {host: a}}]}\n"
                                           "  - {timeout: 1s, route: [{destination: {host: a}}]}\n"));
  EXPECT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  EXPECT_EQ(config.policies.at("a").deadline, std::chrono::seconds{60});
  EXPECT_EQ(config.policies.at("a-2").deadline, std::chrono::seconds{1});
}

constexpr std::string_view policy_file_of_a_shop = R"(version: 1
gateway: {listen: "127.0.0.1:8080", admin: "127.0.0.1:9090"}
log: {level: warning}
policies:
  pay:
    timeout: 2s
    circuit_breaker: {consecutive_failures: 5}
    fallback: {fail: "later"}
  unused: {timeout: 1s}
services:
  pay: {url: "http://10.0.0.1:9001", policy: pay, routes: [{prefix: /pay/}]}
)";

TEST(Export, WhatAMeshCannotSayIsReportedAndWrittenAsComments) {
  for (const Mesh mesh : {Mesh::istio, Mesh::envoy}) {
    const Ran ran = run_export_of(mesh, std::string(policy_file_of_a_shop));
    EXPECT_EQ(ran.code, 0) << ran.err;
    for (const std::string field : {"policies.pay.circuit_breaker", "policies.pay.fallback",
                                    "policies.unused", "log", "gateway.admin"}) {
      EXPECT_NE(ran.err.find("gateway.yaml: no counterpart: " + field + " ("), std::string::npos) << ran.err;
      EXPECT_NE(ran.out.find("#   " + field + ": "), std::string::npos) << ran.out;
    }
  }
}

TEST(Export, SettingsOfCallsOfAServiceWithoutRoutesAreNotCalledExported) {
  const std::string text =
      "version: 1\npolicies: {p: {timeout: 2s, retry: {max_attempts: 3}, deadline: 4s}}\n"
      "services: {s: {url: \"http://10.0.0.1:80\", policy: p, routes: []}}\n";
  for (const Mesh mesh : {Mesh::istio, Mesh::envoy}) {
    const Ran ran = run_export_of(mesh, text);
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.err.find("exported: policies."), std::string::npos) << ran.err;
    for (const std::string key : {"timeout", "retry", "deadline"}) {
      EXPECT_NE(ran.err.find("no counterpart: policies.p." + key +
                             " (a mesh has it in routes, and the service s has none)"),
                std::string::npos)
          << ran.err;
    }
  }
}

TEST(Export, APolicyOfRoutesAloneIsNotCalledUnused) {
  const std::string text =
      "version: 1\npolicies: {p: {timeout: 1s}, of_route: {timeout: 2s}, unused: {timeout: 3s}}\nservices:\n"
      "  s: {url: \"http://10.0.0.1\", policy: p, routes: [{prefix: /}, {prefix: /x, policy: of_route}]}\n";
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio}) {
    const std::string report = run_export_of(mesh, text).err;
    EXPECT_NE(report.find("policies.of_route (only routes have it, and theirs are not exported)"),
              std::string::npos)
        << report;
    EXPECT_NE(report.find("policies.unused (no service and no route has it)"), std::string::npos) << report;
  }
}

TEST(Export, AFileThatCheckRefusesIsRefused) {
  const Ran ran = run_export_of(Mesh::istio, "version: 1\npolicies: {p: {timeout: 5}}\n");
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err.substr(0, 18), "gateway.yaml:2:25:");
}

TEST(Export, HostsThatCannotBeNamesInAMeshAreRenamed) {
  const Ran ran = run_export_of(Mesh::istio,
                                "version: 1\npolicies: {p: {timeout: 5s}}\nservices:\n"
                                "  My Shop: {url: \"http://10.0.0.1:80\", policy: p, routes: [{prefix: "
                                "/}]}\n");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("host: my-shop"), std::string::npos) << ran.out;
  EXPECT_NE(ran.err.find("approximated: services.My Shop → my-shop"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace switchgear::interop
