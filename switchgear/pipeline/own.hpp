// Policies that a pipeline keeps alive, where it would only borrow them otherwise.
#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "switchgear/core/raise.hpp"

namespace switchgear {

/// A policy that lives as long as one of the pipelines it was given to, or a copy of them, does.
template <class Policy>
class Owned {
 public:
  /// Throws std::invalid_argument when there is none.
  explicit Owned(std::shared_ptr<Policy> policy) : policy_(std::move(policy)) {
    if (policy_ == nullptr) detail::raise_invalid("own(): there is no policy to own");
  }

  [[nodiscard]] Policy* get() const noexcept { return policy_.get(); }
  [[nodiscard]] Policy& operator*() const noexcept { return *policy_; }
  [[nodiscard]] Policy* operator->() const noexcept { return policy_.get(); }
  [[nodiscard]] const std::shared_ptr<Policy>& share() const noexcept { return policy_; }

 private:
  std::shared_ptr<Policy> policy_;
};

/// Makes a policy that its pipelines own: own<CircuitBreaker>("payment", options).
template <class Policy, class... Arguments>
requires std::constructible_from<Policy, Arguments...>
[[nodiscard]] Owned<Policy> own(Arguments&&... arguments) {
  return Owned<Policy>{std::make_shared<Policy>(std::forward<Arguments>(arguments)...)};
}
/// Shares one, or takes it over. Throws std::invalid_argument when `policy` is null.
template <class Policy>
[[nodiscard]] Owned<Policy> own(std::shared_ptr<Policy> policy) {
  return Owned<Policy>{std::move(policy)};
}
template <class Policy>
[[nodiscard]] Owned<Policy> own(std::unique_ptr<Policy> policy) {
  return Owned<Policy>{std::move(policy)};
}

namespace detail {

template <class T>
inline constexpr bool is_owned = false;
template <class Policy>
inline constexpr bool is_owned<Owned<Policy>> = true;

template <class Policy>
struct UnownedType {
  using type = Policy;
};
template <class Policy>
struct UnownedType<Owned<Policy>> {
  using type = Policy;
};
template <class Policy>
using Unowned = typename UnownedType<Policy>::type;

}  // namespace detail

}  // namespace switchgear
