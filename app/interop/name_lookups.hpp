// Names of instances, and how long connections to what they led to are used: `dns` of a service.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "app/interop/exported.hpp"
#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Where one of its instances is, is said by a name.
[[nodiscard]] bool has_name(const config::Service& service);

/// `type` and `dns_refresh_rate` of a cluster.
void import_lookups(Fields& cluster, ImportedService& service);
void export_lookups(const ExportedService& exported, boost::json::object& cluster, Ledger& ledger);

/// How old a connection may be that is used again. After import_lookups().
void take_connection_age(Fields& fields, std::string_view name, ImportedService& service);
/// Sets it if the service has one.
void export_connection_age(const ExportedService& exported, std::string_view name, std::string_view to,
                           boost::json::object& into, Ledger& ledger);

/// `dns` of the service, without what is its default; empty if all is.
[[nodiscard]] boost::json::object written_lookups(const config::Service& service);

}  // namespace switchgear::interop
