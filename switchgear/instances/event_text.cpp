#include "switchgear/instances/event_text.hpp"

#include <chrono>
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

/// To a tenth of a second, shorter ones to a millisecond: what is left of an ejection is never a round
/// number.
[[nodiscard]] std::string rounded(Duration length) {
  using Tenths = std::chrono::duration<Duration::rep, std::deci>;
  return OptionChecker::seconds(length < std::chrono::seconds{1}
                                    ? Duration{std::chrono::ceil<std::chrono::milliseconds>(length)}
                                    : Duration{std::chrono::round<Tenths>(length)});
}

/// `what` in the singular.
[[nodiscard]] std::string in_a_row(const Finding& finding, const std::string& what) {
  const std::string count = count_of(finding.value);
  return count + " " + what + (count == "1" ? "" : "s") + " in a row (limit " + count_of(finding.threshold) +
         ")";
}

/// `1 of 3 instances is out`: ejected, or found bad by a check.
[[nodiscard]] std::string of_the_service(const InstanceEvent& event) {
  const std::uint32_t out = event.instances - event.healthy;
  return std::to_string(out) + " of " + std::to_string(event.instances) +
         (event.instances == 1 ? " instance" : " instances") + (out == 1 ? " is out" : " are out");
}

/// `1 of 3 instances is healthy: `
[[nodiscard]] std::string healthy_of(const InstanceEvent& event) {
  return std::to_string(event.healthy) + " of " + std::to_string(event.instances) +
         (event.instances == 1 ? " instance" : " instances") +
         (event.healthy == 1 ? " is healthy: " : " are healthy: ");
}

[[nodiscard]] std::string why(InstanceReason reason) {
  switch (reason) {
    case InstanceReason::none:
    case InstanceReason::rejoined:
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
    case InstanceReason::switched_off:
      return "ejection is switched off";
  }
  return "";
}

[[nodiscard]] std::string text_of_ejection(const std::string& name, const InstanceEvent& event) {
  const std::string length = rounded(event.until - event.at);
  const std::string evidence = text_of(event.finding) + "; " + of_the_service(event);
  const std::string is = event.reason == InstanceReason::rejoined ? " has rejoined, and is still " : " is ";
  if (!event.panic) return name + is + "left out for " + length + ": " + evidence;
  return name + is + "ejected for " + length + ", but still used, because too few are healthy: " + evidence;
}

[[nodiscard]] std::string text_of_return(const std::string& name, const InstanceEvent& event) {
  if (event.reason == InstanceReason::left)
    return name + " has left the service while it was left out; " + of_the_service(event);
  const std::string reason = why(event.reason) + "; ";
  if (!event.found_bad) return name + " is used again: " + reason + of_the_service(event);
  return "the ejection of " + name + " has ended: " + reason +
         (event.panic ? "its health check is bad; "
                      : "it is still left out, because its health check is bad; ") +
         of_the_service(event);
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
      return text_of_ejection(name, event);
    case InstanceEvent::Kind::returned:
      return text_of_return(name, event);
    case InstanceEvent::Kind::spared:
      return name + " is still used, although " + text_of(event.finding) + ": " + why(event.reason);
    case InstanceEvent::Kind::panic_began:
      return healthy_of(event) + (event.instances == 1 ? "it is used all the same" : "all are used");
    case InstanceEvent::Kind::panic_ended:
      return healthy_of(event) + (event.healthy == 1 ? "only this one is used" : "only these are used");
  }
  return "";
}

}  // namespace switchgear::instances
