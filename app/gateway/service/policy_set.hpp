// The policies of one service, made from its configuration and shared by every thread that calls it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "app/gateway/service/lost_probes.hpp"
#include "app/gateway/service/stored_answer.hpp"
#include "app/gateway/service/uri_versions.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/configured_policies.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::gateway {

using AnswerCache = Cache<StoredAnswer>;
using AnswerFallback = Fallback<StoredAnswer>;

using GatewayPolicies = config::ConfiguredPolicies<StoredAnswer>;
/// Only a service that hedges pays for a race.
using PlainPipeline = GatewayPolicies::Plain;
using HedgedPipeline = GatewayPolicies::Racing;

/// Hedges whose answer came first. Threads: any.
class HedgeWins {
 public:
  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// The breakers that guard a call, outermost first; null: none.
struct Breakers {
  std::shared_ptr<CircuitBreaker> outer;  ///< the service's, around that of a route's policy
  std::shared_ptr<CircuitBreaker> own;    ///< of the policy
  std::shared_ptr<BreakersByValue> by_value;
};

/// Constant but for what the policies themselves know; threads: any.
class PolicySet {
 public:
  /// Policies whose options did not change since `before` are the same objects, with all they know; so are
  /// retries, hedges, bulkheads and rate limiters with other options.
  /// All of them are in `registry` from here on. `route_policy`: the name of `policy` if it is that of
  /// routes; empty: it is the service's.
  PolicySet(const config::Service& service, const std::string& route_policy, const config::Policy& policy,
            PolicyRegistry& registry, Breakers breakers, const PolicySet* before, std::uint64_t seed);
  PolicySet(const PolicySet&) = delete;
  PolicySet& operator=(const PolicySet&) = delete;

  /// What the policies are called: as the service, or `service/policy` if they are those of routes.
  [[nodiscard]] static std::string name_of(const std::string& service, const std::string& route_policy) {
    return route_policy.empty() ? service : service + "/" + route_policy;
  }

  [[nodiscard]] const config::Service& service() const noexcept { return service_; }
  /// The name of the policy if it is that of routes; empty: it is the service's.
  [[nodiscard]] const std::string& route_policy() const noexcept { return route_policy_; }
  /// `timeout` is never null. The queue is that of a fallback that stores calls, or once did: it stays as
  /// long as the service does, because calls under way may still store.
  [[nodiscard]] const GatewayPolicies::Objects& policies() const noexcept { return policies_.objects(); }
  /// The same refusal in the name of the breaker that gave it to a call with this value. Breakers by value
  /// refuse in the name of all; the one's own name is kept in `name`.
  [[nodiscard]] Rejection named(Rejection rejection, std::string_view value, std::string& name) const;
  /// Null without a hedge; replaced with it, so that both count from nought together.
  [[nodiscard]] const std::shared_ptr<HedgeWins>& hedge_wins() const noexcept { return hedge_wins_; }
  /// Of a service that remembers, or once did: answers that a cache keeps across a reload must not be found
  /// again under a version that has begun anew.
  [[nodiscard]] const std::shared_ptr<UriVersions>& versions() const noexcept { return versions_; }

  /// A call may be made more than once.
  [[nodiscard]] bool repeats() const noexcept { return policies().retry || policies().hedge; }
  /// Something may come of a bad answer other than handing it on: it is looked at before it is.
  [[nodiscard]] bool reacts() const noexcept { return repeats() || policies().fallback || policies().cache; }
  [[nodiscard]] bool hedges() const noexcept { return policies().hedge != nullptr; }
  /// Good answers are kept.
  [[nodiscard]] bool remembers() const noexcept { return remembers_; }
  /// Calls that come to nothing are stored for later.
  [[nodiscard]] bool queues() const noexcept { return queues_; }
  /// A stream keeps its place in the bulkhead until it ends.
  [[nodiscard]] bool holds_streams() const noexcept { return holds_streams_; }

  /// The age of an attempt by which its breakers must know if it waits for the client: not much later, one of
  /// them would count it as stuck, or as a probe that hangs.
  [[nodiscard]] Duration told_within() const noexcept { return told_within_; }

  /// Whether one of the breakers that guard a call with this value is half-open, or would be with the next
  /// call: what becomes of that call decides about all others.
  [[nodiscard]] bool probes(std::string_view value, TimePoint now) const;
  /// Whether a breaker that guards a call with this value is half-open, and was when that call began: then it
  /// waits for the call's verdict. That of a call that began before the breaker opened does not count.
  [[nodiscard]] bool wait_for_verdict(std::string_view value, TimePoint begun, TimePoint now) const;
  [[nodiscard]] LostProbes& lost_probes() const noexcept { return lost_probes_; }

  [[nodiscard]] const PlainPipeline& plain() const noexcept { return plain_; }
  [[nodiscard]] const PlainPipeline& plain_without_fallback() const noexcept { return plain_bare_; }
  [[nodiscard]] const HedgedPipeline& hedged() const noexcept { return hedged_; }
  [[nodiscard]] const HedgedPipeline& hedged_without_fallback() const noexcept { return hedged_bare_; }

 private:
  config::Service service_;
  std::string route_policy_;
  GatewayPolicies policies_;
  std::shared_ptr<HedgeWins> hedge_wins_;
  std::shared_ptr<UriVersions> versions_;
  bool remembers_;
  bool queues_;
  bool holds_streams_;
  Duration told_within_;
  mutable LostProbes lost_probes_;
  PlainPipeline plain_;
  PlainPipeline plain_bare_;
  HedgedPipeline hedged_;
  HedgedPipeline hedged_bare_;
};

}  // namespace switchgear::gateway
