#include "app/gateway/access/access_ring.hpp"

#include <algorithm>
#include <cstring>

namespace switchgear::gateway {

namespace {

/// One more, by the only thread that counts there.
void count(std::atomic<std::uint64_t>& number) noexcept {
  number.store(number.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

bool AccessRing::push(std::string_view line) noexcept {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  const std::uint64_t end = head + line.size();
  if (end - tail_seen_ > size()) {
    tail_seen_ = tail_.load(std::memory_order_acquire);
    if (end - tail_seen_ > size()) {
      count(lost_);
      return false;
    }
  }
  const std::size_t at = head & mask_;
  const std::size_t first = std::min(line.size(), size() - at);
  std::memcpy(bytes_.get() + at, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  count(pushed_);
  head_.store(end, std::memory_order_release);
  return true;
}

std::array<std::string_view, 2> AccessRing::pending() const noexcept {
  const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  const std::size_t count = head_.load(std::memory_order_acquire) - tail;
  const std::size_t at = tail & mask_;
  const std::size_t first = std::min(count, size() - at);
  return {std::string_view{bytes_.get() + at, first}, std::string_view{bytes_.get(), count - first}};
}

}  // namespace switchgear::gateway
