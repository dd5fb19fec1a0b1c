// The ejection of a service's instances: outlier detection after Envoy, with the faults of that one that
// users reported left out. Decides only; it opens no socket, reads no clock and starts no timer.
//
//               a rule holds, it is enforced, and max_ejected leaves room
//     in use ───────────────────────────────────────────────────────────────▶ ejected
//        ▲                                                                       │
//        └── its time is over · a good health check · max_ejected leaves no room ┘
//
// | rule                             | judged          | what differs from Envoy, and its issue       |
// |----------------------------------|-----------------|----------------------------------------------|
// | consecutive_*                    | at a call's end | every return starts the count at 0 (18950)   |
// | success_rate, failure_percentage | at a tick       | if not all can be ejected, the worst are     |
// | length: base × times, up to max  | at ejection     | `times` stops where this reaches max (37602) |
// | `times` less one per interval    | at a tick       | after the rules, if it was never out (26758) |
// | return                           | at its time     | not only when an interval ends               |
// | max_ejected                      | always          | also when instances have left                |
//
// docs/instances.md lists every difference; app/interop compares them with a model of Envoy's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/instances/ejection_options.hpp"
#include "switchgear/instances/instance.hpp"
#include "switchgear/instances/instance_event.hpp"

namespace switchgear::instances {

struct InstanceSnapshot {
  std::string name;
  bool ejected = false;
  bool found_bad = false;   ///< by a health check
  std::uint32_t times = 0;  ///< ejections in a row
  TimePoint until{};        ///< end of the latest ejection
  Finding finding{};        ///< why it was ejected last, if `until` was ever set
  std::uint32_t in_flight = 0;
  std::uint64_t calls = 0;     ///< that have begun since it joined first
  std::uint64_t failures = 0;  ///< of those that were recorded
  EndsInARow::Counts in_a_row{};
  EndRate::Interval interval{};  ///< calls of the current interval; without local errors if counted apart
  EndRate::Interval local{};     ///< only when local errors are counted apart
};

struct EjectionSnapshot {
  bool panic = false;
  std::vector<InstanceSnapshot> instances;  ///< in the order in which they were added
  std::uint64_t events = 0;                 ///< told since construction
};

/// All instances of one service.
///
///     Ejection ejection{"payment", {.consecutive_5xx = ConsecutiveRule{3}}, seed, now, &listener};
///     auto instance = ejection.add("10.0.0.1:8443", now);
///     InstanceCall call{instance};  // for each call; a Balancer picks the instance
///     ejection.record(std::move(call), CallEnd::answered(503), later);
///     if (now >= ejection.next_due()) ejection.tick(now);  // by a timer of one thread
///
/// Not for: refusing calls. When every instance is ejected and `panic` is 0, the balancer has nothing to
/// pick. Threads: every method from any thread. record() takes no lock and allocates nothing, until a rule of
/// consecutive failures holds: then it takes the mutex, and still allocates nothing. Everything else takes
/// the mutex; the costs are in O(number of instances). Time: any order between threads; a return is due at
/// the first tick() at or after its time. A tick that comes late makes its interval longer, and is one
/// interval. Lifetime: must outlive record() only; calls and events keep their instances alive. Neither
/// copied nor moved.
class Ejection {
 public:
  /// Throws std::invalid_argument naming every problem when `options` are not valid. `seed` is for jitter and
  /// for shares `enforce` between 0 and 1. `listener` is borrowed.
  Ejection(std::string service, const EjectionOptions& options, std::uint64_t seed, TimePoint now,
           InstanceListener* listener = nullptr);
  Ejection(const Ejection&) = delete;
  Ejection& operator=(const Ejection&) = delete;

  /// The instance of this name, which joins unless it is there already. One that left is remembered while its
  /// ejections count: it comes back ejected if its time is not over, and as often ejected in a row as it was.
  std::shared_ptr<Instance> add(std::string_view name, TimePoint now);
  /// Returns whether there was such an instance. Its calls go on; their ends are not judged.
  bool remove(std::string_view name, TimePoint now);
  /// Adds and removes until the instances are `names`; returns them in this order.
  std::vector<std::shared_ptr<Instance>> set_instances(std::span<const std::string> names, TimePoint now);
  /// The instances of `before`, which had other options: who is out, until when and why, and how often in a
  /// row; if the options here have no rule, none stays out. All counts begin anew, and calls that `before`
  /// made instances for are recorded there. To be called before anything else, once.
  void continue_from(const Ejection& before, TimePoint now);

  /// A call has ended. Counted by the rules unless its instance has been ejected since the call began.
  void record(InstanceCall&& call, CallEnd end, TimePoint now) noexcept;
  /// The same of a call that stays in flight, because what it has begun goes on: once for a call, which is
  /// dropped when that ends.
  void record_begun(const InstanceCall& call, CallEnd end, TimePoint now) noexcept;

