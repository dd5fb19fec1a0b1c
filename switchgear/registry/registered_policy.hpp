// One policy in a registry, whatever its kind. Used by the registry alone.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "switchgear/core/policy_kind.hpp"
#include "switchgear/core/quietly.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/registry/named_counts.hpp"
#include "switchgear/registry/tags.hpp"

namespace switchgear::detail {

/// The kind that a policy's type stands for; only policies of the library have one.
template <class Policy>
struct KindOf;
template <PolicyKind kind>
struct IsKind {
  static constexpr PolicyKind value = kind;
};
template <>
struct KindOf<CircuitBreaker> : IsKind<PolicyKind::circuit_breaker> {};
template <>
struct KindOf<Retry> : IsKind<PolicyKind::retry> {};
template <>
struct KindOf<RetryBudget> : IsKind<PolicyKind::retry_budget> {};
template <>
struct KindOf<Hedge> : IsKind<PolicyKind::hedge> {};
template <>
struct KindOf<Timeout> : IsKind<PolicyKind::timeout> {};
template <>
struct KindOf<Deadline> : IsKind<PolicyKind::deadline> {};
template <>
struct KindOf<Bulkhead> : IsKind<PolicyKind::bulkhead> {};
template <>
struct KindOf<AdaptiveLimit> : IsKind<PolicyKind::adaptive_limit> {};
template <>
struct KindOf<AdmissionControl> : IsKind<PolicyKind::admission> {};
template <>
struct KindOf<RateLimiter> : IsKind<PolicyKind::rate_limiter> {};
template <class T>
struct KindOf<Cache<T>> : IsKind<PolicyKind::cache> {};
template <class T>
struct KindOf<Fallback<T>> : IsKind<PolicyKind::fallback> {};
template <>
struct KindOf<CallQueue> : IsKind<PolicyKind::queue> {};
template <>
struct KindOf<Chaos> : IsKind<PolicyKind::chaos> {};

template <class Policy>
concept KnownPolicy = requires {
  KindOf<Policy>::value;
};

/// Tells the types of policies apart where a program has no RTTI.
using TypeId = const char*;
template <class Policy>
struct [[gnu::visibility("default")]] TypeTag {
  inline static char place;  // not const, so that no linker lays two of them together
};
template <class Policy>
[[nodiscard]] TypeId type_id() noexcept {
  return &TypeTag<Policy>::place;
}

/// Whatever its kind: its totals by name.
template <class Policy>
[[nodiscard]] NamedCounts totals_of(const Policy& policy, TimePoint now) {
  if constexpr (requires { policy.snapshot(now); }) {
    return counts_of(policy.snapshot(now).totals);
  } else {
    return counts_of(policy.snapshot().totals);
  }
}

class RegisteredPolicy {
 public:
  RegisteredPolicy(std::shared_ptr<void> policy, TypeId its_type, Tags its_tags)
      : object(std::move(policy)), type(its_type), tags(std::move(its_tags)) {}
  RegisteredPolicy(const RegisteredPolicy&) = delete;
  RegisteredPolicy& operator=(const RegisteredPolicy&) = delete;
  virtual ~RegisteredPolicy() = default;

  /// From here on, the registry's listeners hear nothing more of the policy, but for events on their way.
  virtual void detach() noexcept = 0;
  [[nodiscard]] virtual NamedCounts totals(TimePoint now) const = 0;

  const std::shared_ptr<void> object;
  const TypeId type;
  Tags tags;  ///< under the registry's mutex
};

/// Passes the events of `Policy` on to `everybody`, while a listener of the registry is subscribed. It does
/// so by a fan-out of its own, so that two of one policy, of which the first is still held by a reader, know
/// nothing of each other.
template <class Policy>
class Registered final : public RegisteredPolicy, private EventFanout::Watcher {
 public:
  Registered(const std::shared_ptr<Policy>& policy, std::shared_ptr<EventFanout> everybody, Tags its_tags)
      : RegisteredPolicy(policy, type_id<Policy>(), std::move(its_tags)),
        policy_(*policy),
        everybody_(std::move(everybody)) {
    if constexpr (tells) {
      relay_->subscribe(everybody_, Interest::everything);
      policy_.events().subscribe(relay_, Interest::nothing);
      everybody_->watch(*this);
    }
  }
  ~Registered() override {
    detach();
    if constexpr (tells) quietly([&] { policy_.events().unsubscribe(relay_); });
  }

  void detach() noexcept override {
    if constexpr (tells) {
      everybody_->unwatch(*this);
      policy_.events().set_interest(relay_, Interest::nothing);
    }
  }
  [[nodiscard]] NamedCounts totals(TimePoint now) const override { return totals_of(policy_, now); }

 private:
  static constexpr bool tells = requires(Policy & policy) { policy.events(); };

  void on_wish_changed() noexcept override {
    if constexpr (tells) policy_.events().set_interest(relay_, everybody_->wanted());
  }

  Policy& policy_;
  const std::shared_ptr<EventFanout> everybody_;
  const std::shared_ptr<EventFanout> relay_ = std::make_shared<EventFanout>();
};

}  // namespace switchgear::detail
