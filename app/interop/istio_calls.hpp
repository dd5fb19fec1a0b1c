// What an HTTP route of a VirtualService says about one call: limits, retries, faults.
#pragma once

#include "app/interop/fields.hpp"
#include "app/interop/imported.hpp"

namespace switchgear::interop {

/// Reads them into the policy of `service`. Istio retries twice if the route does not say otherwise.
void import_istio_calls(Fields& route, ImportedService& service);

/// Sets the delays of the policy's retry: `base`, doubled up to ten times itself, which is theirs by default.
void set_delays(RetryOptions& retry, Duration base);

/// Beyond this, retries are cut off.
inline constexpr std::uint64_t most_retries = 999'999;

}  // namespace switchgear::interop
