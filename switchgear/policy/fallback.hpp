// What a caller gets when its call was refused or has failed for good.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/core/cause.hpp"
#include "switchgear/core/level.hpp"
#include "switchgear/core/policy_event.hpp"
#include "switchgear/core/raise.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/answer_store.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/event_fanout.hpp"
#include "switchgear/policy/fallback_failure.hpp"
#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear {

/// Of a fallback that answers with the last good answer.
struct CachedFallbackOptions {
  /// The oldest answer given out, inclusive; longer than 0s.
  Duration max_stale = std::chrono::minutes{10};
  /// Answers remembered at once, 1 … 100'000'000; beyond it the least recently used leaves.
  std::size_t max_entries = 10'000;
  /// The memory that they take at once, keys included, in bytes; 1 KiB … 1 TiB. Beyond it the least recently
  /// used leaves; an answer that is larger by itself is not remembered. See answer_traits.hpp for the size of
  /// a type of your own.
  std::uint64_t max_bytes = std::uint64_t{64} << 20U;

  friend bool operator==(const CachedFallbackOptions&, const CachedFallbackOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const CachedFallbackOptions& options);

/// Since construction; substitute() ends in exactly one of the first three.
struct FallbackCounters {
  std::uint64_t answered = 0;
  std::uint64_t queued = 0;      ///< stored for later
  std::uint64_t failed = 0;      ///< neither the call nor the fallback had an answer
  std::uint64_t remembered = 0;  ///< good answers kept, by a cached fallback
};

struct FallbackSnapshot {
  FallbackCounters totals;
  std::optional<AnswerMemory> memory;  ///< of a cached fallback
};

/// One way to answer instead of a dependency; Polly and failsafe-go have the first two by the same name. Made
/// by one of the five named constructors.
///
///     auto rates = Fallback<Rates>::cached("rates", {.max_stale = 10min});
///     rates.on_success(key, fetched, now);                          // after every good call
///     auto instead = rates.substitute(key, cause, payload, now);    // after a refusal or a final failure
///     if (instead.value) return *instead.value;                     // instead.age old
///     if (instead.rejection) return refuse(*instead.rejection);     // stored for later
///     throw FallbackError(*instead.failure);                        // both causes
///
/// Not for: hiding failures from breakers and counters; it stands outside them and they see every one.
/// Threads: every method from any thread; functions handed in may run on several at once. No lock is held
/// while they, or a T's copy constructor, run. Lifetime: outlives the rejections it gives. Neither copied nor
/// moved: keep it where a named constructor returned it, or in `std::unique_ptr<Fallback<T>>(new Fallback<T>(
/// Fallback<T>::value(…)))`.
template <class T>
class Fallback {
 public:
  using Function = std::function<T(const Cause&)>;
  using Accepted = std::function<T(std::uint64_t id)>;

  /// What the caller gets: exactly one of `value`, `rejection` and `failure`.
  struct Substitute {
    std::optional<T> value;
    std::optional<Rejection> rejection;      ///< Reason::queued: stored, without an answer meanwhile
    std::optional<FallbackFailure> failure;  ///< the fallback has none either
    FallbackKind kind = FallbackKind::value;
    Duration age{};                          ///< of a cached answer; 0 otherwise
    std::optional<std::uint64_t> queued_as;  ///< the stored call's id
  };

  /// Always the same answer.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): some T are copied when they are moved.
  [[nodiscard]] static Fallback value(std::string name, T value) requires std::copy_constructible<T> {
    return Fallback(std::move(name), Always{std::move(value)});
  }
  /// Whatever `function` makes of the cause. Throws std::invalid_argument when it is empty.
  [[nodiscard]] static Fallback function(std::string name, Function function) {
    if (!function) detail::raise_invalid("fallback '" + name + "': has no function to call");
    return Fallback(std::move(name), std::move(function));
  }
  /// The last good answer to the same key, at most `max_stale` old, and no older than its usable_for() allows
  /// where its type has one (answer_traits.hpp). A call without a key is neither remembered nor answered: its
  /// answer may be its caller's alone. Throws std::invalid_argument naming every problem when `options` are
  /// not valid (see validate()).
  [[nodiscard]] static Fallback cached(
      std::string name, const CachedFallbackOptions& options = {}) requires std::copy_constructible<T> {
    require_valid("fallback", name, validate(options));
    return Fallback(std::move(name), options);
  }
  /// Stores the call in `queue`, which must outlive the fallback, and answers with `accepted`; without one,
  /// the caller gets a rejection that says so.
  [[nodiscard]] static Fallback queue(std::string name, CallQueue& queue, Accepted accepted = {}) {
    return Fallback(std::move(name), Later{&queue, std::move(accepted)});
  }
  /// No answer, but a clear error: `message` in place of the dependency's own words.
  [[nodiscard]] static Fallback fail(std::string name, std::string message) {
    return Fallback(std::move(name), Message{std::move(message)});
  }

