#include "app/interop/envoy_resources.hpp"

#include <algorithm>
#include <array>

#include "app/interop/envoy_match.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace {

constexpr std::string_view not_of_calls = "it is not about calls to services";

std::string text_of(Fields& fields, std::string_view key) {
  const auto value = fields.find(key);
  return value ? read_text(*value).value_or("") : "";
}

class Collector {
 public:
  explicit Collector(Ledger& ledger) : ledger_(ledger) {}

  void document(const Value& document) {
    if (document.node->empty()) return;
    if (document.node->kind == config::Node::Kind::sequence) {
      for (const Value& item : config::items(document, "[{name: payment}]")) resource(item);
      return;
    }
    Fields fields(document, ledger_);
    if (document.node->kind != config::Node::Kind::mapping) {
      return document.wrong(found(*document.node) +
                            " found; expected clusters, a route configuration or a bootstrap");
    }
    const auto bootstrap = fields.find("static_resources");
    const auto resources = fields.find("resources");
    const auto clusters = fields.find("clusters");
    const auto routes = fields.find("route_config");
    if (!bootstrap && !resources && !clusters && !routes) return resource(document);
    if (bootstrap) static_resources(*bootstrap);
    for (const auto& list : {resources, clusters}) {
      if (!list) continue;
      for (const Value& item : config::items(*list, "[{name: payment}]")) resource(item);
    }
    if (routes) resource(*routes);
    ledger_.begin({});
    fields.none({"admin", "node", "dynamic_resources", "stats_sinks", "layered_runtime", "tracing",
                 "watchdogs", "overload_manager", "cluster_manager"},
                not_of_calls);
    fields.ignore({"version_info", "nonce", "type_url"});
    fields.finish();
  }

  EnvoyResources take() { return std::move(found_); }

 private:
  void static_resources(const Value& value) {
    Fields fields(value, ledger_);
    if (const auto clusters = fields.find("clusters")) {
      for (const Value& item : config::items(*clusters, "[{name: payment}]")) cluster(item);
    }
    if (const auto listeners = fields.find("listeners")) {
      for (const Value& item : config::items(*listeners, "[{name: http}]")) listener(item);
    }
    fields.none("secrets", "certificates are read from files");
    fields.finish();
  }

  void resource(const Value& value) {
    if (value.node->kind != config::Node::Kind::mapping)
      return value.wrong(found(*value.node) + " found; expected a cluster or a route configuration");
    Ledger unseen{""};
    Fields fields(value, unseen);
    const std::string type = text_of(fields, "@type");
    const auto has = [&](std::string_view key) { return fields.find(key).has_value(); };
    if (type.ends_with(".RouteConfiguration") || (type.empty() && has("virtual_hosts"))) {
      found_.routes.push_back({value});
    } else if (type.ends_with(".Cluster") ||
               (type.empty() && (has("load_assignment") || has("outlier_detection") ||
                                 has("circuit_breakers") || has("lb_policy") || has("connect_timeout")))) {
      cluster(value);
    } else if (type.ends_with(".Listener") || (type.empty() && has("filter_chains"))) {
      listener(value);
    } else {
      const std::string name = text_of(fields, "name");
      std::string before = ledger_.begin(type.empty() ? "resource " + name : type + " " + name);
      Value whole = value;
      if (whole.path.empty()) whole.path = "the document";
      ledger_.none(whole, "skipped: it is not a cluster, a route configuration or a bootstrap");
      ledger_.begin(std::move(before));
    }
  }

  void cluster(const Value& value) {
    Ledger unseen{""};
    Fields fields(value, unseen);
    const auto name = fields.find("name");
    const std::string text = name ? read_text(*name).value_or("") : std::string{};
    if (text.empty())
      return value.report->error(value.node->at, value.path, "has no name; expected \"name: NAME\"");
    if (!found_.clusters.emplace(text, value).second)
      return value.report->error(value.node->at, value.path, "is the second cluster of this name");
    found_.order.push_back(text);
  }

