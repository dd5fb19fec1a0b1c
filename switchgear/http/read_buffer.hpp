// What a connection has received and its reader has not used yet: one contiguous piece, small while the
// connection is idle.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "switchgear/http/event_loop.hpp"

namespace switchgear::http {

/// Starts with memory of its own, `small` bytes; grows into blocks that the thread's connections share and
/// gives them back when it is empty. Views into it are good until compact(), grow() or shrink().
class ReadBuffer {
 public:
  ReadBuffer(BlockPool& blocks, std::size_t small)
      : blocks_(blocks),
        own_(std::make_unique_for_overwrite<char[]>(small)),
        at_(own_.get()),
        small_(small),
        capacity_(small) {}
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;
  ~ReadBuffer() {
    if (block_) blocks_.give_back(std::move(block_), capacity_);
  }

  [[nodiscard]] char* data() noexcept { return at_ + begin_; }
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::string_view view() const noexcept { return {at_ + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  [[nodiscard]] char* space() noexcept { return at_ + end_; }
  [[nodiscard]] std::size_t space_size() const noexcept { return capacity_ - end_; }
  void commit(std::size_t size) noexcept { end_ += size; }

  void consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Room at the end by moving the content to the front. True when there is some.
  bool compact() noexcept {
    if (begin_ != 0) {
      std::memmove(at_, at_ + begin_, size());
      end_ -= begin_;
      begin_ = 0;
    }
    return end_ < capacity_;
  }

  /// At least `capacity` bytes, the content kept.
  void grow(std::size_t capacity) {
    if (capacity <= capacity_) return;
    if (capacity < BlockPool::block_size) capacity = BlockPool::block_size;
    std::unique_ptr<char[]> larger = blocks_.take(capacity);
    std::memcpy(larger.get(), data(), size());
    end_ = size();
    begin_ = 0;
    std::swap(block_, larger);
    if (larger) blocks_.give_back(std::move(larger), capacity_);
    at_ = block_.get();
    capacity_ = capacity;
  }

  /// Back to its own memory, when the content fits there.
  void shrink() noexcept {
    if (!block_ || size() > small_) return;
    std::memcpy(own_.get(), data(), size());
    end_ = size();
    begin_ = 0;
    blocks_.give_back(std::move(block_), capacity_);
    at_ = own_.get();
    capacity_ = small_;
  }

 private:
  BlockPool& blocks_;
  std::unique_ptr<char[]> own_;
  std::unique_ptr<char[]> block_;
  char* at_;
  std::size_t small_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace switchgear::http
