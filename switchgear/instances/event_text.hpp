// What happened to an instance, as a sentence.
#pragma once

#include <string>

#include "switchgear/instances/instance_event.hpp"

namespace switchgear::instances {

/// `instance 10.0.0.1:8080 is left out for 30s: 5 failed calls in a row (limit 5); 1 of 3 instances is out`.
[[nodiscard]] std::string text_of(const InstanceEvent& event);

/// `5 failed calls in a row (limit 5)`.
[[nodiscard]] std::string text_of(const Finding& finding);

}  // namespace switchgear::instances