  void listener(const Value& value) {
    Fields fields(value, ledger_);
    ledger_.begin("listener " + text_of(fields, "name"));
    std::optional<config::Endpoint> address;
    if (const auto at = fields.find("address")) address = read_address(*at, ledger_);
    const std::size_t before = found_.routes.size();
    if (const auto chains = fields.find("filter_chains")) {
      for (const Value& chain : config::items(*chains, "[{filters: []}]")) filter_chain(chain);
    }
    if (address && found_.routes.size() > before) found_.listeners.push_back(*std::move(address));
    fields.finish();
  }

  void filter_chain(const Value& value) {
    Fields fields(value, ledger_);
    fields.ignore({"name"});
    fields.none("transport_socket", "not imported: the gateway is called in plain text");
    if (const auto filters = fields.find("filters")) {
      for (const Value& filter : config::items(*filters, "[{name: http}]")) {
        Fields one(filter, ledger_);
        one.ignore({"name"});
        const auto settings = one.find("typed_config");
        if (settings) connection_manager(*settings);
        one.finish();
      }
    }
    fields.finish();
  }

  void connection_manager(const Value& value) {
    Fields fields(value, ledger_);
    if (!text_of(fields, "@type").ends_with(".HttpConnectionManager"))
      return ledger_.none(value, "the gateway serves HTTP");
    fields.ignore({"stat_prefix", "codec_type"});
    const bool websocket = websocket_passes(fields, "upgrade of the listener's routes").value_or(false);
    if (const auto routes = fields.find("route_config")) found_.routes.push_back({*routes, websocket});
    fields.none("rds", "the routes are not in this file");
    if (const auto filters = fields.find("http_filters")) {
      for (const Value& filter : config::items(*filters, "[{name: router}]")) {
        Ledger unseen{""};
        Fields one(filter, unseen);
        const std::string name = text_of(one, "name");
        if (name.ends_with("router")) continue;
        if (name.ends_with("admission_control") && !found_.admission) {
          found_.admission = filter;
        } else {
          ledger_.none(filter, "this filter is not imported");
        }
      }
    }
    fields.finish();
  }

  Ledger& ledger_;
  EnvoyResources found_;
};

}  // namespace

EnvoyResources resources_of(const std::vector<Value>& documents, Ledger& ledger) {
  Collector collector(ledger);
  for (const Value& document : documents) collector.document(document);
  return collector.take();
}

std::optional<config::Endpoint> read_address(const Value& address, Ledger& ledger) {
  Fields fields(address, ledger);
  const auto socket = fields.find("socket_address");
  if (const auto pipe = socket ? std::nullopt : fields.find("pipe")) {
    Fields parts(*pipe, ledger);
    auto by_path = config::parse_service_url(std::string(config::unix_scheme) + text_of(parts, "path"));
    parts.none("mode", "the mode of the file is not imported");
    parts.finish();
    fields.finish();
    if (by_path.value) return std::move(by_path.value->upstream);
    ledger.none(*pipe, "not the path of a socket");
    return std::nullopt;
  }
  if (!socket) {
    ledger.none(address, "expected the address of a socket");
    return std::nullopt;
  }
  Fields parts(*socket, ledger);
  const std::string host = text_of(parts, "address");
  const auto port = parts.find("port_value");
  const std::uint64_t number = port ? read_count(*port).value_or(0) : 0;
  parts.none("named_port", "a port is a number");
  parts.ignore({"protocol"});
  parts.finish();
  fields.finish();
  const std::string bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
  auto url = config::parse_service_url("http://" + bracketed + ":" + std::to_string(number));
  if (!url.value) {
    ledger.none(*socket, "not an address that can be called");
    return std::nullopt;
  }
  return std::move(url.value->upstream);
}

}  // namespace switchgear::interop
