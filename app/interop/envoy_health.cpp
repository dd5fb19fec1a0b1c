#include "app/interop/envoy_health.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/url/parse.hpp>
#include <cmath>
#include <utility>
#include <variant>

#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using health::HttpCheck;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t most_rows = 1000;
constexpr std::array<std::string_view, 4> methods{"GET", "HEAD", "OPTIONS", "POST"};

/// A wait of a check, as a policy file may have it.
std::optional<Duration> read_wait(const Value& value) {
  const auto length = read_length(value);
  if (!length) return std::nullopt;
  return std::clamp<Duration>(*length, milliseconds{1}, hours{24});
}

std::optional<std::uint32_t> read_rows(const Value& value) {
  const auto rows = read_count(value);
  if (!rows) return std::nullopt;
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*rows, 1, most_rows));
}

/// `[{start: 200, end: 300}]`, of which the end is not one of them.
std::vector<std::pair<unsigned, unsigned>> read_statuses(const Value& list, Ledger& ledger) {
  std::vector<std::pair<unsigned, unsigned>> ranges;
  for (const Value& item : config::items(list, "[{start: 200, end: 300}]")) {
    Fields range(item, ledger);
    const auto start = range.find("start");
    const auto end = range.find("end");
    range.finish();
    const auto first = start ? read_count(*start) : std::nullopt;
    const auto behind = end ? read_count(*end) : std::nullopt;
    if (!first || !behind || *first < 100 || *behind > 600 || *first >= *behind) {
      ledger.none(item, "not a range of statuses");
      continue;
    }
    ranges.emplace_back(static_cast<unsigned>(*first), static_cast<unsigned>(*behind - 1));
  }
  return ranges;
}

/// Envoy sends the name of the cluster, which need not be a host's; what cannot be one is left out.
void take_cluster_as_host(Fields& fields, const std::string& cluster, HttpCheck& check,
                          const std::string& to) {
  const auto parsed = boost::urls::parse_authority(cluster);
  const bool is_host = parsed && !parsed->has_userinfo() && !parsed->encoded_host().empty();
  if (is_host) {
    check.host = cluster;
    fields.absent("host", to, cluster);
  } else {
    fields.absent("host", to, cluster + ", which is no host: the address of the instance is sent",
                  Fate::approximated);
  }
}

HttpCheck read_http(const Value& value, const std::string& cluster, const ImportedService& service,
                    Ledger& ledger) {
  HttpCheck check;
  Fields fields(value, ledger);
  const auto to = [&](std::string_view key) { return service.at("health_check.http." + std::string(key)); };
  fields.take("path", read_text, check.path, to("path"));
  if (!check.path.starts_with('/')) check.path.insert(0, 1, '/');
  if (!fields.take("host", read_text, check.host, to("host")))
    take_cluster_as_host(fields, cluster, check, to("host"));
  const auto method = fields.find("method");
  if (method && std::ranges::find(methods, method->node->text) != methods.end()) {
    check.method = method->node->text;
    ledger.carried(*method, to("method"));
  } else if (method) {
    ledger.approximated(*method, to("method"), "GET");
  }
  check.status = {{200, 200}};
  if (const auto statuses = fields.find("expected_statuses")) {
    if (auto ranges = read_statuses(*statuses, ledger); !ranges.empty()) check.status = std::move(ranges);
    ledger.carried(*statuses, to("expect.status"));
  } else {
    fields.absent("expected_statuses", to("expect.status"), "200");
  }
  fields.none({"send", "receive", "request_headers_to_add", "request_headers_to_remove"},
              "a check is a request without content, judged by its status");
  fields.none("retriable_statuses", "every answer that is not expected is one bad result");
  fields.none({"codec_client_type", "service_name_matcher", "response_buffer_size"}, "checks speak HTTP/1.1");
  fields.finish();
  return check;
}

void import_rhythm(Fields& fields, health::WatchOptions& watch, const ImportedService& service) {
  const auto to = [&](std::string_view key) { return service.at("health_check." + std::string(key)); };
  fields.take("timeout", read_wait, watch.timeout, to("timeout"));
  fields.take("interval", read_wait, watch.interval, to("interval"));
  fields.take("unhealthy_threshold", read_rows, watch.rows.unhealthy, to("unhealthy"));
  fields.take("healthy_threshold", read_rows, watch.rows.healthy, to("healthy"));
  fields.take("no_traffic_interval", read_wait, watch.no_traffic_interval, to("no_traffic_interval"),
              {seconds{60}, "60s"});
  watch.jitter = 0;
  const auto percent = fields.find("interval_jitter_percent");
  if (percent) {
    watch.jitter = std::min(share_of(static_cast<double>(read_count(*percent).value_or(0))), 0.99);
    fields.ledger().approximated(*percent, to("jitter"), "each interval is spread both ways");
  } else {
    fields.absent("interval_jitter_percent", to("jitter"), "0");
  }
  fields.none({"initial_jitter", "interval_jitter"}, "jitter is a share of the interval");
  fields.none({"no_traffic_healthy_interval", "unhealthy_interval", "unhealthy_edge_interval",
               "healthy_edge_interval"},
              "checks of healthy and unhealthy instances have one interval");
}

}  // namespace

