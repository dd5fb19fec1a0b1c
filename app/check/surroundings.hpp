// The bounds that the gateway adds to a policy.
#pragma once

#include "switchgear/analysis/explain.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::check {

[[nodiscard]] analysis::Surroundings surroundings_of(const config::Service& service,
                                                     const config::GatewayOptions& gateway) noexcept;

}  // namespace switchgear::check
