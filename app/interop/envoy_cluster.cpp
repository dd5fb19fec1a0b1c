#include "app/interop/envoy_cluster.hpp"

#include <algorithm>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/envoy_health.hpp"
#include "app/interop/envoy_resources.hpp"
#include "app/interop/name_lookups.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/read_weights.hpp"
#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

using instances::Balance;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t usual_limit = 1024;
constexpr std::uint64_t usual_retries = 3;

/// Whether instances are called as the others of the cluster, or only if none of these may be.
enum class Standing : std::uint8_t { primary, reserve };

/// An instance, and where its weight stands; empty: nowhere.
struct ReadInstance {
  config::Upstream upstream;
  std::optional<Value> weight;
};

/// One `lb_endpoints` item.
void read_endpoint(const Value& value, Standing standing, std::vector<ReadInstance>& instances,
                   Ledger& ledger) {
  Fields fields(value, ledger);
  ReadInstance read;
  config::Upstream& upstream = read.upstream;
  if (standing == Standing::reserve) {
    upstream.weight = 0;
    fields.none("load_balancing_weight", "instances of a lower priority are called alike");
  } else if ((read.weight = fields.find("load_balancing_weight"))) {
    upstream.weight = read_weight(*read.weight, ZeroWeight::invalid, ledger);
  }
  fields.none("health_status", "the gateway finds out itself");
  fields.none("metadata", "instances have an address and a weight only");
  if (const auto endpoint = fields.find("endpoint")) {
    Fields inner(*endpoint, ledger);
    const auto address = inner.find("address");
    const auto at = address ? read_address(*address, ledger) : std::nullopt;
    inner.none({"health_check_config", "additional_addresses"}, "an instance has one address");
    inner.none("hostname", "the service is sent the Host of the client");
    inner.finish();
    if (at) {
      upstream.at = *at;
      const auto same = [&](const ReadInstance& other) { return other.upstream.at == upstream.at; };
      if (std::ranges::any_of(instances, same)) {
        ledger.none(value, "the address is there already");
      } else {
        instances.push_back(std::move(read));
        ledger.carried(value, "an instance of the service");
      }
    }
  }
  fields.finish();
}

std::vector<config::Upstream> upstreams_of(std::vector<ReadInstance> instances, Ledger& ledger) {
  std::vector<WeightAt> weights;
  for (ReadInstance& each : instances) weights.push_back({&each.upstream.weight, each.weight});
  fit_weights(weights, ledger);
  std::vector<config::Upstream> upstreams;
  for (ReadInstance& each : instances) upstreams.push_back(std::move(each.upstream));
  return upstreams;
}

std::vector<config::Upstream> read_assignment(const Value& value, Ledger& ledger) {
  std::vector<ReadInstance> instances;
  Fields assignment(value, ledger);
  assignment.ignore({"cluster_name"});
  if (const auto policy = assignment.find("policy")) {
    Fields spread(*policy, ledger);
    if (const auto factor = spread.find("overprovisioning_factor"))
      ledger.carried(*factor, "", "a bound of ejection.panic");
    spread.none("drop_overloads", "limits and breakers refuse calls");
    spread.none({"endpoint_stale_after", "weighted_priority_health"},
                "calls are spread over the instances by balance");
    spread.finish();
  }
  if (const auto endpoints = assignment.find("endpoints")) {
    for (const Value& locality : config::items(*endpoints, "[{lb_endpoints: []}]")) {
      Fields fields(locality, ledger);
      fields.none({"locality", "load_balancing_weight", "proximity"}, "instances have no locality");
      const auto priority = fields.find("priority");
      const bool lower = priority && read_count(*priority).value_or(0) > 0;
      if (priority && !lower) ledger.carried(*priority, "", "the highest");
      if (lower)
        ledger.approximated(*priority, "weight 0 of its instances",
                            "called only if no other may be; Envoy begins when too few are healthy");
      if (const auto list = fields.find("lb_endpoints")) {
        for (const Value& item : config::items(*list, "[{endpoint: {}}]"))
          read_endpoint(item, lower ? Standing::reserve : Standing::primary, instances, ledger);
      }
      fields.finish();
    }
  }
  assignment.finish();
  return upstreams_of(std::move(instances), ledger);
}

/// `outbound|80||reviews.prod.svc.cluster.local`, or a host of its own.
std::optional<config::Endpoint> address_in(std::string_view name) {
  std::string port = "80";
  if (const std::size_t last = name.rfind('|'); last != std::string_view::npos) {
    const std::size_t first = name.find('|');
    const std::size_t second = name.find('|', first + 1);
    port = name.substr(first + 1, second - first - 1);
    name.remove_prefix(last + 1);
  }
  auto url = config::parse_service_url("http://" + std::string(name) + ":" + port);
  if (!url.value || !url.value->base_path.empty()) return std::nullopt;
  return std::move(url.value->upstream);
}

