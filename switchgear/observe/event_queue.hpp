// The way of events out of the path of a call: to logs, streams, files and networks, each at its own pace.
// Never here: what a reader makes of an event.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear {

/// A bounded queue of events with several readers, each at its own position.
///
///     auto queue = std::make_shared<EventQueue>();
///     registry.events().subscribe(queue);
///     EventQueue::Reader reader{queue, [&] { asio::post(loop, write_log); }};
///     …
///     for (auto batch = reader.read(); !batch.empty(); batch = reader.read()) …      // in write_log
///
/// A reader gets what is published after it was made. One that falls more than `capacity` events behind loses
/// the oldest of them, and is told how many; it delays neither the other readers nor the publisher. Events of
/// one thread stay in order.
///
/// Threads: publish() from any thread. It never waits. Without a reader it is one load and no allocation.
/// Otherwise it allocates the record, each of its texts that is too long for the string's own buffer, and an
/// entry for each reader, which also costs some atomic exchanges. A Reader is used by one thread at a time.
/// Memory: at most `capacity` events a reader.
class EventQueue final : public EventSink {
  struct Place;

 public:
  static constexpr std::size_t max_readers = 16;
  static constexpr std::size_t max_capacity = std::size_t{1} << 20;

  struct Batch {
    std::uint64_t lost = 0;  ///< events between the last batch and this one that were overwritten
    std::vector<std::shared_ptr<const LoggedEvent>> events;  ///< oldest first; shared with other readers
    [[nodiscard]] bool empty() const noexcept { return lost == 0 && events.empty(); }
  };

  /// One reader's position. Keeps the queue alive.
  class Reader {
   public:
    /// `wake` is called by a publisher after the first event since the last read() began: on the publisher's
    /// thread, which may be in the middle of a call. So it should post and return; what it throws is dropped,
    /// and the next event wakes again. It must not destroy the reader. Throws std::invalid_argument when the
    /// queue has max_readers already.
    explicit Reader(std::shared_ptr<EventQueue> queue, std::function<void()> wake = {});
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    /// Waits for a `wake` that is running, if one is. From then on none is called.
    ~Reader();

    /// At most `at_most` of the events that have not been read. Never waits. To be repeated until a batch is
    /// empty: leftover events cause no further wake. An event whose publisher was pre-empted while it stored
    /// it, and those after it, come with the next wake.
    [[nodiscard]] Batch read(std::size_t at_most = 256);

   private:
    std::shared_ptr<EventQueue> queue_;
    Place& place_;
  };

  /// `capacity`: events that a reader may fall behind; rounded up to a power of two. Throws
  /// std::invalid_argument when it is 0 or above max_capacity.
  explicit EventQueue(std::size_t capacity = 1024);
  ~EventQueue() override;

  void publish(LoggedEvent event);
  void on_transition(const Transition& transition) override;
  void on_adapted(const AdaptedEvent& adapted) override;
  void on_ramp(const RampEvent& ramp) override;
  void on_level(const LevelEvent& level) override;

 private:
  [[nodiscard]] bool has_readers() const noexcept { return readers_.load(std::memory_order_acquire) != 0; }
  [[nodiscard]] Place& take_place(std::function<void()> wake);
  void give_back(Place& place) noexcept;

  const std::size_t capacity_;
  std::atomic<std::size_t> readers_{0};
  std::mutex mutex_;  ///< guards which places are taken; never held by a publisher
  std::unique_ptr<std::array<Place, max_readers>> places_;
};

}  // namespace switchgear
