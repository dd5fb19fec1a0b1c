// `retry_on`, the comma-separated conditions that Istio and Envoy share, and the statuses of a policy's
// retry.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::interop {

struct RetryOn {
  std::optional<config::StatusRanges> statuses;  ///< unset: those of a retry without `status`
  std::string how;                               ///< what is approximated; empty: nothing
};

/// `codes` are those of `retriable_status_codes`; Istio writes them into the list itself.
[[nodiscard]] RetryOn parse_retry_on(std::string_view list, std::span<const unsigned> codes);

/// The conditions for connections and timeouts, which every retry of ours has, and `5xx` if all of these are.
struct WrittenRetryOn {
  std::string conditions;
  std::vector<unsigned> codes;  ///< the other statuses
};
[[nodiscard]] WrittenRetryOn written_retry_on(const std::optional<config::StatusRanges>& statuses);

}  // namespace switchgear::interop