/// One of `round_robin_lb_config` and `least_request_lb_config`.
void import_slow_start(Fields& cluster, std::string_view name, ImportedService& service) {
  const auto value = cluster.find(name);
  if (!value) return;
  Fields settings(*value, cluster.ledger());
  if (const auto start = settings.find("slow_start_config")) {
    Fields slow(*start, cluster.ledger());
    slow.take("slow_start_window", read_length, service.service.balance.slow_start,
              service.at("balance.slow_start"));
    take_slow_start_from(slow, "min_weight_percent", service);
    take_linear("aggression", slow);
    slow.finish();
  }
  if (const auto choices = settings.find("choice_count")) {
    read_count(*choices) == std::optional<std::uint64_t>{2}
        ? cluster.ledger().carried(*choices, service.at("balance"))
        : cluster.ledger().approximated(*choices, service.at("balance"), "of two instances");
  }
  settings.finish();
}

void import_balance(Fields& cluster, const std::optional<Value>& hash_header, ImportedService& service) {
  Ledger& ledger = cluster.ledger();
  instances::BalanceOptions& into = service.service.balance;
  const std::string to = service.at("balance");
  const auto policy = cluster.find("lb_policy");
  const std::string name = policy ? read_text(*policy).value_or("") : "ROUND_ROBIN";
  if (name == "ROUND_ROBIN") {
    into.method = Balance::round_robin;
    policy ? ledger.carried(*policy, to) : cluster.absent("lb_policy", to, "ROUND_ROBIN");
  } else if (name == "LEAST_REQUEST") {
    ledger.carried(*policy, to);
  } else if ((name == "RING_HASH" || name == "MAGLEV") && hash_header &&
             take_hash_header(*hash_header, service, ledger)) {
    into.bound = unbounded;
    ledger.approximated(*policy, to,
                        "keys stay at their instances, but at others than with a ring or a table");
  } else {
    ledger.approximated(*policy, to, "of two instances drawn at random, the one with fewer calls");
  }
  const bool hash = into.method == Balance::hash;
  for (const std::string_view settings : {"round_robin_lb_config", "least_request_lb_config"}) {
    const bool used = !hash && (settings == "round_robin_lb_config") == (into.method == Balance::round_robin);
    used ? import_slow_start(cluster, settings, service)
         : cluster.none(settings, "it is not of this lb_policy");
  }
  cluster.none({"ring_hash_lb_config", "maglev_lb_config"}, "keys are placed without a ring or a table");
}

/// What the panic threshold of a cluster can be at most.
double most_panic_of(Fields& cluster) {
  Ledger unseen{""};
  Fields assignment(cluster.section("load_assignment"), unseen);
  Fields policy(assignment.section("policy"), unseen);
  const auto factor = policy.find("overprovisioning_factor");
  const auto percent = factor ? read_count(*factor) : std::nullopt;
  return most_panic(percent.value_or(0) > 0 ? *percent : 140);
}

/// `common_lb_config`, of which the panic threshold is one of `ejection`.
void import_common(Fields& cluster, ImportedService& service) {
  Ledger& ledger = cluster.ledger();
  const auto value = cluster.find("common_lb_config");
  if (!value && service.service.ejection)
    service.service.ejection->panic = std::min(service.service.ejection->panic, most_panic_of(cluster));
  if (!value) return;
  Fields common(*value, ledger);
  if (service.service.ejection) {
    take_panic(common, "healthy_panic_threshold", most_panic_of(cluster), service);
  } else {
    common.none("healthy_panic_threshold", "without outlier_detection no instance is out");
  }
  if (const auto hash = common.find("consistent_hashing_lb_config")) {
    Fields hashing(*hash, ledger);
    if (const auto factor = hashing.find("hash_balance_factor")) {
      const auto percent = read_count(*factor);
      if (percent && *percent >= 100 && service.service.balance.method == Balance::hash) {
        service.service.balance.bound = std::min(static_cast<double>(*percent) / 100, unbounded);
        ledger.carried(*factor, service.at("balance.hash.bound"));
      } else if (percent) {
        ledger.none(*factor, "the bound is that of a hash, at least 100");
      }
    }
    hashing.finish();
  }
  common.finish();
}

void none_but_unlimited(Fields& limits, std::string_view name, std::string_view why) {
  const auto value = limits.find(name);
  if (!value) return;
  if (read_count(*value) == std::optional<std::uint64_t>{no_limit}) {
    limits.ledger().carried(*value, "", "no limit");
  } else {
    limits.ledger().none(*value, why);
  }
}

