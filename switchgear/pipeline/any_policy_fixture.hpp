// A policy that is chosen while the test runs, so that a test can put policies into any order.
#pragma once

#include <variant>

#include "switchgear/pipeline/layers.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/fallback.hpp"

namespace switchgear::testing {

template <class... Policies>
struct AnyOf {
  std::variant<Policies*...> policy;
};

using AnyPolicy = AnyOf<RateLimiter, Bulkhead, AdaptiveLimit, AdmissionControl, Deadline, Timeout, Retry,
                        CircuitBreaker, Chaos, Cache<int>, Fallback<int>>;

}  // namespace switchgear::testing

namespace switchgear {

/// Made when the call first comes by, and then kept, as a pipeline keeps its layers.
template <class... Policies>
class Layer<testing::AnyOf<Policies...>> {
 public:
  Gate enter(testing::AnyOf<Policies...>& any, Call& call, TimePoint now) noexcept {
    return std::visit(
        [&]<class Policy>(Policy* policy) {
          using L = Layer<Policy>;
          if (!std::holds_alternative<L>(layer_)) layer_.template emplace<L>();
          return std::get<L>(layer_).enter(*policy, call, now);
        },
        any.policy);
  }
  Gate resume(testing::AnyOf<Policies...>& any, Call& call, TimePoint now) noexcept {
    return std::visit(
        [&]<class Policy>(Policy* policy) {
          return std::get<Layer<Policy>>(layer_).resume(*policy, call, now);
        },
        any.policy);
  }
  Turn leave(testing::AnyOf<Policies...>& any, Call& call, Ending& ending, TimePoint now) noexcept {
    return std::visit(
        [&]<class Policy>(Policy* policy) {
          return std::get<Layer<Policy>>(layer_).leave(*policy, call, ending, now);
        },
        any.policy);
  }

 private:
  std::variant<std::monostate, Layer<Policies>...> layer_;
};

}  // namespace switchgear
