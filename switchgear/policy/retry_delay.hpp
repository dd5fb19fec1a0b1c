// A delay before a retry that the user works out.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// A function `(attempt, outcome) -> std::optional<Duration>`: attempt number `attempt`, counted from 1, has
/// ended with `outcome`; how long to wait before the next one? Nothing: the call is not tried again.
///
///     RetryOptions options{.delay = [](std::uint32_t attempt, const Outcome& outcome) noexcept {
///       if (outcome.type == FailureType::timeout) return std::optional<Duration>{};
///       return std::optional<Duration>{std::chrono::milliseconds{50} * attempt};
///     }};
///
/// It must be noexcept, must not block, and is called by all calls at once, from any thread. One that
/// captures is borrowed, as policies are: it must have a name, and outlive the retry.
class RetryDelay {
 public:
  /// None: the options decide.
  constexpr RetryDelay() noexcept = default;

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, RetryDelay> &&
           std::is_invocable_r_v<
               std::optional<Duration>, const std::remove_cvref_t<F>&, std::uint32_t,
               const Outcome&>) constexpr RetryDelay(F&& function) noexcept {  // NOLINT: implicit by design
    using Function = std::remove_cvref_t<F>;
    static_assert(std::is_nothrow_invocable_v<const Function&, std::uint32_t, const Outcome&>,
                  "a retry's delay function is called where nothing may throw: declare it noexcept");
    if constexpr (std::is_empty_v<Function> && std::default_initializable<Function>) {
      call_ = [](const void*, std::uint32_t attempt, const Outcome& outcome) noexcept {
        return std::optional<Duration>(Function{}(attempt, outcome));
      };
    } else {
      static_assert(std::is_lvalue_reference_v<F>,
                    "the retry borrows a delay function that captures: give it a name, and keep it alive");
      context_ = std::addressof(function);
      call_ = [](const void* context, std::uint32_t attempt, const Outcome& outcome) noexcept {
        return std::optional<Duration>((*static_cast<const Function*>(context))(attempt, outcome));
      };
    }
  }

  explicit constexpr operator bool() const noexcept { return call_ != nullptr; }
  /// Precondition: there is one.
  [[nodiscard]] std::optional<Duration> operator()(std::uint32_t attempt,
                                                   const Outcome& outcome) const noexcept {
    return call_(context_, attempt, outcome);
  }

  friend bool operator==(const RetryDelay&, const RetryDelay&) = default;

 private:
  std::optional<Duration> (*call_)(const void*, std::uint32_t, const Outcome&) noexcept = nullptr;
  const void* context_ = nullptr;
};

}  // namespace switchgear
