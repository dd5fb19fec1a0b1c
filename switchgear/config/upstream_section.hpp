// Where a service is: its instances, how calls are spread over them, and when one is left out.
#pragma once

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"
#include "switchgear/config/tls_section.hpp"

namespace switchgear::config {

/// Reads `url` or `upstreams`, `tls`, `dns`, `balance` and `ejection` of a service. None of its instances may
/// be where `gateway` listens.
void read_upstreams(Section& section, Service& service, const GatewayOptions& gateway, PeerReader& peers);

/// Reads `ejection` over `options`. A rule that the file names is enforced unless the file says otherwise.
void read_ejection(const Value& value, instances::EjectionOptions& options);

}  // namespace switchgear::config