  Fallback(const Fallback&) = delete;
  Fallback& operator=(const Fallback&) = delete;

  /// The answer to calls that a multi-level breaker refuses at `level`, before any other; 0 … all of the
  /// levels may have one. Precondition: not in use yet. Not thread-safe.
  void set_answer_at(BreakerLevel level, T answer) requires std::copy_constructible<T> {
    at_level_[static_cast<std::size_t>(level)] = std::make_unique<const T>(std::move(answer));
  }
  /// From here on nothing but those answers is given: other calls end as they would without a fallback.
  /// Precondition: not in use yet. Not thread-safe.
  void answer_at_levels_only() noexcept { levels_only_ = true; }

  /// Reports a good answer. Only a cached fallback uses it: it keeps a copy under the key, and allocates.
  /// Nothing is kept when the copy throws, nor without a key.
  void on_success(std::string_view key, const T& value, TimePoint now) noexcept;
  /// The same without a copy.
  void on_success(std::string_view key, std::shared_ptr<const T> value, TimePoint now) noexcept;

  /// Answers in place of a call that has failed because of `primary`. `payload` is what a queue stores.
  /// Never throws what a function or a copy throws: that becomes the failure's second cause.
  [[nodiscard]] Substitute substitute(std::string_view key, const Cause& primary, std::string_view payload,
                                      TimePoint now) noexcept;

  /// Forgets the answer to `key`: a cached fallback does not give what is known to be wrong by now.
  void erase(std::string_view key) {
    if (Remembered* remembered = std::get_if<Remembered>(&way_))
      static_cast<void>(remembered->answers.erase(key));
  }

  /// Whether a fallback has a part in it: not when the caller has gone away, nor when a fallback further in
  /// has already stored the call.
  [[nodiscard]] static bool applies_to(const Cause& cause) noexcept {
    return !cause.rejection ||
           (cause.rejection->reason != Reason::cancelled && cause.rejection->reason != Reason::queued);
  }

  /// The same of this fallback, which may answer at levels only.
  [[nodiscard]] bool has_part_in(const Cause& cause) const noexcept {
    return applies_to(cause) && (!levels_only_ || answer_at_level(cause) != nullptr);
  }

  [[nodiscard]] FallbackKind kind() const noexcept { return static_cast<FallbackKind>(way_.index()); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] FallbackCounters counters() const noexcept;
  [[nodiscard]] FallbackSnapshot snapshot() const { return {counters(), memory()}; }

  /// Where listeners subscribe for this policy's events.
  [[nodiscard]] EventFanout& events() noexcept { return events_; }

  /// Of a cached fallback; empty for every other kind.
  [[nodiscard]] std::optional<AnswerMemory> memory() const {
    const Remembered* remembered = std::get_if<Remembered>(&way_);
    return remembered == nullptr ? std::nullopt : std::optional(remembered->answers.memory());
  }

 private:
  struct Always {
    T value;
  };
  struct Remembered {
    Duration max_stale;
    AnswerStore<T> answers;

    explicit Remembered(const CachedFallbackOptions& options)
        : max_stale(options.max_stale), answers(AnswerStoreBounds{options.max_entries, options.max_bytes}) {}
  };
  struct Later {
    CallQueue* queue;
    Accepted accepted;
  };
  struct Message {
    std::string text;
  };
  using Way = std::variant<Always, Function, Remembered, Later, Message>;  // in the order of FallbackKind

  template <class Part>
  Fallback(std::string name, Part part) : name_(std::move(name)), way_(std::move(part)) {}
  Fallback(std::string name, const CachedFallbackOptions& options)
      : name_(std::move(name)), way_(std::in_place_type<Remembered>, options) {}

  /// Fills in `given`, or says in `why` that there is nothing to give. Runs the user's code, and throws what
  /// that throws.
  void try_answer(Substitute& given, Cause& why, std::string_view key, const Cause& primary,
                  std::string_view payload, TimePoint now);
  static void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.fetch_add(1, std::memory_order_relaxed);
  }
  /// What `run` throws; null when it throws nothing.
  template <class Run>
  static std::exception_ptr caught(Run run) noexcept {
#if defined(__cpp_exceptions)
    try {
      run();
    } catch (...) {
      return std::current_exception();
    }
#else
    run();
#endif
    return nullptr;
  }

