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
  passed_over_.reserve(all_.size() + most_avoided);
}

/// An instance that is full is passed over like one that was called already. If that leaves none, one that
/// was called already and has room is better than a refusal.
const Upstream* Upstreams::pick(std::optional<std::uint64_t> key,
                                std::span<const instances::Instance* const> avoid, TimePoint now) noexcept {
  const std::uint64_t of_call = key ? *key : random_.next();
  passed_over_.assign(avoid.begin(), avoid.end());
  const Upstream* const first = pick_any(of_call, now);
  if (first == nullptr || !first->pool->is_full()) return first;
  for (const Upstream* next = first; !passes_over(*next);) {
    passed_over_.push_back(next->instance.get());
    next = pick_any(of_call, now);
    if (!next->pool->is_full()) return next;
  }
  const Upstream* const roomy = any_with_room();
  return roomy == nullptr ? first : roomy;
}

bool Upstreams::passes_over(const Upstream& upstream) const noexcept {
  return std::ranges::find(passed_over_, upstream.instance.get()) != passed_over_.end();
}

const Upstream* Upstreams::pick_any(std::uint64_t key, TimePoint now) noexcept {
  const auto* picked =
      balancer_.pick({.now = now, .key = key, .panic = set_->ejection().panicking(), .avoid = passed_over_});
  if (picked == nullptr) return nullptr;
  return &*std::ranges::find(all_, *picked, &Upstream::instance);
}

const Upstream* Upstreams::any_with_room() const noexcept {
  const bool panic = set_->ejection().panicking();
  const auto found = std::ranges::find_if(all_, [panic](const Upstream& each) {
    return (panic || each.instance->usable()) && !each.pool->is_full();
  });
  return found == all_.end() ? nullptr : &*found;
}

std::shared_ptr<http::ConnectionPool> Upstreams::pool_of(const config::Endpoint& at,
                                                         const std::optional<tls::Peer>& tls) const noexcept {
  const auto found =
      std::ranges::find_if(all_, [&](const Upstream& each) { return each.at == at && each.tls == tls; });
  return found == all_.end() ? nullptr : found->pool;
}

bool Upstreams::any_speaks(SpokenHttp::Version what) const noexcept {
  return std::ranges::any_of(all_, [what](const Upstream& each) { return each.spoken->latest() == what; });
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
