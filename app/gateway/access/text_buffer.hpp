// Text that grows, appended to many times for each line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace switchgear::gateway {

/// As std::string for appending, but inline: a key that the compiler knows is a few stores, and no call.
/// Allocates when it grows, and keeps its memory. Threads: one.
class TextBuffer {
 public:
  TextBuffer& append(std::string_view text) {
    if (text.size() > capacity_ - size_) grow(text.size());
    if (!text.empty()) std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextBuffer& append(char c) {
    if (size_ == capacity_) grow(1);
    bytes_[size_++] = c;
    return *this;
  }

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] char& operator[](std::size_t index) noexcept { return bytes_[index]; }

  void clear() noexcept { size_ = 0; }

 private:
  void grow(std::size_t by) {
    const std::size_t capacity = std::max({size_ + by, capacity_ * 2, least});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  static constexpr std::size_t least = 256;

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace switchgear::gateway