  /// What a health check has come to, after its thresholds. A bad one puts the instance out of use until a
  /// good one; this is not an ejection and `max_ejected` does not bound it. A good one also ends an ejection;
  /// the counts of an instance that was not ejected stay as they are. `unknown`: it is not checked any more,
  /// and in use again unless it is ejected.
  enum class Health : std::uint8_t { good, bad, unknown };
  void on_health(Instance& instance, Health health, TimePoint now) noexcept;

  /// Takes back the instances whose time is over; if an interval is over, judges it. May allocate.
  void tick(TimePoint now);
  /// When tick() has something to do next.
  [[nodiscard]] TimePoint next_due() const noexcept;

  /// Too few instances are healthy: the balancer uses all of them.
  [[nodiscard]] bool panicking() const noexcept { return panic_.load(std::memory_order_acquire); }

  [[nodiscard]] EjectionSnapshot snapshot() const;
  [[nodiscard]] const std::string& service() const noexcept { return service_; }
  [[nodiscard]] const EjectionOptions& options() const noexcept { return options_; }

  /// Of the instances that left, at most so many are remembered.
  static constexpr std::size_t most_remembered = 64;

 private:
  using Shared = std::shared_ptr<Instance>;
  using Standing = Instance::Standing;
  using Intervals = std::vector<EndRate::Interval>;

  /// The events of one change, to be told when the mutex is free.
  class Told {
   public:
    InstanceEvent& add();
    void tell(InstanceListener& listener) const noexcept;

   private:
    /// One step of record() tells at most two findings that are spared, an ejection, and panic: these need no
    /// allocation.
    std::array<InstanceEvent, 4> first_;
    std::size_t count_ = 0;
    std::vector<InstanceEvent> more_;
  };

  // Everything that ends in _locked requires mutex_.
  [[nodiscard]] bool reached(const EndsInARow::Counts& counts) const noexcept;
  [[nodiscard]] bool take_back_one_due_locked(TimePoint now, Told& told) noexcept;
  void judge_row(const Shared& instance, TimePoint now) noexcept;
  void judge_row_locked(const Shared& instance, TimePoint now, Told& told) noexcept;
  /// Whether the instance was ejected.
  bool find_locked(const Shared& instance, const Finding& finding, double enforce, TimePoint now,
                   Told& told) noexcept;
  void judge_interval_locked(TimePoint now, Told& told);
  [[nodiscard]] Intervals take_locked(EndRate Instance::*rate);
  template <class Rule>
  void judge_rate_locked(const Intervals& intervals, const std::optional<Rule>& rule, EjectionRule name,
                         double Rule::*enforce, TimePoint now, Told& told);
  void forgive_locked(TimePoint now) noexcept;

  void put_out_locked(const Shared& instance, InstanceReason reason, TimePoint now, Told& told) noexcept;
  [[nodiscard]] bool has_rules() const noexcept;
  void take_back_locked(const Shared& instance, InstanceReason reason, TimePoint now, Told& told) noexcept;
  void begin_next_generation_locked(Instance& instance) noexcept;
  void keep_limit_locked(TimePoint now, Told& told) noexcept;
  void update_panic_locked(TimePoint now, Told& told) noexcept;

  Shared add_locked(std::string_view name, TimePoint now, Told& told);
  bool remove_locked(std::string_view name, TimePoint now, Told& told);
  [[nodiscard]] Shared recall_locked(std::string_view name) noexcept;
  [[nodiscard]] Shared copy_locked(const Instance& old);

  [[nodiscard]] bool has_room_locked(std::uint32_t ejected) const noexcept;
  [[nodiscard]] std::uint32_t healthy_locked() const noexcept;
  [[nodiscard]] Duration length_locked(std::uint32_t times) noexcept;
  InstanceEvent& tell_locked(InstanceEvent::Kind kind, const Shared& instance, TimePoint now,
                             Told& told) noexcept;
  void tell(const Told& told) const noexcept;

  const std::string service_;
  const EjectionOptions options_;
  const bool rates_;                ///< whether any rule needs them
  const std::uint32_t most_times_;  ///< base × this is at least max
  InstanceListener* const listener_;
  std::atomic<bool> panic_{false};

  mutable std::mutex mutex_;
  std::vector<Shared> instances_;
  std::vector<Shared> remembered_;  ///< that left, oldest first
  std::uint32_t ejected_ = 0;       ///< of instances_
  TimePoint next_tick_;
  std::uint64_t events_ = 0;
  Random random_;
};

}  // namespace switchgear::instances