  /// Null: it was not refused at a level, or the level has no answer of its own.
  [[nodiscard]] const T* answer_at_level(const Cause& cause) const noexcept {
    if (!cause.rejection || !cause.rejection->level) return nullptr;
    return at_level_[static_cast<std::size_t>(*cause.rejection->level)].get();
  }

  std::string name_;
  Way way_;
  std::array<std::unique_ptr<const T>, breaker_levels.size()> at_level_;
  bool levels_only_ = false;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> queued_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> remembered_{0};
  EventFanout events_;
};

template <class T>
void Fallback<T>::on_success(std::string_view key, const T& value, TimePoint now) noexcept {
  if constexpr (std::copy_constructible<T>) {
    if (kind() != FallbackKind::cached || key.empty()) return;
    std::shared_ptr<const T> copy;
    static_cast<void>(caught([&] { copy = std::make_shared<const T>(value); }));
    if (copy != nullptr) on_success(key, std::move(copy), now);
  }
}

template <class T>
void Fallback<T>::on_success(std::string_view key, std::shared_ptr<const T> value, TimePoint now) noexcept {
  if (Remembered* remembered = std::get_if<Remembered>(&way_); remembered != nullptr && !key.empty()) {
    const std::exception_ptr refused = caught([&] { remembered->answers.put(key, std::move(value), now); });
    if (refused == nullptr) count(remembered_);
  }
}

template <class T>
typename Fallback<T>::Substitute Fallback<T>::substitute(std::string_view key, const Cause& primary,
                                                         std::string_view payload, TimePoint now) noexcept {
  Substitute given;
  given.kind = kind();
  Cause why;
  why.exception = caught([&] { try_answer(given, why, key, primary, payload, now); });
  if (why.exception != nullptr || why.code) {
    const Message* message = std::get_if<Message>(&way_);
    given.failure.emplace(
        FallbackFailure{name_, primary, std::move(why), message == nullptr ? std::string{} : message->text});
    count(failed_);
  } else {
    count(given.queued_as ? queued_ : answered_);
  }
  if (events_.wants(Interest::fallbacks)) {
    const FallbackResult result = given.failure     ? FallbackResult::failed
                                  : given.queued_as ? FallbackResult::queued
                                                    : FallbackResult::answered;
    events_.on_fallback(
        {{name_, PolicyKind::fallback, now}, given.kind, result, given.age, given.queued_as, &primary});
  }
  return given;
}

template <class T>
void Fallback<T>::try_answer(Substitute& given, Cause& why, std::string_view key, const Cause& primary,
                             std::string_view payload, TimePoint now) {
  if constexpr (std::copy_constructible<T>) {
    if (const T* const answer = answer_at_level(primary)) {
      given.kind = FallbackKind::value;
      given.value.emplace(*answer);
      return;
    }
  }
  switch (kind()) {
    case FallbackKind::value:
      if constexpr (std::copy_constructible<T>) given.value.emplace(std::get<Always>(way_).value);
      break;
    case FallbackKind::function:
      given.value.emplace(std::get<Function>(way_)(primary));
      break;
    case FallbackKind::cached:
      if constexpr (std::copy_constructible<T>) {
        Remembered& remembered = std::get<Remembered>(way_);
        if (key.empty()) {
          why.code = FallbackErrc::no_key;
        } else if (const auto known = remembered.answers.find(key, now, remembered.max_stale);
                   known && known->age <= detail::longest_use(*known->value)) {
          given.value.emplace(*known->value);
          given.age = known->age;
        } else {
          why.code = FallbackErrc::nothing_remembered;
        }
      }
      break;
    case FallbackKind::queue: {
      const Later& later = std::get<Later>(way_);
      given.queued_as = later.queue->try_push(std::string(payload), now);
      if (!given.queued_as) {
        why.code = FallbackErrc::queue_full;
      } else if (later.accepted) {
        given.value.emplace(later.accepted(*given.queued_as));
      } else {
        given.rejection.emplace(Rejection{Reason::queued, name_, std::nullopt});
      }
      break;
    }
    case FallbackKind::fail:
      why.code = FallbackErrc::told_to_fail;
      break;
  }
}

template <class T>
FallbackCounters Fallback<T>::counters() const noexcept {
  return {answered_.load(std::memory_order_relaxed), queued_.load(std::memory_order_relaxed),
          failed_.load(std::memory_order_relaxed), remembered_.load(std::memory_order_relaxed)};
}

}  // namespace switchgear
