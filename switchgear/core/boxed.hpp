// An optional value that takes room only where it is set: for options that few set, in structs that are
// copied into every policy.
#pragma once

#include <memory>
#include <utility>

namespace switchgear {

/// As std::optional, in the size of a pointer. Copies copy the value. Allocates when it is set or copied.
template <class T>
class Boxed {
 public:
  Boxed() noexcept = default;
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) {
    if (this != &other) value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
    return *this;
  }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  T& emplace(T value = {}) {
    value_ = std::make_unique<T>(std::move(value));
    return *value_;
  }
  void reset() noexcept { value_.reset(); }

  explicit operator bool() const noexcept { return value_ != nullptr; }
  T& operator*() noexcept { return *value_; }
  const T& operator*() const noexcept { return *value_; }
  T* operator->() noexcept { return value_.get(); }
  const T* operator->() const noexcept { return value_.get(); }

  friend bool operator==(const Boxed& one, const Boxed& other) {
    if (!one || !other) return !one && !other;
    return *one == *other;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace switchgear
