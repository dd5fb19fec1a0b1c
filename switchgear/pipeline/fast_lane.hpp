// The first attempt of a call that every policy admits at once: most calls need no more.
#pragma once

#include <concepts>
#include <cstddef>
#include <tuple>
#include <utility>

#include "switchgear/pipeline/sequence.hpp"

namespace switchgear {

/// What a layer offers for it, as its nested type `Fast`:
///
///     class Layer<MyPolicy>::Fast {
///       Gate try_enter(MyPolicy&, Call&, TimePoint now) noexcept;        // as enter(), or `defer`
///       void leave_well(MyPolicy&, const Outcome&, TimePoint) noexcept;  // leave() of a plain success
///     };
///     Layer<MyPolicy>::Layer(Fast&&) noexcept;                           // goes on with what it holds
///
/// Nothing of it may hand its own address, or the call's, to a function that is not inlined: then the
/// compiler keeps all of it in registers. (One such address, on however unlikely a way, and every call pays
/// 20 stores.) A layer that is its own Fast says `using Fast = Layer`.
template <class Policy>
using FastOf = typename Layer<Policy>::Fast;

namespace detail {
template <class Policy>
inline constexpr bool is_optional = false;
template <class Policy>
inline constexpr bool is_optional<Optional<Policy>> = true;
}  // namespace detail

/// Pipelines with policies that may be absent come from configuration, and need none.
template <class Policy>
concept HasFastLane =
    !detail::is_optional<Policy> &&
    requires(FastOf<Policy> layer, Policy& policy, Call& call, const Outcome& outcome, TimePoint now) {
  { layer.try_enter(policy, call, now) }
  noexcept->std::same_as<Gate>;
  layer.leave_well(policy, outcome, now);
  Layer<Policy>{std::move(layer)};
};

/// Replaces the machine by two questions: may the attempt be made at once, and did it simply succeed? If the
/// answer is no, or the call needs more, the driver makes an Execution of it, which decides the rest in the
/// ordinary way. Threads: one at a time. Keep it local, and do not pass its address on.
template <class... Policies>
class FastLane {
 public:
  static constexpr bool exists = false;
};

template <class... Policies>
requires(HasFastLane<Policies>&&...) class FastLane<Policies...> {
 public:
  static constexpr bool exists = true;
  using Policy = std::tuple<Borrowed<Policies>...>;

  [[gnu::always_inline]] FastLane(const Policy& policies, const CallOptions& options, Waker* waker) noexcept
      : policies_(policies), call_(options, waker, nullptr) {}
  FastLane(const FastLane&) = delete;
  FastLane& operator=(const FastLane&) = delete;

  /// True: make the first attempt. False: Execution::go_on() has the step.
  [[nodiscard, gnu::always_inline]] bool try_start(TimePoint now) noexcept { return try_enter<0>(now); }

  /// The attempt succeeded before limit(). Precondition: a success that is not worth repeating.
  [[gnu::always_inline]] void succeed(const Outcome& outcome, TimePoint now) noexcept {
    leave_well<size>(outcome, now);
  }

  /// When the attempt must have ended.
  [[nodiscard]] TimePoint limit() const noexcept { return call_.limit; }

 private:
  template <class...>
  friend class Execution;
  static constexpr std::size_t size = sizeof...(Policies);

  template <std::size_t I>
  [[gnu::always_inline]] bool try_enter(TimePoint now) noexcept {
    at_ = I;
    if constexpr (I == size) {
      ++call_.attempts;
      return now < call_.limit;
    } else {
      gate_ = std::get<I>(layers_).try_enter(std::get<I>(policies_).get(), call_, now);
      if (gate_ != Gate::go) [[unlikely]]
        return false;
      return try_enter<I + 1>(now);
    }
  }

  template <std::size_t I>
  [[gnu::always_inline]] void leave_well(const Outcome& outcome, TimePoint now) noexcept {
    if constexpr (I > 0) {
      std::get<I - 1>(layers_).leave_well(std::get<I - 1>(policies_).get(), outcome, now);
      leave_well<I - 1>(outcome, now);
    }
  }

  const Policy& policies_;
  Call call_;
  std::tuple<FastOf<Policies>...> layers_;
  std::size_t at_ = 0;    ///< the layer that did not let it in; `size`: its time was over
  Gate gate_ = Gate::go;  ///< that layer's decision
};

}  // namespace switchgear
