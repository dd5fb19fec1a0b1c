#include "switchgear/instances/event_text.hpp"

#include <cmath>

#include "switchgear/instances/instance.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear::instances {

namespace {

[[nodiscard]] std::string count_of(double value) { return std::to_string(std::llround(value)); }

/// `85.5 %`.
[[nodiscard]] std::string percent(double ratio) {
  const long long tenths = std::llround(ratio * 1000);
  const std::string rest = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
  return std::to_string(tenths / 10) + rest + " %";
}

/// `what` in the singular.
[[nodiscard]] std::string in_a_row(const Finding& finding, const std::string& what) {
  const std::string count = count_of(finding.value);
  return count + " " + what + (count == "1" ? "" : "s") + " in a row (limit " + count_of(finding.threshold) +
         ")";
}

[[nodiscard]] std::string of_the_service(const InstanceEvent& event) {
  return std::to_string(event.ejected) + " of " + std::to_string(event.instances) +
         (event.instances == 1 ? " instance" : " instances") + (event.ejected == 1 ? " is out" : " are out");
}

[[nodiscard]] std::string why(InstanceReason reason) {
  switch (reason) {
    case InstanceReason::none:
      break;
    case InstanceReason::time_is_over:
      return "its time is over";
    case InstanceReason::good_check:
      return "its health check is good";
    case InstanceReason::left:
      return "it has left the service";
    case InstanceReason::max_ejected:
      return "max_ejected allows no further one to be out";
    case InstanceReason::not_enforced:
      return "the rule is not enforced";
  }
  return "";
}

}  // namespace

std::string text_of(const Finding& finding) {
  switch (finding.rule) {
    case EjectionRule::consecutive_gateway:
      return in_a_row(finding, "gateway error");
    case EjectionRule::consecutive_5xx:
      return in_a_row(finding, "failed call");
    case EjectionRule::consecutive_local:
      return in_a_row(finding, "unanswered call");
    case EjectionRule::success_rate:
      return percent(finding.value) + " of its calls succeeded, far below the others (limit " +
             percent(finding.threshold) + ")";
    case EjectionRule::success_rate_local:
      return percent(finding.value) + " of its calls were answered, far below the others (limit " +
             percent(finding.threshold) + ")";
    case EjectionRule::failure_percentage:
      return percent(finding.value) + " of its calls failed (limit " + percent(finding.threshold) + ")";
    case EjectionRule::failure_percentage_local:
      return percent(finding.value) + " of its calls had no answer (limit " + percent(finding.threshold) +
             ")";
  }
  return "";
}

std::string text_of(const InstanceEvent& event) {
  const std::string name = event.instance ? "instance " + event.instance->name() : "";
  switch (event.kind) {
    case InstanceEvent::Kind::ejected:
      return name + " is left out for " + OptionChecker::seconds(event.until - event.at) + ": " +
             text_of(event.finding) + "; " + of_the_service(event);
    case InstanceEvent::Kind::returned:
      return name + " is used again: " + why(event.reason) + "; " + of_the_service(event);
    case InstanceEvent::Kind::spared:
      return name + " is still used, although " + text_of(event.finding) + ": " + why(event.reason);
    case InstanceEvent::Kind::panic_began:
      return std::to_string(event.healthy) + " of " + std::to_string(event.instances) +
             " instances are healthy: all are used";
    case InstanceEvent::Kind::panic_ended:
      return std::to_string(event.healthy) + " of " + std::to_string(event.instances) +
             " instances are healthy: only these are used";
  }
  return "";
}

}  // namespace switchgear::instances
