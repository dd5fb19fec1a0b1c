// Services: the columns of their list, and one of them in full.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/top/canvas.hpp"
#include "app/top/services.hpp"

namespace switchgear::top {

/// Everything that GET /status says about it, a section for each of its policies.
[[nodiscard]] Lines service_page(const Service& service, std::size_t columns);

/// `2/50`; empty if the service has no such policy.
[[nodiscard]] std::string bulkhead_text(const Service& service);
[[nodiscard]] std::string limit_text(const Service& service);  ///< of its adaptive limit or rate limiter
/// Connections in use, open, and calls that wait for one: `2/8`, `8/8 +3`.
[[nodiscard]] std::string pool_text(const Service& service);
[[nodiscard]] std::string retries_text(const Service& service);  ///< `40`
[[nodiscard]] std::string mean_text(const Service& service);     ///< of a successful call: `21ms`

}  // namespace switchgear::top
