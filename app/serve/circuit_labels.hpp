// Which service a circuit belongs to, as alerts say it.
#pragma once

#include <functional>
#include <string>

#include "app/alert/rules/labels.hpp"

namespace switchgear::serve {

/// `service` and `scope` of a circuit. One that has the name of a service is that service's. Another one,
/// named `payment/…`, is a part of the service `payment`: one tenant's, one instance's.
[[nodiscard]] alert::Labels circuit_labels(const std::string& circuit,
                                           const std::function<bool(const std::string&)>& is_service);

}  // namespace switchgear::serve
