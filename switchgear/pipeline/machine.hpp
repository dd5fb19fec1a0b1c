// Which machine drives a list of policies: one sequence, or, with a hedge among them, a race.
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/pipeline/hedge_race.hpp"
#include "switchgear/pipeline/sequence.hpp"

namespace switchgear {

/// Without a hedge: one sequence, one branch.
template <class... Policies>
class PlainMachine {
 public:
  static constexpr bool hedges = false;
  using Policy = std::tuple<Borrowed<Policies>...>;

  PlainMachine() = default;
  template <class... Fast>
  PlainMachine(std::tuple<Fast...>&& layers, std::size_t at, Gate gate) noexcept
      : sequence_(std::move(layers), at, gate) {}

  [[gnu::always_inline]] Step start(const Policy& policies, Call& call, TimePoint now) noexcept {
    return sequence_.start(policies, call, now);
  }
  Step go_on(const Policy& policies, Call& call, TimePoint now) noexcept {
    return sequence_.go_on(policies, call, now);
  }
  [[gnu::always_inline]] Step on_outcome(const Policy& policies, Call& call, unsigned, const Outcome& outcome,
                                         TimePoint now) noexcept {
    return sequence_.on_outcome(policies, call, outcome, now);
  }
  void answer_began(const Policy&, unsigned, const Outcome& outcome, TimePoint now) noexcept {
    sequence_.answer_began(outcome, now);
  }
  void set_aside(const Policy&, unsigned, TimePoint now) noexcept { sequence_.set_aside(now); }
  void set_aside(const Policy&, unsigned, const Outcome& so_far, TimePoint now) noexcept {
    sequence_.set_aside(so_far, now);
  }
  void take_up(const Policy& policies, unsigned, TimePoint now) noexcept { sequence_.take_up(policies, now); }
  std::optional<TimePoint> readmit(const Policy& policies, Call& call, unsigned, Duration waited,
                                   TimePoint now) noexcept {
    if (!sequence_.readmit(policies, call, waited, now)) return std::nullopt;
    return call.limit;
  }
  Step on_refusal(const Policy& policies, Call& call, unsigned, TimePoint now) noexcept {
    return sequence_.refused(policies, call, now);
  }
  void will_not_share(const Policy& policies) noexcept { sequence_.will_not_share(policies); }
  Step on_timer(const Policy& policies, Call& call, TimePoint now) noexcept {
    return sequence_.on_timer(policies, call, now);
  }
  Step cancel(const Policy& policies, Call& call, TimePoint now) noexcept {
    return sequence_.cancel(policies, call, now);
  }
  void blame_limit(Call& call, unsigned, CutOff how) noexcept { call.blame_limit(how); }
  void commit(Call& call) noexcept { call.committed = true; }
  [[nodiscard]] const Ending& ending() const noexcept { return sequence_.ending(); }
  [[nodiscard]] std::uint32_t attempts(const Call& call) const noexcept { return call.attempts; }
  [[nodiscard]] bool chaos(const Call& call) const noexcept { return call.chaos; }

 private:
  Sequence<Policies...> sequence_;
};

namespace detail {

template <class Policy>
inline constexpr bool is_hedge = std::is_same_v<Policy, Hedge> || std::is_same_v<Policy, Optional<Hedge>>;

/// Cuts the list at the hedge.
template <class Outer, class... Rest>
struct MachineFor;
template <class... Outer>
struct MachineFor<std::tuple<Outer...>> {
  using type = PlainMachine<Outer...>;
};
template <class... Outer, class First, class... Rest>
struct MachineFor<std::tuple<Outer...>, First, Rest...> : MachineFor<std::tuple<Outer..., First>, Rest...> {};
template <class... Outer, class First, class... Rest>
requires is_hedge<First>
struct MachineFor<std::tuple<Outer...>, First, Rest...> {
  static_assert(!(is_hedge<Rest> || ...), "a pipeline has at most one hedge");
  using type = HedgedMachine<First, std::tuple<Outer...>, std::tuple<Rest...>>;
};

}  // namespace detail

template <class... Policies>
using MachineOf = typename detail::MachineFor<std::tuple<>, Policies...>::type;

}  // namespace switchgear
