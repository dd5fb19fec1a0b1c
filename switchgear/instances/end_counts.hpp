// The counts that an instance's ejection is judged by. All threads that call the instance share them.
//
// Shared, not one set per worker: "five in a row" has a meaning only in one order of ends, and a merge of
// workers' sets would find that order nowhere. An instance is a small part of a service, so few threads meet
// on one word, and a success after a success changes nothing in EndsInARow: it is one load.
//
// Generations: each ejection and each return of an instance begins a new one, in which all counts start at 0,
// and so does each leaving and rejoining of the service. Even generations are those in which the instance is
// in use, odd ones those in which it is ejected or has left. A call carries the generation that it began in;
// its end counts only in the same, even generation. So a call that hung while its instance was ejected is no
// evidence against the instance after its return.
//
// Invariant: a word holds its generation and its counts together and changes by compare-and-swap, so no count
// reaches another generation. The interleaving that would break it otherwise: a thread compares generations,
// is pre-empted, the instance is ejected and returns, the thread adds its failure to the fresh count.
// Generations have 16 bits: one call would have to last through 65,536 ejections and returns to be mistaken.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace switchgear::instances {

/// What an error is that came about without an answer: the connection failed, or the time was up.
enum class LocalErrors : std::uint8_t {
  as_5xx,  ///< a gateway error like 503, and also counted by consecutive_local
  apart,   ///< counted by consecutive_local and by rates of its own only
};

/// How a call ended, as far as ejection is concerned.
class CallEnd {
 public:
  enum class Kind : std::uint8_t { success, server_error, gateway_error, local_error };

  /// An answer came. 5xx is a failure; every other status, a 429 too, is a success of the instance.
  [[nodiscard]] static constexpr CallEnd answered(unsigned status) noexcept {
    if (status < 500 || status > 599) return CallEnd{Kind::success};
    return CallEnd{status >= 502 && status <= 504 ? Kind::gateway_error : Kind::server_error};
  }
  /// No answer came: no connection, a connection that broke, a timeout.
  [[nodiscard]] static constexpr CallEnd local_error() noexcept { return CallEnd{Kind::local_error}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  [[nodiscard]] constexpr bool good() const noexcept { return kind_ == Kind::success; }

 private:
  constexpr explicit CallEnd(Kind kind) noexcept : kind_(kind) {}

  Kind kind_;
};

/// Three counts of failures in a row. Threads: add() any; the others one at a time.
class EndsInARow {
 public:
  enum Count : std::size_t { server_errors, gateway_errors, local_errors, counts };
  using Counts = std::array<std::uint16_t, counts>;
  static constexpr std::uint64_t most = 0xffff;  ///< a count stays there

  [[nodiscard]] std::uint16_t generation() const noexcept {
    return static_cast<std::uint16_t>(word_.load(std::memory_order_acquire) >> generation_shift);
  }
  [[nodiscard]] Counts get() const noexcept { return counts_of(word_.load(std::memory_order_relaxed)); }

  /// The counts after this end; nothing if it is of another generation, or the instance is out.
  std::optional<Counts> add(std::uint16_t generation, CallEnd end, LocalErrors local) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen >> generation_shift != generation || generation % 2 != 0) return std::nullopt;
      const Counts after = next(counts_of(seen), end.kind(), local);
      const std::uint64_t word = word_of(generation, after);
      if (word == seen || word_.compare_exchange_weak(seen, word, std::memory_order_relaxed)) return after;
    }
  }

  /// Starts one count anew, in the same generation.
  void clear(Count count) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(seen, seen & ~(most << shift_of(count)), std::memory_order_relaxed)) {
    }
  }
  /// Starts all counts anew, in the same generation.
  void clear() noexcept { word_.store(word_of(generation(), {}), std::memory_order_relaxed); }

  void begin(std::uint16_t generation) noexcept {
    word_.store(word_of(generation, {}), std::memory_order_release);
  }

 private:
  static constexpr unsigned generation_shift = 48;
  [[nodiscard]] static constexpr unsigned shift_of(std::size_t count) noexcept {
    return static_cast<unsigned>(count) * 16;
  }
  [[nodiscard]] static constexpr std::uint64_t word_of(std::uint16_t generation, Counts from) noexcept {
    std::uint64_t word = std::uint64_t{generation} << generation_shift;
    for (std::size_t i = 0; i < counts; ++i) word |= std::uint64_t{from[i]} << shift_of(i);
    return word;
  }
  [[nodiscard]] static constexpr Counts counts_of(std::uint64_t word) noexcept {
    Counts read{};
    for (std::size_t i = 0; i < counts; ++i) read[i] = static_cast<std::uint16_t>(word >> shift_of(i));
    return read;
  }
  [[nodiscard]] static constexpr Counts next(Counts before, CallEnd::Kind kind, LocalErrors local) noexcept {
    const auto more = [](std::uint16_t count) {
      return static_cast<std::uint16_t>(std::min<std::uint64_t>(count + 1U, most));
    };
    switch (kind) {
      case CallEnd::Kind::success:
        return {};
      case CallEnd::Kind::server_error:
        return {more(before[server_errors]), 0, 0};
      case CallEnd::Kind::gateway_error:
        return {more(before[server_errors]), more(before[gateway_errors]), 0};
      case CallEnd::Kind::local_error:
        break;
    }
    // Counted apart, it says nothing about answers: their counts stay.
    if (local == LocalErrors::apart) {
      return {before[server_errors], before[gateway_errors], more(before[local_errors])};
    }
    return {more(before[server_errors]), more(before[gateway_errors]), more(before[local_errors])};
  }

  std::atomic<std::uint64_t> word_{0};
};

/// Calls and successes of one interval. Each end is in exactly one interval. Threads: add() any; the others
/// one at a time.
class EndRate {
 public:
  struct Interval {
    std::uint32_t calls = 0;
    std::uint32_t successes = 0;

    [[nodiscard]] double success_rate() const noexcept {
      return static_cast<double>(successes) / static_cast<double>(calls);
    }
  };
  static constexpr std::uint64_t most = 0xff'ffff;  ///< calls beyond that are not counted in the interval

  void add(std::uint16_t generation, bool good) noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    do {
      if (seen >> generation_shift != generation || generation % 2 != 0) return;
      if (((seen >> calls_shift) & most) == most) return;
    } while (!word_.compare_exchange_weak(seen, seen + (std::uint64_t{1} << calls_shift) + (good ? 1 : 0),
                                          std::memory_order_relaxed));
  }

  [[nodiscard]] Interval get() const noexcept { return interval_of(word_.load(std::memory_order_relaxed)); }

  /// Ends the interval and begins the next, in the same generation.
  [[nodiscard]] Interval take() noexcept {
    const std::uint64_t generation = word_.load(std::memory_order_relaxed) >> generation_shift;
    return interval_of(word_.exchange(generation << generation_shift, std::memory_order_relaxed));
  }

  void begin(std::uint16_t generation) noexcept {
    word_.store(std::uint64_t{generation} << generation_shift, std::memory_order_relaxed);
  }

 private:
  static constexpr unsigned generation_shift = 48;
  static constexpr unsigned calls_shift = 24;
  [[nodiscard]] static constexpr Interval interval_of(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>((word >> calls_shift) & most),
            static_cast<std::uint32_t>(word & most)};
  }

  std::atomic<std::uint64_t> word_{0};
};

}  // namespace switchgear::instances
