// Faults on purpose: with some probability, a call is made to fail, to wait, to time out, to be refused, or
// to meet an open breaker, so that one sees what the policies around it do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

class CircuitBreaker;

/// The call is not made and ends as a failure of `type`.
struct ChaosFail {
  double probability = 0;  ///< 0 … 1
  FailureType type = FailureType::exception;

  friend bool operator==(const ChaosFail&, const ChaosFail&) = default;
};

/// The call is made after a wait, uniform in `min` … `max`, which counts as its latency. Where there is a
/// limit that ends first, the call is not made and has timed out there.
struct ChaosDelay {
  double probability = 0;  ///< 0 … 1
  Duration min{};          ///< 0s or longer
  Duration max{};          ///< at least `min`

  friend bool operator==(const ChaosDelay&, const ChaosDelay&) = default;
};

struct ChaosShare {
  double probability = 0;  ///< 0 … 1

  friend bool operator==(const ChaosShare&, const ChaosShare&) = default;
};

/// A call gets at most one fault, so the probabilities add up to at most 1.
struct ChaosOptions {
  bool enabled = false;  ///< no fault is injected by default
  ChaosFail fail{};
  ChaosDelay delay{};
  /// The call is not made and ends as FailureType::timeout: at its limit, or at once when it has none.
  ChaosShare timeout{};
  ChaosShare abort{};       ///< the call is refused: Reason::chaos
  ChaosShare force_open{};  ///< the call is refused as an open breaker would: Reason::forced_open

  friend bool operator==(const ChaosOptions&, const ChaosOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const ChaosOptions& options);

/// Decides, for all calls of one dependency, which of them get a fault. It does not carry the fault out: the
/// driver does, and says so in the answer (Injection::text()).
///
///     Chaos chaos{"payment chaos", {.enabled = true, .fail = {0.1, FailureType::timeout}}, seed};
///     const Chaos::Injection injection = chaos.next();
///     if (injection) answer.note(injection.text());
///
/// Not for: tests that need a fault at one certain call (script the dependency instead).
/// Threads: every method from any thread. While disabled next() is one relaxed load. Neither copied nor
/// moved; never allocates after construction. Chance: the n-th injection drawn is a function of the seed, the
/// options and n alone. Draws are counted while enabled only.
class Chaos {
 public:
  struct Injection {
    enum class Kind : std::uint8_t { none, fail, delay, timeout, abort, force_open };

    Kind kind = Kind::none;
    Duration delay{};                           ///< of Kind::delay
    FailureType type = FailureType::exception;  ///< of Kind::fail and Kind::timeout

    explicit operator bool() const noexcept { return kind != Kind::none; }
    /// For answers and logs: `chaos: fail`, `chaos: delay`, …; empty for Kind::none.
    [[nodiscard]] std::string_view text() const noexcept;

    friend bool operator==(const Injection&, const Injection&) = default;
  };
  static constexpr std::size_t kinds = 6;
  /// Of the constructor and of the key `seed` in a policy file.
  static constexpr std::uint64_t default_seed = 1;

  /// Since construction.
  struct Totals {
    std::uint64_t drawn = 0;                     ///< calls of next() while enabled
    std::array<std::uint64_t, kinds> by_kind{};  ///< Kind::none among them, so the sum is `drawn`

    [[nodiscard]] std::uint64_t of(Injection::Kind kind) const noexcept {
      return by_kind[static_cast<std::size_t>(kind)];
    }
  };

  struct Snapshot {
    Totals totals;
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  /// `target` is the breaker that `force_open` forces open; borrowed. Without one, only the call is refused.
  Chaos(std::string name, const ChaosOptions& options, std::uint64_t seed = default_seed,
        CircuitBreaker* target = nullptr);
  Chaos(const Chaos&) = delete;
  Chaos& operator=(const Chaos&) = delete;

  /// The fault of the next call.
  [[nodiscard]] Injection next() noexcept {
    if (!enabled_.load(std::memory_order_relaxed)) [[likely]]
      return {};
    return draw();
  }

  /// Turns it on or off; effective for the next call.
  void enable(bool on) noexcept { enabled_.store(on, std::memory_order_relaxed); }
  [[nodiscard]] bool enabled() const noexcept { return enabled_.load(std::memory_order_relaxed); }

  [[nodiscard]] Totals totals() const noexcept;
  [[nodiscard]] Snapshot snapshot() const noexcept { return {totals()}; }
  [[nodiscard]] CircuitBreaker* target() const noexcept { return target_; }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const ChaosOptions& options() const noexcept { return options_; }

 private:
  [[nodiscard]] Injection draw() noexcept;
  [[nodiscard]] Injection injection(std::uint64_t n) const noexcept;

  std::atomic<bool> enabled_;
  const ChaosOptions options_;
  const std::uint64_t seed_;
  CircuitBreaker* const target_;
  const std::string name_;
  alignas(64) std::atomic<std::uint64_t> drawn_{0};
  std::array<std::atomic<std::uint64_t>, kinds> by_kind_{};
};

[[nodiscard]] std::string_view to_string(Chaos::Injection::Kind kind) noexcept;

}  // namespace switchgear
