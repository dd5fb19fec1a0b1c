#include "app/gateway/service/left_queues.hpp"

#include <utility>

namespace switchgear::gateway {

LeftQueues left_queues_after(std::vector<LeftQueue> before, const PolicySets& removed,
                             const PolicySets& present) {
  for (const auto& [name, set] : removed) {
    const std::shared_ptr<CallQueue>& queue = set->policies().queue;
    if (!queue) continue;
    queue->set_max(0);  // first: a call under way must not store in a queue that was found empty
    before.push_back({set->service().name, set->route_policy(), queue});
  }
  LeftQueues left;
  for (LeftQueue& each : before) {
    const bool goes_on = each.queue->size() != 0 && present.contains(each.service);
    (goes_on ? left.kept : left.gone).push_back(std::move(each));
  }
  return left;
}

}  // namespace switchgear::gateway
