// A value or the Rejection that stands in its place. C++20 has no std::expected; this is the part of it the
// library needs.
#pragma once

#include <cassert>
#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "switchgear/core/rejection.hpp"

namespace switchgear {

/// Holds a T when the call was admitted, a Rejection when it was refused. Moved, not copied; that throws only
/// if moving a T does.
///
///     if (auto permit = breaker.try_acquire(now)) use(std::move(*permit));
///     else log(to_string(permit.rejection()));
template <class T>
class [[nodiscard]] Result {
  static_assert(std::move_constructible<T>, "a Result hands its value over: it must be movable");
  static constexpr bool moves_quietly = std::is_nothrow_move_constructible_v<T>;

 public:
  Result(T&& value) noexcept(moves_quietly) : has_value_(true) {  // NOLINT: implicit by design
    std::construct_at(std::addressof(value_), std::move(value));
  }
  Result(const Rejection& rejection) noexcept : has_value_(false), rejection_(rejection) {}  // NOLINT
  /// Builds the rejection in place: a copy through the stack would cost as much as the refusal itself.
  Result(Reason reason, std::string_view policy, std::optional<Duration> retry_after,
         std::optional<BreakerLevel> level = std::nullopt) noexcept
      : has_value_(false), rejection_{reason, policy, retry_after, level} {}

  Result(Result&& other) noexcept(moves_quietly) : has_value_(other.has_value_) {
    if (has_value_) {
      std::construct_at(std::addressof(value_), std::move(other.value_));
    } else {
      std::construct_at(&rejection_, other.rejection_);
    }
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  Result& operator=(Result&&) = delete;
  ~Result() {
    if (has_value_) value_.~T();
  }

  [[nodiscard]] bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }

  /// Precondition: has_value().
  [[nodiscard]] T& operator*() & noexcept { return assert(has_value_), value_; }
  [[nodiscard]] T&& operator*() && noexcept { return assert(has_value_), std::move(value_); }
  [[nodiscard]] const T& operator*() const& noexcept { return assert(has_value_), value_; }
  [[nodiscard]] const T* operator->() const noexcept { return assert(has_value_), std::addressof(value_); }
  [[nodiscard]] T* operator->() noexcept { return assert(has_value_), std::addressof(value_); }
  /// Precondition: !has_value().
  [[nodiscard]] const Rejection& rejection() const noexcept { return assert(!has_value_), rejection_; }

 private:
  bool has_value_;
  union {
    T value_;
    Rejection rejection_;
  };
};

}  // namespace switchgear
