#include "app/interop/istio_entry.hpp"

#include <algorithm>

#include "app/interop/read_weights.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace {

std::uint16_t read_port(const Value& value) {
  const auto count = read_count(value);
  if (count && *count > 0 && *count <= 65535) return static_cast<std::uint16_t>(*count);
  if (count) value.wrong(std::to_string(*count) + " found; expected a port from 1 to 65535");
  return 1;
}

ServiceEntryAddresses::Port read_port_of_service(const Value& value, Ledger& ledger) {
  ServiceEntryAddresses::Port port;
  Fields fields(value, ledger);
  if (const auto number = fields.find("number")) port.number = port.target = read_port(*number);
  if (const auto target = fields.find("targetPort")) port.target = read_port(*target);
  if (const auto name = fields.find("name")) port.name = read_text(*name).value_or("");
  const auto protocol = fields.find("protocol");
  if (protocol && read_text(*protocol).value_or("").starts_with("HTTPS"))
    ledger.none(*protocol, "not imported: the service is called in plain text");
  fields.finish();
  return port;
}

/// `weight`: where it stands.
ServiceEntryAddresses::Endpoint read_endpoint(const Value& value, std::optional<Value>& weight,
                                              Ledger& ledger) {
  ServiceEntryAddresses::Endpoint endpoint;
  Fields fields(value, ledger);
  if (const auto address = fields.find("address")) endpoint.address = read_text(*address).value_or("");
  weight = fields.find("weight");
  if (weight) endpoint.weight = read_weight(*weight, ZeroWeight::unset, ledger);
  if (const auto ports = fields.find("ports")) {
    for (const config::Entry& entry : ports->node->entries)
      endpoint.ports[entry.key] =
          read_port({&entry.value, entry.at, config::join(ports->path, entry.key), ports->report});
  }
  fields.none({"labels", "locality", "network", "serviceAccount"},
              "instances have an address and a weight only");
  fields.finish();
  constexpr std::string_view by_path = "unix://";
  if (endpoint.address.starts_with(by_path)) endpoint.address.replace(0, by_path.size(), config::unix_scheme);
  const bool ipv6 = endpoint.address.find(':') != std::string::npos;
  const std::string url = config::is_unix({endpoint.address, 0})
                              ? endpoint.address
                              : "http://" + (ipv6 ? "[" + endpoint.address + "]" : endpoint.address);
  if (!config::parse_service_url(url).value) {
    ledger.none(value, "left out: its address is not a host's");
    endpoint.address.clear();
  } else {
    ledger.carried(value, "an instance of the service");
  }
  return endpoint;
}

/// How the endpoints, or the hosts if there are none, become instances.
void read_resolution(const Value& value, ServiceEntryAddresses& addresses, Ledger& ledger) {
  const std::string how = read_text(value).value_or("");
  if (how == "DNS") {
    addresses.by_dns = true;
    ledger.approximated(value, "dns.refresh", "each address of a name is an instance, looked up every 10s");
  } else if (how == "DNS_ROUND_ROBIN") {
    ledger.carried(value, "url", "a name is one instance");
  } else if (how == "STATIC") {
    ledger.carried(value, "", "addresses are taken as they are");
  } else {
    ledger.none(value, "calls go to the endpoints, or to the host");
  }
}

}  // namespace

std::vector<config::Upstream> ServiceEntryAddresses::upstreams(std::uint16_t port) const {
  const auto named = std::ranges::find(ports, port, &Port::number);
  std::vector<config::Upstream> result;
  for (const Endpoint& endpoint : endpoints) {
    config::Upstream upstream{{endpoint.address, named == ports.end() ? port : named->target},
                              endpoint.weight};
    if (named != ports.end() && endpoint.ports.contains(named->name))
      upstream.at.port = endpoint.ports.at(named->name);
    if (config::is_unix(upstream.at)) upstream.at.port = 0;
    const auto same = [&](const config::Upstream& other) { return other.at == upstream.at; };
    if (std::ranges::none_of(result, same)) result.push_back(std::move(upstream));
  }
  return result;
}

void read_service_entry(const Value& spec, std::map<std::string, ServiceEntryAddresses>& hosts,
                        Ledger& ledger) {
  Fields fields(spec, ledger);
  ServiceEntryAddresses addresses;
  if (const auto ports = fields.find("ports")) {
    for (const Value& port : config::items(*ports, "[{number: 80}]"))
      addresses.ports.push_back(read_port_of_service(port, ledger));
    ledger.carried(*ports, "port of the instances");
  }
  if (const auto endpoints = fields.find("endpoints")) {
    std::vector<std::optional<Value>> places;
    for (const Value& value : config::items(*endpoints, "[{address: 10.0.0.1}]")) {
      std::optional<Value> weight;
      auto endpoint = read_endpoint(value, weight, ledger);
      if (endpoint.address.empty()) continue;
      addresses.endpoints.push_back(std::move(endpoint));
      places.push_back(std::move(weight));
    }
    std::vector<WeightAt> weights;
    for (std::size_t i = 0; i < places.size(); ++i)
      weights.push_back({&addresses.endpoints[i].weight, places[i]});
    fit_weights(weights, ledger);
  }
  if (const auto resolution = fields.find("resolution")) read_resolution(*resolution, addresses, ledger);
  if (const auto list = fields.find("hosts")) {
    for (const Value& host : config::items(*list, "[payment.example.com]"))
      hosts[read_text(host).value_or("")] = addresses;
    ledger.carried(*list, "name of the service");
  }
  fields.none({"location", "addresses", "exportTo", "subjectAltNames", "workloadSelector"},
              "it is the mesh's concern");
  fields.finish();
}

}  // namespace switchgear::interop
