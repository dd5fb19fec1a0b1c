// The usual order of policies, made from whatever order they are named in.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "switchgear/pipeline/pipeline.hpp"

namespace switchgear {

namespace detail {

/// Where a policy stands, outermost first.
template <class Policy>
inline constexpr int standard_rank =
    65;  // a policy of the user's own: around each attempt, outside the breaker
template <class Policy>
inline constexpr int standard_rank<Optional<Policy>> = standard_rank<Policy>;
template <class Policy>
inline constexpr int standard_rank<const Policy> = standard_rank<Policy>;
template <class Policy>
inline constexpr int standard_rank<Owned<Policy>> = standard_rank<Policy>;
template <class T>
inline constexpr int standard_rank<Fallback<T>> = 0;
template <class T>
inline constexpr int standard_rank<Cache<T>> = 10;
template <>
inline constexpr int standard_rank<AdmissionControl> = 15;
template <>
inline constexpr int standard_rank<RateLimiter> = 20;
template <>
inline constexpr int standard_rank<Bulkhead> = 30;
template <>
inline constexpr int standard_rank<AdaptiveLimit> = 31;
template <>
inline constexpr int standard_rank<Deadline> = 40;
template <>
inline constexpr int standard_rank<Retry> = 50;
template <>
inline constexpr int standard_rank<Hedge> = 60;
template <>
inline constexpr int standard_rank<BreakerGroup> = 70;
template <>
inline constexpr int standard_rank<CircuitBreaker> = 71;
template <>
inline constexpr int standard_rank<BreakersByValue> = 72;
template <>
inline constexpr int standard_rank<Timeout> = 80;
template <>
inline constexpr int standard_rank<Chaos> = 90;

/// The indices of the ranks in ascending order; equal ones keep the order they were named in.
template <std::size_t N>
constexpr std::array<std::size_t, N> order_of(std::array<int, N> ranks) {
  std::array<std::size_t, N> order{};
  for (std::size_t i = 0; i < N; ++i) order[i] = i;
  for (std::size_t i = 1; i < N; ++i) {
    for (std::size_t j = i; j > 0 && ranks[order[j]] < ranks[order[j - 1]]; --j) {
      std::swap(order[j], order[j - 1]);
    }
  }
  return order;
}

}  // namespace detail

/// fallback → cache → admission control → rate limiter → bulkhead, adaptive limit → deadline → retry → hedge
/// → breakers → timeout → chaos → the call, whatever the order of the arguments. As Pipeline in everything
/// else.
///
/// Why so: a fallback stands for whatever goes wrong inside; a cached answer costs no token and no slot,
/// nor does a call that admission control refuses; one
/// slot is held for all attempts of a call, within one deadline; the breaker sees each attempt, and each has
/// a time of its own.
template <class... Arguments>
[[nodiscard]] auto standard_pipeline(Arguments&&... policies) {
  constexpr auto order = detail::order_of<sizeof...(Arguments)>(
      {detail::standard_rank<typename detail::PolicyOf<Arguments&&>::type>...});
  auto all = std::forward_as_tuple(policies...);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    using All = std::tuple<typename detail::PolicyOf<Arguments&&>::type...>;
    return Pipeline<std::tuple_element_t<order[I], All>...>{std::get<order[I]>(all)...};
  }
  (std::make_index_sequence<sizeof...(Arguments)>{});
}

}  // namespace switchgear
