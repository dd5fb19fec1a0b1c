// One instance of a service, as all threads share it: whether it may be used, how many calls it has, and what
// its ejection is judged by.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/instances/end_counts.hpp"
#include "switchgear/instances/instance_event.hpp"

namespace switchgear::instances {

/// Made by Ejection::add(). Threads: every public method from any thread.
class alignas(64) Instance {
 public:
  /// For tests of what only picks; programs get theirs from an Ejection, which changes it.
  Instance(std::string name, TimePoint joined) : name_(std::move(name)), fresh_since_(ticks_of(joined)) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Neither ejected nor found bad by a health check.
  [[nodiscard]] bool usable() const noexcept { return out_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] bool ejected() const noexcept {
    return (out_.load(std::memory_order_acquire) & by_rule) != 0;
  }
  [[nodiscard]] bool found_bad() const noexcept {
    return (out_.load(std::memory_order_acquire) & by_check) != 0;
  }

  /// Calls that have begun and not ended.
  [[nodiscard]] std::uint32_t in_flight() const noexcept {
    return in_flight_.load(std::memory_order_relaxed);
  }

  /// Since it joined first: calls that have begun, and of those that were recorded the ones that failed.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

  /// When it joined the service or was last taken back: what slow start counts from.
  [[nodiscard]] TimePoint fresh_since() const noexcept {
    return time_of(fresh_since_.load(std::memory_order_relaxed));
  }

 private:
  friend class Ejection;
  friend class InstanceCall;

  /// Guarded by its Ejection's mutex.
  struct Standing {
    bool present = true;      ///< among the service's instances
    bool troubled = false;    ///< out, or found an outlier, at some time of the current interval
    std::uint32_t times = 0;  ///< ejections in a row: what the length of the next is reckoned from
    TimePoint until{};        ///< end of the latest ejection
    Finding finding{};        ///< why it was ejected last
  };

  static constexpr std::uint8_t by_rule = 1;
  static constexpr std::uint8_t by_check = 2;

  const std::string name_;
  std::atomic<std::uint8_t> out_{0};
  std::atomic<Duration::rep> fresh_since_;
  Standing standing_;

  // What every call writes is apart from what every pick reads.
  alignas(64) std::atomic<std::uint32_t> in_flight_{0};
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> failures_{0};
  EndsInARow in_a_row_;
  EndRate answers_;  ///< all ends; without the local errors when these are counted apart
  EndRate local_;    ///< only when local errors are counted apart: an answer of any status is a success
};

/// One call in flight to an instance. Ends when it is recorded (Ejection::record) or dropped; a dropped call
/// is no evidence of anything. Move-only; keeps its instance alive. Threads: one at a time.
class InstanceCall {
 public:
  explicit InstanceCall(std::shared_ptr<Instance> instance) noexcept
      : instance_(std::move(instance)), generation_(instance_->in_a_row_.generation()) {
    instance_->in_flight_.fetch_add(1, std::memory_order_relaxed);
    instance_->calls_.fetch_add(1, std::memory_order_relaxed);
  }
  InstanceCall(InstanceCall&& other) noexcept = default;
  InstanceCall& operator=(InstanceCall&& other) noexcept {
    std::swap(instance_, other.instance_);
    std::swap(generation_, other.generation_);
    return *this;
  }
  ~InstanceCall() {
    if (instance_) instance_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
  }

  [[nodiscard]] const std::shared_ptr<Instance>& instance() const noexcept { return instance_; }

 private:
  friend class Ejection;

  std::shared_ptr<Instance> instance_;
  std::uint16_t generation_;
};

}  // namespace switchgear::instances
