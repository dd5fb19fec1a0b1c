// A service under a test's hands: its instances by name, its time, and what was told about them.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/instances/ejection.hpp"

namespace switchgear::instances {

class EventRecorder final : public InstanceListener {
 public:
  void on_instance_event(const InstanceEvent& event) noexcept override {
    const std::scoped_lock lock(mutex_);
    events.push_back(event);
  }
  [[nodiscard]] std::vector<InstanceEvent> of(InstanceEvent::Kind kind) const {
    std::vector<InstanceEvent> found;
    for (const InstanceEvent& event : events) {
      if (event.kind == kind) found.push_back(event);
    }
    return found;
  }

  std::vector<InstanceEvent> events;

 private:
  std::mutex mutex_;
};

/// Instances are called "0", "1", … in the order in which they are added.
class TestService {
 public:
  TestService(const EjectionOptions& options, std::size_t count, std::uint64_t seed = 1)
      : ejection("payment", options, seed, now, &recorder) {
    for (std::size_t i = 0; i < count; ++i) add(std::to_string(i));
  }

  void add(const std::string& name) { instances[name] = ejection.add(name, now); }
  [[nodiscard]] Instance& at(std::size_t i) { return *instances.at(std::to_string(i)); }
  [[nodiscard]] InstanceCall call(std::size_t i) { return InstanceCall{instances.at(std::to_string(i))}; }
  void end(std::size_t i, CallEnd with, int calls = 1) {
    for (int n = 0; n < calls; ++n) ejection.record(call(i), with, now);
  }
  void answer(std::size_t i, unsigned status, int calls = 1) { end(i, CallEnd::answered(status), calls); }
  /// Time passes, with a tick whenever one is due.
  void pass(Duration length) {
    const TimePoint end = now + length;
    while (ejection.next_due() <= end) {
      now = std::max(now, ejection.next_due());
      ejection.tick(now);
    }
    now = end;
  }
  [[nodiscard]] std::size_t ejected() const {
    std::size_t count = 0;
    for (const auto& [name, instance] : instances) count += instance->ejected() ? 1 : 0;
    return count;
  }
  [[nodiscard]] InstanceSnapshot seen(std::size_t i) const {
    for (InstanceSnapshot& instance : ejection.snapshot().instances) {
      if (instance.name == std::to_string(i)) return instance;
    }
    return {};
  }

  TimePoint now{std::chrono::hours{1}};
  EventRecorder recorder;
  Ejection ejection;
  std::map<std::string, std::shared_ptr<Instance>> instances;
};

/// Only the rule of consecutive 5xx; all instances may be out, and it is never panic.
[[nodiscard]] inline EjectionOptions only_5xx(std::uint32_t count = 3) {
  EjectionOptions options;
  options.consecutive_5xx = ConsecutiveRule{count};
  options.consecutive_gateway.reset();
  options.consecutive_local.reset();
  options.success_rate.reset();
  options.failure_percentage.reset();
  options.max_ejected = 1;
  options.panic = 0;
  return options;
}

}  // namespace switchgear::instances