void import_thresholds(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields breakers(value, ledger);
  bool per_host = false;
  if (const auto list = breakers.find("per_host_thresholds")) {
    for (const Value& item : config::items(*list, "[{max_connections: 10}]")) {
      Fields limits(item, ledger);
      limits.ignore({"priority"});
      per_host = limits.find("max_connections").has_value();
      take_instance_limit(limits, "max_connections", service);
      limits.finish();
    }
  }
  std::optional<Value> used;
  if (const auto list = breakers.find("thresholds")) {
    for (const Value& item : config::items(*list, "[{max_connections: 10}]")) {
      Ledger unseen{""};
      Fields limits(item, unseen);
      const auto priority = limits.find("priority");
      if (used || (priority && priority->node->text == "HIGH")) {
        ledger.none(item, "calls have one priority");
      } else {
        used = item;
      }
    }
  }
  Fields limits(used ? *used : breakers.section("thresholds[0]"), ledger);
  limits.ignore({"priority"});
  if (!per_host) {
    take_pool_limit(limits, "max_connections", PoolLimit::connections, usual_limit, service);
  } else {
    none_but_unlimited(limits, "max_connections", "per_host_thresholds are the limit of each instance");
  }
  take_pool_limit(limits, "max_pending_requests", PoolLimit::waiting, usual_limit, service);
  take_bulkhead(limits, "max_requests", usual_limit, service);
  if (const auto budget = limits.find("retry_budget")) import_retry_budget(*budget, service, ledger);
  take_max_retries(limits, "max_retries", usual_retries, service);
  limits.none({"track_remaining", "max_connection_pools"}, "each instance has one pool");
  limits.finish();
  breakers.finish();
}

/// `common_http_protocol_options`, wherever they are. True: they have an idle timeout.
bool import_protocol(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields options(value, ledger);
  const bool idle = options.find("idle_timeout").has_value();
  if (idle) {
    take_pool_length(options, "idle_timeout", service.service.pool.idle_timeout,
                     service.at("connections.idle_timeout"), {hours{1}, "1h"});
  }
  take_connection_age(options, "max_connection_duration", service);
  options.none("max_requests_per_connection", "connections are used until they are idle for idle_timeout");
  options.finish();
  return idle;
}

void import_protocols(Fields& cluster, ImportedService& service) {
  Ledger& ledger = cluster.ledger();
  bool idle = false;
  if (const auto common = cluster.find("common_http_protocol_options"))
    idle = import_protocol(*common, service, ledger);
  if (const auto typed = cluster.find("typed_extension_protocol_options")) {
    Fields extensions(*typed, ledger);
    if (const auto http = extensions.find("envoy.extensions.upstreams.http.v3.HttpProtocolOptions")) {
      Fields options(*http, ledger);
      options.ignore({"@type"});
      if (const auto common = options.find("common_http_protocol_options"))
        idle = import_protocol(*common, service, ledger) || idle;
      options.ignore({"explicit_http_config"});
      options.finish();
    }
    extensions.finish();
  }
  if (idle) return;
  service.service.pool.idle_timeout = hours{1};
  cluster.absent("common_http_protocol_options.idle_timeout", service.at("connections.idle_timeout"), "1h");
}

}  // namespace

std::vector<config::Upstream> upstreams_of_cluster(const Value& cluster, Ledger& ledger) {
  Ledger unseen{""};
  Fields fields(cluster, unseen);
  const auto assignment = fields.find("load_assignment");
  std::vector<config::Upstream> upstreams;
  if (assignment) upstreams = read_assignment(*assignment, ledger);
  const auto name = fields.find("name");
  if (!upstreams.empty() || !name) return upstreams;
  const auto address = address_in(name->node->text);
  if (!address) {
    ledger.none(*name, "left out: the file has no address of its instances");
    return {};
  }
  ledger.approximated(*name, "url of the service",
                      "the file has no address of its instances; its name stands for it");
  return {{*address}};
}

void import_cluster(const Value& cluster, const std::optional<Value>& hash_header, ImportedService& service,
                    Ledger& ledger) {
  Fields fields(cluster, ledger);
  fields.ignore({"@type", "name", "alt_stat_name", "load_assignment"});
  import_lookups(fields, service);
  fields.none({"eds_cluster_config", "cluster_type"}, "instances are those of the file");
  take_pool_length(fields, "connect_timeout", service.service.pool.connect_timeout,
                   service.at("connections.connect_timeout"), {seconds{5}, "5s"});
  if (const auto outliers = fields.find("outlier_detection"))
    import_outlier_detection(*outliers, service, ledger);
  import_balance(fields, hash_header, service);
  import_common(fields, service);
  import_thresholds(fields.section("circuit_breakers"), service, ledger);
  import_protocols(fields, service);
  fields.none("max_requests_per_connection", "connections are used until they are idle for idle_timeout");
  if (const auto socket = fields.find("transport_socket")) import_envoy_tls(*socket, service, ledger);
  if (const auto checks = fields.find("health_checks")) {
    const auto name = fields.find("name");
    import_health_checks(*checks, name ? read_text(*name).value_or("") : "", service, ledger);
  }
  fields.none({"http2_protocol_options", "http_protocol_options", "upstream_connection_options"},
              "the gateway speaks HTTP/1.1");
  fields.finish();
}

}  // namespace switchgear::interop
