#include "app/interop/name_lookups.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/duration.hpp"

namespace switchgear::interop {

namespace {

using std::chrono::seconds;

constexpr Duration usual_of_envoy = seconds{5};
constexpr Duration least = seconds{1};
constexpr Duration most = std::chrono::hours{24};

/// Into the range of the keys of `dns`.
void take_in_range(const Value& value, Duration length, Duration& into, const std::string& to,
                   Ledger& ledger) {
  into = std::clamp(length, least, most);
  if (into == length) return ledger.carried(value, to);
  ledger.approximated(value, to, "from 1s to 24h");
}

}  // namespace

bool has_name(const config::Service& service) {
  return std::ranges::any_of(service.upstreams,
                             [](const auto& each) { return !config::is_address(each.at.host); });
}

void import_lookups(Fields& cluster, ImportedService& imported) {
  config::Service& service = imported.service;
  const auto type = cluster.find("type");
  const std::string name = type ? read_text(*type).value_or("") : "STATIC";
  const bool here = name == "STATIC" || name == "STRICT_DNS" || name == "LOGICAL_DNS";
  if (type) {
    here ? cluster.ledger().carried(*type, imported.at(service.upstreams.size() == 1 ? "url" : "upstreams"))
         : cluster.ledger().none(*type, "instances are those of the file");
  }
  if (name == "STRICT_DNS" && has_name(service)) {
    service.dns_refresh = usual_of_envoy;
    const auto rate = cluster.find("dns_refresh_rate");
    const auto length = rate ? read_length(*rate) : std::nullopt;
    if (length) {
      take_in_range(*rate, *length, *service.dns_refresh, imported.at("dns.refresh"), cluster.ledger());
    } else if (!rate) {
      cluster.absent("dns_refresh_rate", imported.at("dns.refresh"), "5s");
    }
  } else {
    cluster.none("dns_refresh_rate", has_name(service)
                                         ? "a name of one instance is looked up for each connection"
                                         : "no instance has a name");
  }
  cluster.none({"dns_lookup_family", "dns_failure_refresh_rate", "respect_dns_ttl", "use_tcp_for_dns_lookups",
                "dns_resolvers", "typed_dns_resolver_config", "dns_jitter"},
               "names are looked up as the system does it");
}

void export_lookups(const ExportedService& exported, boost::json::object& cluster, Ledger& ledger) {
  const config::Service& service = exported.service;
  const bool named = has_name(service);
  cluster["type"] = !named ? "STATIC" : service.dns_refresh ? "STRICT_DNS" : "LOGICAL_DNS";
  if (!named || !service.dns_refresh) return;
  cluster["dns_refresh_rate"] = seconds_text(*service.dns_refresh);
  ledger.carried(exported.at("dns.refresh"), "dns_refresh_rate");
}

void take_connection_age(Fields& fields, std::string_view name, ImportedService& imported) {
  const auto value = fields.find(name);
  const auto length = value ? read_length(*value) : std::nullopt;
  if (!length) return;
  config::Service& service = imported.service;
  take_in_range(*value, *length, service.pool.max_age.emplace(), imported.at("dns.max_connection_age"),
                fields.ledger());
  if (service.dns_refresh || service.upstreams.size() > 1 || !has_name(service)) return;
  fields.ledger().approximated(*value, imported.at("dns.refresh"),
                               "with it, each address of the name is an instance");
}

void export_connection_age(const ExportedService& exported, std::string_view name, std::string_view to,
                           boost::json::object& into, Ledger& ledger) {
  const std::optional<Duration> age = exported.service.pool.max_age;
  if (!age) return;
  into[name] = seconds_text(*age);
  ledger.carried(exported.at("dns.max_connection_age"), to);
}

boost::json::object written_lookups(const config::Service& service) {
  constexpr Duration usual = seconds{10};
  boost::json::object dns;
  const bool list = service.upstreams.size() > 1;
  if (service.dns_refresh && !(list && *service.dns_refresh == usual))
    dns["refresh"] = config::format_duration(*service.dns_refresh);
  if (service.pool.max_age) dns["max_connection_age"] = config::format_duration(*service.pool.max_age);
  return dns;
}

}  // namespace switchgear::interop
