// Where a service is: its instances, how calls are spread over them, and when one is left out.
#pragma once

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"
#include "switchgear/config/tls_section.hpp"

namespace switchgear::config {

/// Reads `url` or `upstreams`, `tls`, `dns`, `balance` and `ejection` of a service. None of its instances may
/// be where `gateway` listens.
void read_upstreams(Section& section, Service& service, const GatewayOptions& gateway, PeerReader& peers);

/// Whether instances are the addresses of names: how many these have is not known from the file.
[[nodiscard]] bool has_name(const Service& service);

/// Reads `ejection` over `options`. A rule that the file names is enforced unless the file says otherwise.
void read_ejection(const Value& value, instances::EjectionOptions& options);
/// Of rules that can never eject an instance of the service. Precondition: it has no errors.
void warn_of_ejection(const Value& value, const Service& service);

}  // namespace switchgear::config
