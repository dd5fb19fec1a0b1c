// A file descriptor with one owner.
#pragma once

#include <utility>

namespace switchgear::http {

/// Closes it at its end. Threads: one at a time.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  /// The caller's from now on.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
  /// Another one for the same open file; empty if the process has none left.
  [[nodiscard]] Descriptor share() const noexcept;
  void close() noexcept;

 private:
  int number_ = -1;
};

}  // namespace switchgear::http
