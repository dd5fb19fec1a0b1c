// What a policy file and a mesh can both say survives an export and an import, for random files.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/interop/call_limits.hpp"
#include "app/interop/envoy_export.hpp"
#include "app/interop/envoy_import.hpp"
#include "app/interop/interop_command.hpp"
#include "app/interop/istio_export.hpp"
#include "app/interop/istio_import.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/retry_on.hpp"
#include "app/interop/yaml_text.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::interop {
namespace {

using config::Config;
using config::Policy;
using config::Route;
using config::Service;
using instances::Balance;
using std::chrono::milliseconds;
using std::chrono::seconds;

template <class T>
T from(std::initializer_list<T> choices) {
  return *rc::gen::elementOf(std::vector<T>(choices));
}
/// Both included.
int between(int least, int most) { return *rc::gen::inRange(least, most + 1); }
bool coin() { return between(0, 1) == 1; }
double percents() { return between(0, 100) / 100.0; }

std::optional<instances::ConsecutiveRule> any_row(Mesh mesh) {
  instances::ConsecutiveRule rule{static_cast<std::uint32_t>(between(1, 20))};
  if (mesh == Mesh::envoy) rule.enforce = percents();
  return rule;
}

instances::EjectionOptions any_ejection(Mesh mesh) {
  instances::EjectionOptions options;
  options.consecutive_5xx = any_row(mesh);
  if (coin()) options.consecutive_gateway = any_row(mesh);
  options.local_errors = coin() ? instances::LocalErrors::apart : instances::LocalErrors::as_5xx;
  options.consecutive_local.reset();
  if (options.local_errors == instances::LocalErrors::apart) options.consecutive_local = any_row(mesh);
  options.interval = seconds{between(1, 60)};
  options.base = seconds{between(1, 600)};
  options.max = std::max<Duration>(seconds{300}, options.base);
  options.max_ejected = percents();
  options.panic = mesh == Mesh::istio ? between(0, 71) / 100.0 : percents();  // Istio's panic is below 71.4 %
  if (mesh == Mesh::istio) {
    if (coin()) options.consecutive_5xx.reset();
    if (coin()) options.consecutive_gateway.reset();
    options.success_rate.reset();
    options.failure_percentage.reset();
    return options;
  }
  const auto number = [](int most) { return static_cast<std::uint32_t>(between(1, most)); };
  options.success_rate = {between(0, 5000) / 1000.0, number(20), number(500), percents(), percents()};
  options.failure_percentage = {between(1, 100) / 100.0, number(20), number(500), percents(), percents()};
  options.max = options.base + seconds{between(0, 600)};
  options.jitter = milliseconds{between(0, 5000)};
  options.always_one = coin();
  return options;
}

void make_balance(Mesh mesh, Service& service) {
  service.balance.method = from({Balance::round_robin, Balance::least_requests, Balance::hash});
  if (service.balance.method == Balance::hash) {
    service.balance_header = from<std::string>({"x-user", "x-tenant"});
    service.balance.bound = mesh == Mesh::istio ? unbounded : from({1.25, 2.0, unbounded});
  } else if (coin()) {
    service.balance.slow_start = seconds{between(1, 300)};
    service.balance.slow_start_from = from({0.1, 0.25, 0.5});
  }
}

void make_upstreams(Service& service) {
  const auto port = [] { return static_cast<std::uint16_t>(between(9001, 9999)); };
  if (coin()) {
    service.upstreams.push_back({{service.name, port()}});
    return;
  }
  const int count = between(1, 4);
  for (int i = 1; i <= count; ++i) {
    const bool by_path = between(1, 4) == 1;
    const config::Endpoint socket{"unix:/run/" + service.name + std::to_string(i), 0};
    const config::Endpoint address{"10.0.0." + std::to_string(i), port()};
    const double weight = coin() ? between(1, 5) : from({0.001, 0.25, 1.5, 999'999.5, 1'000'000.0});
    service.upstreams.push_back({by_path ? socket : address, weight});
  }
}

/// Istio has none.
health::CheckOptions any_health_check() {
  health::CheckOptions check;
  if (coin()) {
    health::HttpCheck http;
    http.path = from<std::string>({"/", "/healthz?deep=1"});
    http.method = from<std::string>({"GET", "HEAD", "POST"});
    http.host = from<std::string>({"payment", "payment.internal:8080"});
    http.status = from<config::StatusRanges>({{{200, 200}}, {{200, 299}}, {{200, 204}, {301, 301}}});
    check.how = std::move(http);
  } else {
    check.how = health::TcpCheck{};
  }
  if (coin()) check.port = static_cast<std::uint16_t>(between(1, 65'535));
  check.watch.interval = milliseconds{between(1, 60'000)};
  check.watch.jitter = between(0, 50) / 100.0;
  check.watch.timeout = milliseconds{between(1, 10'000)};
  check.watch.rows = {static_cast<std::uint32_t>(between(1, 1000)),
                      static_cast<std::uint32_t>(between(1, 1000))};
  if (coin()) check.watch.no_traffic_interval = check.watch.interval + milliseconds{between(1, 60'000)};
  return check;
}

Policy any_policy(Mesh mesh) {
  Policy policy;
  const Duration attempt = milliseconds{between(1, 60'000)};
  policy.timeout = coin() ? attempt : longest_limit;
  if (coin()) policy.bulkhead.emplace().max_concurrent = static_cast<std::uint32_t>(between(1, 1'000'000));
  if (mesh == Mesh::istio && coin()) {
    ChaosOptions& chaos = policy.chaos.emplace();
    chaos.enabled = true;
    chaos.delay = {between(1, 1000) / 10'000.0, seconds{3}, seconds{3}};
  }
  if (coin()) return policy;
  RetryOptions& retry = policy.retry.emplace();
  retry.max_attempts = static_cast<std::uint32_t>(between(2, 10));
  retry.base = milliseconds{between(1, 2000)};
  retry.max_delay = retry.base * 10;
  if (mesh == Mesh::envoy) {
    retry.max_delay = retry.base * between(1, 50);
    retry.honor_retry_after.max = seconds{between(1, 600)};
  }
  policy.timeout.reset();
  if (coin()) policy.timeout = attempt;
  if (coin()) policy.deadline = policy.timeout.value_or(milliseconds{1}) + milliseconds{between(1, 60'000)};
  if (coin()) policy.retry_status = from<config::StatusRanges>({{}, {{500, 599}}, {{429, 429}, {502, 504}}});
  if (coin()) {
    RetryBudgetOptions& budget = policy.retry_budget.emplace();
    budget.mode = BudgetMode::concurrent;
    budget.ratio = between(0, 100) / 100.0;
    budget.min_concurrency = static_cast<std::uint32_t>(between(1, 20));
  }
  return policy;
}

/// No two of them are for the same requests.
Route any_route(Mesh mesh, const std::string& own) {
  Route route;
  route.host = from<std::string>({"", "a.example.com", "*.example.com"});
  route.match = coin() ? Route::Match::exact : Route::Match::prefix;
  route.path = own + from<std::string>({"", "/", "/a+b", "/with space"});
  if (coin()) route.methods = from<std::vector<std::string>>({{"GET"}, {"GET", "POST"}});
  if (coin()) route.headers = {{"x-beta", from<std::string>({"1", "${HOME}", "a: \"b\" #c", "é"})}};
  route.strip_prefix = route.match == Route::Match::prefix && coin();
  if (coin()) route.rewrite = config::Rewrite{"/v2", true};
  if (mesh == Mesh::istio || coin()) route.upgrade = {"websocket"};  // Istio passes it on every route
  if (!route.strip_prefix && between(0, 4) == 0) route.rewrite = config::Rewrite{"/one/for-all", false};
  return route;
}

Imported any_file(Mesh mesh) {
  Imported file;
  file.listen = mesh == Mesh::envoy ? config::Endpoint{"127.0.0.1", 7000} : file.listen;
  const int services = between(1, 4);
  std::optional<AdmissionControlOptions> admission;
  if (mesh == Mesh::envoy && coin()) {
    admission = {.success_rate = between(1, 100) / 100.0,
                 .aggression = between(10, 100) / 10.0,
                 .window = seconds{between(1, 600)},
                 .max_rejection = between(1, 100) / 100.0,
                 .min_per_second = static_cast<double>(between(0, 50))};
  }
  const auto failures = from<config::StatusRanges>({{{500, 599}}, {{429, 429}, {500, 599}}, {{503, 503}}});
  for (int i = 0; i < services; ++i) {
    ImportedService& each = file.add("service-" + std::to_string(i));
    const std::string name = each.service.name;
    make_upstreams(each.service);
    make_balance(mesh, each.service);
    if (coin()) each.service.ejection = any_ejection(mesh);
    each.service.pool = {static_cast<std::size_t>(between(1, 1000)),
                         static_cast<std::size_t>(between(1, 1000)), seconds{between(1, 3600)},
                         milliseconds{between(1, 10'000)}};
    if (coin()) each.service.pool.max_age = seconds{between(1, 86'400)};
    if (mesh == Mesh::envoy && coin()) each.service.dns_refresh = seconds{between(1, 600)};
    if (!each.has_socket() && coin()) {
      each.tls.emplace().server_name = from<std::string>({"pay.internal", "shop.example.com"});
      each.tls->verified = coin();
    }
    if (mesh == Mesh::envoy && coin()) each.service.health_check = any_health_check();
    if (each.service.health_check && each.has_socket()) each.service.health_check->port.reset();
    each.policy = any_policy(mesh);
    each.policy.name = name;
    each.policy.admission = admission;
    if (admission) each.policy.failure_when.status = failures;
    const int routes = between(1, 3);
    for (int j = 0; j < routes; ++j)
      each.service.routes.push_back(any_route(mesh, "/" + std::to_string(i) + "-" + std::to_string(j)));
  }
  return file;
}

std::string exported(Mesh mesh, const Config& config) {
  Ledger ledger{"exported"};
  if (mesh == Mesh::envoy) return to_yaml(export_envoy(config, ledger));
  std::string text;
  for (const auto& document : export_istio(config, ledger)) text += "---\n" + to_yaml(document);
  return text;
}

std::string imported(Mesh mesh, const std::string& text) {
  config::Report report{"mesh.yaml"};
  const auto roots = config::parse_documents(text, {}, report);
  std::vector<config::Value> documents;
  for (const config::Node& root : roots) documents.push_back({&root, root.at, "", &report});
  Ledger ledger{"imported"};
  const Imported file =
      mesh == Mesh::envoy ? import_envoy(documents, ledger) : import_istio(documents, ledger);
  EXPECT_EQ(config::lines_of(report.take_errors()), std::vector<std::string>{}) << text;
  return to_yaml(policy_file(file));
}

/// The same limits are written in more than one way, a list of statuses too.
Policy normal(Policy policy) {
  const CallLimits limits = limits_of(policy);
  policy.deadline = limits.whole;
  policy.timeout = limits.attempt;
  if (policy.retry) {
    const WrittenRetryOn on = written_retry_on(policy.retry_status);
    policy.retry_status = config::StatusRanges{};
    for (const unsigned code : on.codes) policy.retry_status->emplace_back(code, code);
    policy.name += on.conditions;
  }
  return policy;
}

/// The slash at a prefix's end makes no difference, nor does the order of routes.
std::vector<std::string> normal(const std::vector<Route>& routes) {
  std::vector<std::string> written;
  for (Route route : routes) {
    if (route.match == Route::Match::prefix && route.path.ends_with('/')) route.path.pop_back();
    if (route.path.empty()) route.path = "/";
    written.push_back(to_yaml(written_route(route)));
  }
  std::ranges::sort(written);
  return written;
}

/// Weights in one proportion are the same.
void expect_same(const std::vector<config::Upstream>& before, const std::vector<config::Upstream>& after,
                 const std::string& text) {
  ASSERT_EQ(before.size(), after.size()) << text;
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].at, after[i].at) << text;
    const double wanted = before[i].weight / before.front().weight;
    EXPECT_NEAR(after[i].weight / after.front().weight / wanted, 1, 1e-9) << text;
  }
}

void expect_same(const Config& before, const Config& after, const std::string& text) {
  ASSERT_EQ(before.services.size(), after.services.size()) << text;
  for (const auto& [name, service] : before.services) {
    ASSERT_TRUE(after.services.contains(name)) << text;
    const Service& other = after.services.at(name);
    expect_same(service.upstreams, other.upstreams, text);
    EXPECT_EQ(service.balance, other.balance) << text;
    EXPECT_EQ(service.balance_header, other.balance_header) << text;
    EXPECT_EQ(service.ejection, other.ejection) << text;
    EXPECT_EQ(service.pool, other.pool) << text;
    if (has_name(service)) {
      EXPECT_EQ(service.dns_refresh, other.dns_refresh) << text;
    }
    EXPECT_EQ(service.health_check, other.health_check) << text;
    EXPECT_EQ(normal(service.routes), normal(other.routes)) << text;
    EXPECT_EQ(normal(before.policies.at(service.policy)), normal(after.policies.at(other.policy))) << text;
  }
}

void round_trip(Mesh mesh) {
  const Config before = config::config_of(to_yaml(policy_file(any_file(mesh))));
  const std::string text = exported(mesh, before);
  const Config after = config::config_of(imported(mesh, text));
  expect_same(before, after, text);
  RC_ASSERT(!testing::Test::HasFailure());
}

TEST(RoundTrip, ThroughIstioKeepsWhatIstioCanSay) {
  EXPECT_TRUE(rc::check("export to Istio and back", [] { round_trip(Mesh::istio); }));
}

TEST(RoundTrip, ThroughEnvoyKeepsWhatEnvoyCanSay) {
  EXPECT_TRUE(rc::check("export to Envoy and back", [] { round_trip(Mesh::envoy); }));
}

}  // namespace
}  // namespace switchgear::interop
