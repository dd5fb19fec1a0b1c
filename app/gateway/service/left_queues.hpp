// Stored calls of policies that their service has no more: a split's candidate that was promoted or taken
// out, the policy of routes that are gone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/gateway/service/route_policies.hpp"
#include "switchgear/policy/call_queue.hpp"

namespace switchgear::gateway {

/// It takes no further call, and its calls are made as the service's own until it is empty.
struct LeftQueue {
  std::string service;
  std::string route_policy;  ///< whose it was; empty: the service's, which has gone itself
  std::shared_ptr<CallQueue> queue;
};

struct LeftQueues {
  std::vector<LeftQueue> kept;
  std::vector<LeftQueue> gone;  ///< empty, or with calls that are lost because their service is gone
};

/// After a reload: of those before it, and of the queues of `removed`, which take no call from here on.
[[nodiscard]] LeftQueues left_queues_after(std::vector<LeftQueue> before, const PolicySets& removed,
                                           const PolicySets& present);

}  // namespace switchgear::gateway
