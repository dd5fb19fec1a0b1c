// How a service is called by https: what Istio and Envoy say of it, and what is written into a policy file.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "app/interop/exported.hpp"
#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// An import opens no file of the mesh.
inline constexpr std::string_view is_read_by_check = "the import does not read this file; check does";

/// The name that is told to every instance: with several, that of the first. `to`: the field that has it.
[[nodiscard]] std::string told_name(const ExportedService& exported, std::string_view to, Ledger& ledger);

/// A service with a Unix socket is called in plain text: `value` is reported then.
[[nodiscard]] bool refuses_tls(const Value& value, const ImportedService& service, Ledger& ledger);

/// `trafficPolicy.tls` of Istio.
void import_istio_tls(const Value& value, ImportedService& service, Ledger& ledger);
/// Of a service with an https URL.
[[nodiscard]] boost::json::object istio_tls(const ExportedService& exported, Ledger& ledger);

/// `transport_socket` of an Envoy cluster.
void import_envoy_tls(const Value& value, ImportedService& service, Ledger& ledger);
/// Of a service with an https URL.
[[nodiscard]] boost::json::object envoy_tls(const ExportedService& exported, Ledger& ledger);

}  // namespace switchgear::interop
