// What is told about the instances of a service: each ejection and each return, with its evidence.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::instances {

class Instance;

/// In the order in which they are tried.
enum class EjectionRule : std::uint8_t {
  consecutive_gateway,
  consecutive_5xx,
  consecutive_local,
  success_rate,
  failure_percentage,
  success_rate_local,
  failure_percentage_local,
};

[[nodiscard]] constexpr std::string_view to_string(EjectionRule rule) noexcept {
  constexpr std::array<std::string_view, 7> names{
      "consecutive_gateway", "consecutive_5xx",    "consecutive_local",       "success_rate",
      "failure_percentage",  "success_rate_local", "failure_percentage_local"};
  return names[static_cast<std::size_t>(rule)];
}

/// A rule that holds against an instance.
struct Finding {
  EjectionRule rule = EjectionRule::consecutive_5xx;
  double value = 0;      ///< failures in a row, success rate, or share of failures
  double threshold = 0;  ///< that the value has reached; a success rate is below it

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// Why an instance was taken back, or was not ejected though a rule held against it; of an ejection, whether
/// it is an earlier one that goes on.
enum class InstanceReason : std::uint8_t {
  none,
  time_is_over,
  good_check,
  left,          ///< the instance has left the service
  max_ejected,   ///< too many others are out; of a return: others have left the service
  not_enforced,  ///< the rule's share `enforce`
  switched_off,  ///< the new options have no rule
  rejoined,      ///< of an ejection: the instance had left, and is back before its time is over
};

[[nodiscard]] constexpr std::string_view to_string(InstanceReason reason) noexcept {
  constexpr std::array<std::string_view, 8> names{
      "", "time_is_over", "good_check", "left", "max_ejected", "not_enforced", "switched_off", "rejoined"};
  return names[static_cast<std::size_t>(reason)];
}

struct InstanceEvent {
  enum class Kind : std::uint8_t {
    ejected,
    returned,
    spared,       ///< a rule held, but the instance was not ejected
    panic_began,  ///< too few instances are healthy: all are used
    panic_ended,
  };

  Kind kind = Kind::ejected;
  std::uint64_t number = 0;  ///< counts the service's events from 1: listeners may be called out of order
  TimePoint at{};
  std::shared_ptr<const Instance> instance;  ///< null for panic
  Finding finding{};                         ///< of a return: why it had been ejected
  InstanceReason reason = InstanceReason::none;
  TimePoint until{};        ///< end of the ejection; of a return: when it would have ended
  std::uint32_t times = 0;  ///< ejections in a row, this one included

  // The service after the event.
  std::uint32_t instances = 0;
  std::uint32_t ejected = 0;
  std::uint32_t healthy = 0;  ///< neither ejected nor found bad by a check
  bool found_bad = false;     ///< the instance, by a check: it is left out whether it is ejected or not
  bool panic = false;         ///< all instances are used; an event of panic itself may follow this one
};

/// An ejection that no earlier event has told of.
[[nodiscard]] constexpr bool is_new_ejection(const InstanceEvent& event) noexcept {
  return event.kind == InstanceEvent::Kind::ejected && event.reason != InstanceReason::rejoined;
}

[[nodiscard]] constexpr std::string_view to_string(InstanceEvent::Kind kind) noexcept {
  constexpr std::array<std::string_view, 5> names{"ejected", "returned", "spared", "panic_began",
                                                  "panic_ended"};
  return names[static_cast<std::size_t>(kind)];
}

/// Called after the change is in effect, without a lock held, by the thread that made the change.
class InstanceListener {
 public:
  InstanceListener() = default;
  InstanceListener(const InstanceListener&) = delete;
  InstanceListener& operator=(const InstanceListener&) = delete;
  virtual ~InstanceListener() = default;

  virtual void on_instance_event(const InstanceEvent& event) noexcept = 0;
};

}  // namespace switchgear::instances
