// What `switchgear check` says about whom the gateway believes.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "switchgear/config/trust.hpp"

namespace switchgear::check {

/// Some lines under the head `clients`; empty without trusted_proxies.
[[nodiscard]] std::string to_text(const config::TrustOptions& trust);
[[nodiscard]] boost::json::object to_json(const config::TrustOptions& trust);

}  // namespace switchgear::check
