// Spans on their way from the threads that make calls to the one that exports them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "switchgear/telemetry/span.hpp"

namespace switchgear::telemetry {

struct SpanQueueFigures {
  std::size_t waiting = 0;
  std::uint64_t dropped = 0;  ///< spans that found it full, or that were given up by their exporter
};

/// Bounded: what does not fit is dropped and counted, and no call waits for an exporter. The lock is held for
/// as many moves as spans come or go; only calls that are recorded take it. push() does not allocate.
/// Threads: any.
class SpanQueue {
 public:
  /// `wake` is called from the thread of a call each time `batch` spans wait; it must not block.
  explicit SpanQueue(std::size_t most, std::size_t batch = 0, std::function<void()> wake = {});

  /// Takes the spans of one call, all or none.
  void push(std::vector<Span>&& spans) noexcept;
  /// At most `most` of the oldest.
  [[nodiscard]] std::vector<Span> take(std::size_t most);
  /// Counts spans that could not be delivered.
  void count_dropped(std::size_t spans) noexcept;

  [[nodiscard]] SpanQueueFigures figures() const;

 private:
  /// The place of what comes `at` after the oldest.
  [[nodiscard]] Span& place(std::size_t at) noexcept { return ring_[(first_ + at) % ring_.size()]; }

  const std::size_t batch_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::vector<Span> ring_;   ///< `most` places
  std::size_t first_ = 0;    ///< the place of the oldest
  std::size_t waiting_ = 0;  ///< places in use
  std::uint64_t dropped_ = 0;
};

}  // namespace switchgear::telemetry
