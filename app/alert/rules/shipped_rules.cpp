#include "app/alert/rules/shipped_rules.hpp"

namespace switchgear::alert {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

[[nodiscard]] AlertRule rule(std::string name, Severity severity, When when, Duration hold,
                             Duration keep_firing_for, std::string_view message) {
  AlertRule made;
  made.name = std::move(name);
  made.when = std::move(when);
  made.hold = hold;
  made.keep_firing_for = keep_firing_for;
  made.severity = severity;
  made.message = message_template(message);
  return made;
}

[[nodiscard]] When state(State one) {
  When when;
  when.states = {one};
  return when;
}

[[nodiscard]] When failing(double above, std::uint64_t min_calls) {
  When when = state(State::closed);
  when.failure_rate = FailureRateCondition{above, minutes{5}, min_calls};
  return when;
}

[[nodiscard]] When burning(double above, Duration longer, Duration shorter) {
  When when;
  when.burn_rate = BurnRateCondition{above, 0.999, longer, shorter, 50};
  return when;
}

[[nodiscard]] When opened() {
  When when;
  when.opened = true;
  return when;
}

[[nodiscard]] When flapping() {
  When when;
  when.changes = ChangesCondition{5, hours{1}};
  return when;
}

}  // namespace

std::vector<AlertRule> shipped_rules() {
  const Duration at_once{};
  const Duration a_minute = minutes{1};
  return {
      rule("opened", Severity::info, opened(), at_once, at_once, "{{circuit}} {{evidence}}"),
      rule("open_too_long", Severity::high, state(State::open), minutes{5}, at_once,
           "{{circuit}} has been open for {{duration}}"),
      rule("flapping", Severity::medium, flapping(), at_once, a_minute, "{{circuit}} flaps: {{evidence}}"),
      rule("failing", Severity::warning, failing(0.5, 10), at_once, a_minute,
           "{{circuit}} lets failing calls through: {{evidence}}"),
      rule("ineffective", Severity::critical, failing(0.3, 50), at_once, a_minute,
           "{{circuit}} does not protect its callers: {{evidence}}"),
      rule("burning_fast", Severity::critical, burning(14.4, hours{1}, minutes{5}), at_once, a_minute,
           "{{circuit}} {{evidence}}"),
      rule("burning", Severity::high, burning(6, hours{6}, minutes{30}), at_once, a_minute,
           "{{circuit}} {{evidence}}"),
  };
}

}  // namespace switchgear::alert
