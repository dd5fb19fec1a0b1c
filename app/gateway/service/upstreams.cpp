#include "app/gateway/service/upstreams.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::gateway {

Upstreams::Upstreams(const config::Service& service, std::shared_ptr<InstanceSet> set,
                     std::vector<Upstream> all, std::uint64_t seed)
    : set_(std::move(set)),
      all_(std::move(all)),
      key_header_(service.balance_header),
      balancer_(service.balance, seed),
      random_(seed + 1) {
  std::vector<instances::Balancer::Entry> entries;
  for (const Upstream& each : all_) entries.push_back({each.instance, each.weight});
  balancer_.set_instances(std::move(entries));
}

const Upstream* Upstreams::pick(std::optional<std::uint64_t> key,
                                std::span<const instances::Instance* const> avoid, TimePoint now) noexcept {
  const auto* picked = balancer_.pick({.now = now,
                                       .key = key ? *key : random_.next(),
                                       .panic = set_->ejection().panicking(),
                                       .avoid = avoid});
  if (picked == nullptr) return nullptr;
  return &*std::ranges::find(all_, *picked, &Upstream::instance);
}

std::shared_ptr<http::ConnectionPool> Upstreams::pool_of(const config::Endpoint& at,
                                                         const std::optional<tls::Peer>& tls) const noexcept {
  const auto found =
      std::ranges::find_if(all_, [&](const Upstream& each) { return each.at == at && each.tls == tls; });
  return found == all_.end() ? nullptr : found->pool;
}

http::PoolCounts Upstreams::connections() const noexcept {
  http::PoolCounts all;
  for (const Upstream& each : all_) {
    const http::PoolCounts counts = each.pool->counts();
    all.open += counts.open;
    all.idle += counts.idle;
    all.waiting += counts.waiting;
  }
  return all;
}

}  // namespace switchgear::gateway