void import_health_checks(const Value& list, const std::string& cluster, ImportedService& service,
                          Ledger& ledger) {
  bool first = true;
  for (const Value& item : config::items(list, "[{http_health_check: {path: /healthz}}]")) {
    if (!std::exchange(first, false)) {
      ledger.none(item, "a service has one health check");
      continue;
    }
    Fields fields(item, ledger);
    const auto http = fields.find("http_health_check");
    const auto tcp = fields.find("tcp_health_check");
    if (!http && !tcp) {
      ledger.none(item, "checks are made over HTTP or TCP");
      continue;
    }
    health::CheckOptions& check = service.service.health_check.emplace();
    if (http) {
      check.how = read_http(*http, cluster, service, ledger);
    } else {
      check.how = health::TcpCheck{};
      Fields connection(*tcp, ledger);
      connection.none({"send", "receive", "proxy_protocol_config"}, "a connection is enough");
      connection.finish();
      ledger.carried(*tcp, service.at("health_check.tcp"));
    }
    import_rhythm(fields, check.watch, service);
    if (service.has_socket()) {
      fields.none("alt_port", "a Unix socket has no port");
    } else if (const auto port = fields.find("alt_port")) {
      if (const auto number = read_count(*port); number && *number >= 1 && *number <= 65'535)
        check.port = static_cast<std::uint16_t>(*number);
      ledger.carried(*port, service.at("health_check.port"));
    }
    fields.none("reuse_connection", "each check has a connection of its own");
    fields.none({"event_log_path", "event_logger", "event_service", "always_log_health_check_failures",
                 "always_log_health_check_success"},
                "changes of the status are logged");
    fields.none({"tls_options", "transport_socket_match_criteria"}, "checks are made as calls are");
    fields.finish();
  }
}

json::object envoy_health_check(const ExportedService& exported, Ledger& ledger) {
  const health::CheckOptions& check = *exported.service.health_check;
  const health::WatchOptions& watch = check.watch;
  const auto from = [&](std::string_view key) { return exported.at("health_check." + std::string(key)); };
  json::object made{{"timeout", seconds_text(watch.timeout)},
                    {"interval", seconds_text(watch.interval)},
                    {"unhealthy_threshold", watch.rows.unhealthy},
                    {"healthy_threshold", watch.rows.healthy},
                    {"no_traffic_interval", seconds_text(watch.no_traffic_interval.value_or(watch.interval))},
                    {"reuse_connection", false}};
  for (const std::string_view key : {"timeout", "interval", "healthy", "no_traffic_interval"})
    ledger.carried(from(key), "health_checks");
  const auto percent = static_cast<std::uint32_t>(std::round(percent_of(watch.jitter)));
  made["interval_jitter_percent"] = percent;
  ledger.approximated(from("jitter"), "health_checks.interval_jitter_percent",
                      "intervals only become longer");
  if (check.port) {
    made["alt_port"] = *check.port;
    ledger.carried(from("port"), "health_checks.alt_port");
  }
  const auto* const http = std::get_if<HttpCheck>(&check.how);
  if (http == nullptr) {
    made["tcp_health_check"] = json::object{};
    ledger.carried(from("unhealthy"), "health_checks.unhealthy_threshold");
    ledger.carried(from("tcp"), "health_checks.tcp_health_check");
    return made;
  }
  ledger.approximated(from("unhealthy"), "health_checks.unhealthy_threshold",
                      "one answer that is not expected is enough");
  json::array statuses;
  for (const auto& [first, last] : http->status) statuses.push_back({{"start", first}, {"end", last + 1}});
  json::object request{
      {"path", http->path}, {"method", http->method}, {"expected_statuses", std::move(statuses)}};
  if (http->host.empty()) {
    ledger.approximated(from("http.host"), "http_health_check.host", "the name of the cluster");
  } else {
    request["host"] = http->host;
    ledger.carried(from("http.host"), "http_health_check.host");
  }
  for (const std::string_view key : {"http.path", "http.method", "http.expect.status"})
    ledger.carried(from(key), "http_health_check");
  if (!http->json.empty()) ledger.none(from("http.expect.json"), "Envoy compares bytes, not values");
  if (http->plain) ledger.none(from("http.plain"), "checks are secured as calls are");
  made["http_health_check"] = std::move(request);
  return made;
}

}  // namespace switchgear::interop
