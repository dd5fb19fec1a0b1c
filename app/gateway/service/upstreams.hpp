// Where the calls of one service go, as one thread sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "app/gateway/service/instance_set.hpp"
#include "app/gateway/service/spoken_http.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/http/connection_pool.hpp"
#include "switchgear/instances/balancer.hpp"

namespace switchgear::gateway {

/// One instance, and this thread's connections to it.
struct Upstream {
  config::Endpoint at;
  double weight = 1;
  std::optional<tls::Peer> tls;
  std::shared_ptr<instances::Instance> instance;
  std::shared_ptr<http::ConnectionPool> pool;
  std::shared_ptr<SpokenHttp> spoken;
};

/// Threads: its worker's; the instances are shared with the other workers.
class Upstreams {
 public:
  /// `all`: at least one.
  Upstreams(const config::Service& service, std::shared_ptr<InstanceSet> set, std::vector<Upstream> all,
            std::uint64_t seed);

  /// Instances that a call may ask to avoid.
  static constexpr std::size_t most_avoided = 8;

  /// For one attempt. `key`: of a hash; without one, chance decides. None of `avoid` if another may be
  /// picked, and one that has no room for a call, by its `connections`, only if all are like that. Null:
  /// every instance is left out.
  [[nodiscard]] const Upstream* pick(std::optional<std::uint64_t> key,
                                     std::span<const instances::Instance* const> avoid,
                                     TimePoint now) noexcept;
  void record(instances::InstanceCall&& call, instances::CallEnd end, TimePoint now) noexcept {
    set_->ejection().record(std::move(call), end, now);
  }

  /// The same of a call that stays in flight.
  void record_begun(const instances::InstanceCall& call, instances::CallEnd end, TimePoint now) noexcept {
    set_->ejection().record_begun(call, end, now);
  }

  [[nodiscard]] a2a::KnownAgent& agent() const noexcept { return set_->agent(); }
  /// One of the instances does.
  [[nodiscard]] bool any_speaks(SpokenHttp::Version what) const noexcept;

  /// The name of the field whose value is the key; empty: none.
  [[nodiscard]] std::string_view key_header() const noexcept { return key_header_; }
  [[nodiscard]] const std::vector<Upstream>& all() const noexcept { return all_; }
  /// The connections to an instance, if it is one of these.
  [[nodiscard]] std::shared_ptr<http::ConnectionPool> pool_of(
      const config::Endpoint& at, const std::optional<tls::Peer>& tls) const noexcept;
  [[nodiscard]] http::PoolCounts connections() const noexcept;

 private:
  [[nodiscard]] bool passes_over(const Upstream& upstream) const noexcept;
  [[nodiscard]] const Upstream* pick_any(std::uint64_t key, TimePoint now) noexcept;
  [[nodiscard]] const Upstream* any_with_room() const noexcept;

  const std::shared_ptr<InstanceSet> set_;
  const std::vector<Upstream> all_;
  const std::string key_header_;
  instances::Balancer balancer_;
  Random random_;
  std::vector<const instances::Instance*> passed_over_;  ///< by the current pick
};

}  // namespace switchgear::gateway
