// registry/: every named policy, by kind and name, for what shows policies, listens to them or changes them
// at run time; presets; hot reload of a whole set of options. Needs nothing but the standard library. Never
// here: reading configuration files, deciding about a call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "switchgear/core/policy_kind.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/named_counts.hpp"
#include "switchgear/registry/registered_policy.hpp"
#include "switchgear/registry/tags.hpp"

namespace switchgear {

/// What a registry lists of one policy.
struct PolicySnapshot {
  PolicyKind kind = PolicyKind::circuit_breaker;
  std::string name;
  Tags tags;
  NamedCounts totals;
};

/// Holds policies of every kind and shares them.
///
///     PolicyRegistry registry{{now, std::chrono::system_clock::now()}, seed};
///     auto payment = registry.breakers().get_or_create("payment", preset("payment"), now);
///     auto retry = registry.add(std::make_shared<Retry>("payment", RetryOptions{}), {{"team", "checkout"}});
///     …
///     auto same = registry.get<Retry>("payment");
///     registry.events().subscribe(log, Interest::transitions | Interest::retries);
///
/// A name is one policy's of its kind: a retry and a bulkhead may both be called `payment`. Breakers are made
/// by breakers(), because they come and go with keys; in everything else they are policies as the others are.
///
/// Not for the path of a call: look a policy up once and keep the pointer, because a look-up takes a mutex.
/// Threads: every method from any thread. Lifetime: a policy lives as long as a pointer to it. One that was
/// taken out works on, and tells only its own listeners.
class PolicyRegistry {
 public:
  /// As BreakerRegistry.
  PolicyRegistry(WallAnchor anchor, std::uint64_t seed, const KeyedLimits& limits = {});
  PolicyRegistry(const PolicyRegistry&) = delete;
  PolicyRegistry& operator=(const PolicyRegistry&) = delete;
  ~PolicyRegistry();

  [[nodiscard]] BreakerRegistry& breakers() noexcept { return breakers_; }
  [[nodiscard]] const BreakerRegistry& breakers() const noexcept { return breakers_; }

  /// Takes a policy in, and returns it. Throws std::invalid_argument if there is one of its kind and name, if
  /// the tags are not valid, or if the pointer is null.
  template <class Policy>
  std::shared_ptr<Policy> add(std::shared_ptr<Policy> policy, Tags tags = {}) {
    put<Policy>(policy, std::move(tags), Present::refuses);
    return policy;
  }

  /// The same in the place of the one of its kind and name, if there is one.
  template <class Policy>
  std::shared_ptr<Policy> replace(std::shared_ptr<Policy> policy, Tags tags = {}) {
    put<Policy>(policy, std::move(tags), Present::makes_way);
    return policy;
  }

  /// Null when there is none of that kind and name, or it keeps answers of another type.
  template <class Policy>
  [[nodiscard]] std::shared_ptr<Policy> find(std::string_view name) const {
    static_assert(detail::KnownPolicy<Policy>, "not a policy of the library: Retry, Bulkhead, Cache<T> …");
    if constexpr (std::is_same_v<Policy, CircuitBreaker>) {
      return breakers_.find(name);
    } else {
      return std::static_pointer_cast<Policy>(
          object(detail::KindOf<Policy>::value, name, detail::type_id<Policy>()));
    }
  }

  /// The same, but throws std::invalid_argument with what there is instead.
  template <class Policy>
  [[nodiscard]] std::shared_ptr<Policy> get(std::string_view name) const {
    auto found = find<Policy>(name);
    if (found == nullptr) raise_missing(detail::KindOf<Policy>::value, name);
    return found;
  }

  /// False when there was none. Breakers go by BreakerRegistry::apply(), and only lose their tags here.
  bool remove(PolicyKind kind, std::string_view name);

  /// Sets the tags of a policy, a named breaker's too, in place of those it had; false when there is none.
  /// Throws std::invalid_argument when they are not valid.
  bool tag(PolicyKind kind, std::string_view name, Tags tags);

  /// Every policy, breakers among them, sorted by name, then kind.
  [[nodiscard]] std::vector<PolicySnapshot> snapshots(TimePoint now) const;

  /// Where listeners subscribe for the events of all policies, present and future; breakers().events() is the
  /// same. For those of one policy, `get<Retry>(name)->events()` or breakers().subscribe(name, …).
  [[nodiscard]] EventFanout& events() noexcept { return breakers_.events(); }

 private:
  enum class Present : std::uint8_t { refuses, makes_way };
  using Key = std::pair<std::string, PolicyKind>;
  using Entry = std::shared_ptr<detail::RegisteredPolicy>;

  template <class Policy>
  void put(const std::shared_ptr<Policy>& policy, Tags tags, Present present) {
    static_assert(detail::KnownPolicy<Policy>, "not a policy of the library: Retry, Bulkhead, Cache<T> …");
    static_assert(!std::is_same_v<Policy, CircuitBreaker>,
                  "breakers are made by the registry: breakers().get_or_create(name, options, now)");
    if (policy == nullptr) raise_null(detail::KindOf<Policy>::value);
    const auto make = [&](Tags checked) -> Entry {
      return std::make_shared<detail::Registered<Policy>>(policy, breakers_.shared_events(),
                                                          std::move(checked));
    };
    put({policy->name(), detail::KindOf<Policy>::value}, policy.get(), std::move(tags), present, make);
  }
  void put(Key key, const void* object, Tags tags, Present present, const std::function<Entry(Tags)>& make);
  [[nodiscard]] std::shared_ptr<void> object(PolicyKind kind, std::string_view name,
                                             detail::TypeId type) const;
  [[noreturn]] static void raise_null(PolicyKind kind);
  [[noreturn]] void raise_missing(PolicyKind kind, std::string_view name) const;

  BreakerRegistry breakers_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> policies_;
};

}  // namespace switchgear
