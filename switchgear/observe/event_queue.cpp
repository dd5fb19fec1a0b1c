#include "switchgear/observe/event_queue.hpp"

#include <bit>
#include <string>
#include <utility>

#include "switchgear/core/raise.hpp"
#include "switchgear/striped/pause.hpp"
#include "switchgear/striped/pause_point.hpp"

namespace switchgear {

namespace {

/// An event and its number in one reader's ring.
struct Entry {
  std::uint64_t number = 0;
  std::shared_ptr<const LoggedEvent> event;
};

std::size_t checked(std::size_t capacity) {
  if (capacity == 0 || capacity > EventQueue::max_capacity) {
    detail::raise_invalid("event queue: capacity: must be from 1 to " +
                          std::to_string(EventQueue::max_capacity));
  }
  return std::bit_ceil(capacity);
}

}  // namespace

/// One reader's ring. A publisher takes a number (`end`), then exchanges its entry into the slot of that
/// number. The reader takes entries out by exchange too, from `next` on. So an entry has one owner at any
/// moment, and neither side waits for the other.
///
/// Invariant: every number below `next` was either read or counted as lost, once. A reader that finds `end`
/// more than `capacity` ahead passes over the numbers whose slots have been claimed again. What breaks it, if
/// it were not for the two rules below: a publisher takes number n and is pre-empted until others have gone
/// round the ring.
///   1. Of two entries that meet in a slot, the newer stays (put()): the late publisher takes its own out
///      again.
///   2. The reader drops an entry below `next`: it was counted as lost when it was passed over.
/// An empty slot below `end` belongs to a publisher between its two steps. The reader stops there; that
/// publisher rings after its second step, or its number is passed over.
struct alignas(64) EventQueue::Place {
  using Slot = std::atomic<Entry*>;

  // Written by publishers:
  std::atomic<std::uint64_t> end{0};
  std::atomic<std::uint32_t> visitors{0};  ///< publishers that may be using the ring or `wake`
  std::atomic<bool> rung{false};           ///< since the last read began
  // Written when a reader comes and goes:
  alignas(64) std::atomic<bool> open{false};
  bool taken = false;  ///< guarded by the queue's mutex
  std::size_t capacity = 0;
  std::unique_ptr<Slot[]> slots;
  std::function<void()> wake;
  // The reader's own:
  std::uint64_t next = 0;

  void begin(std::size_t slot_count, std::function<void()> to_wake) {
    capacity = slot_count;
    slots = std::make_unique<Slot[]>(slot_count);
    wake = std::move(to_wake);
    end.store(0, std::memory_order_relaxed);
    next = 0;
    rung.store(false, std::memory_order_relaxed);
    open.store(true);
  }

  void finish() noexcept {
    // Sequentially consistent, as in visit(): either this sees the visitor, or the visitor sees this.
    open.store(false);
    for (int tries = 0; visitors.load() != 0; ++tries) wait_a_little(tries);
    for (std::size_t i = 0; i < capacity; ++i) delete slots[i].load(std::memory_order_relaxed);
    slots.reset();
    wake = nullptr;
  }

  void publish(const std::shared_ptr<const LoggedEvent>& event) {
    if (!open.load(std::memory_order_relaxed)) return;
    auto entry = std::make_unique<Entry>();
    entry->event = event;
    visitors.fetch_add(1);
    if (open.load()) {
      entry->number = end.fetch_add(1, std::memory_order_acq_rel);
      detail::pause_point();
      put(entry.release());
      ring();
    }
    visitors.fetch_sub(1, std::memory_order_release);
  }

  [[nodiscard]] Slot& slot_of(std::uint64_t number) const noexcept { return slots[number & (capacity - 1)]; }
  [[nodiscard]] bool passed(std::uint64_t number) const noexcept {
    return end.load(std::memory_order_acquire) - number > capacity;
  }

  void put(Entry* entry) noexcept {
    for (std::uint64_t number = entry->number;;) {
      Entry* const out = slot_of(number).exchange(entry, std::memory_order_acq_rel);
      if (out == nullptr) return;
      if (out->number < number) {
        delete out;  // the oldest is lost; the reader counts it when it gets there
        return;
      }
      detail::pause_point();
      entry = out;
      number = out->number;
    }
  }

  void ring() noexcept {
    if (!wake || rung.exchange(true, std::memory_order_acq_rel)) return;
#if defined(__cpp_exceptions)
    try {
      wake();
    } catch (...) {
      rung.store(false, std::memory_order_release);
    }
#else
    wake();
#endif
  }

  Batch read(std::size_t at_most) {
    Batch batch;
    // Before the slots are looked at: an event that this look misses finds it lowered, and rings.
    rung.exchange(false, std::memory_order_acq_rel);
    while (batch.events.size() < at_most) {
      const std::uint64_t published = end.load(std::memory_order_acquire);
      if (published == next) break;
      if (published - next > capacity) {
        if (!batch.events.empty()) break;  // the gap stands before a batch, never within one
        batch.lost += published - capacity - next;
        next = published - capacity;
      }
      std::unique_ptr<Entry> entry{slot_of(next).exchange(nullptr, std::memory_order_acq_rel)};
      detail::pause_point();
      if (!entry) {
        if (passed(next)) continue;
        break;
      }
      if (entry->number > next) {
        put(entry.release());  // and so `next` is passed
      } else if (entry->number == next) {
        batch.events.push_back(std::move(entry->event));
        ++next;
      }
    }
    detail::pause_point();
    return batch;
  }
};

EventQueue::EventQueue(std::size_t capacity)
    : capacity_(checked(capacity)), places_(std::make_unique<std::array<Place, max_readers>>()) {}
EventQueue::~EventQueue() = default;

void EventQueue::publish(LoggedEvent event) {
  if (!has_readers()) return;
  const auto shared = std::make_shared<const LoggedEvent>(std::move(event));
  for (Place& place : *places_) place.publish(shared);
}

void EventQueue::on_transition(const Transition& transition) {
  if (has_readers()) publish(logged(transition));
}

void EventQueue::on_adapted(const AdaptedEvent& adapted) {
  if (has_readers()) publish(logged(adapted));
}

void EventQueue::on_ramp(const RampEvent& ramp) {
  if (has_readers()) publish(logged(ramp));
}

void EventQueue::on_level(const LevelEvent& level) {
  if (has_readers()) publish(logged(level));
}

EventQueue::Place& EventQueue::take_place(std::function<void()> wake) {
  const std::lock_guard lock{mutex_};
  for (Place& place : *places_) {
    if (place.taken) continue;
    place.begin(capacity_, std::move(wake));
    place.taken = true;
    readers_.fetch_add(1, std::memory_order_release);
    return place;
  }
  detail::raise_invalid("event queue: has " + std::to_string(max_readers) + " readers already");
}

void EventQueue::give_back(Place& place) noexcept {
  place.finish();
  const std::lock_guard lock{mutex_};
  readers_.fetch_sub(1, std::memory_order_release);
  place.taken = false;
}

EventQueue::Reader::Reader(std::shared_ptr<EventQueue> queue, std::function<void()> wake)
    : queue_(std::move(queue)), place_(queue_->take_place(std::move(wake))) {}
EventQueue::Reader::~Reader() { queue_->give_back(place_); }
EventQueue::Batch EventQueue::Reader::read(std::size_t at_most) { return place_.read(at_most); }

}  // namespace switchgear
