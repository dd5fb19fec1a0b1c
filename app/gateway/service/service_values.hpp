// The breakers by value of a service: made from its configuration, kept when it did not change, shown.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "app/gateway/service/policy_set.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::gateway {

/// Null: the service has none. Those of `before`, unless null, with all their values, if nothing about them
/// changed. Their transitions go to the listeners of `registry`, which must outlive them.
/// `set`: what the policies are called.
[[nodiscard]] std::shared_ptr<BreakersByValue> values_of(const std::string& set,
                                                         const config::Service& service,
                                                         const config::Policy& policy,
                                                         const PolicySet* before, BreakerRegistry& registry,
                                                         std::uint64_t seed);

/// Their part of `GET /status`: counts, and the first twenty that are not closed.
[[nodiscard]] boost::json::object values_json(const config::ByHeader& by, const BreakersByValue& values,
                                              TimePoint now);

/// Adds `switchgear_value_breakers_*`; no value is a label.
void add_values(telemetry::MetricFamilies& to, const std::string& service, const config::ByHeader& by,
                const BreakersByValue& values);

}  // namespace switchgear::gateway
