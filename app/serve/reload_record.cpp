#include "app/serve/reload_record.hpp"

#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::serve {

void ReloadRecord::add(bool good, WallTime at, Duration took) {
  const std::lock_guard lock{mutex_};
  if (good) last_success_ = at;
  last_good_ = good;
  last_duration_ = took;
  ++(good ? successes_ : failures_);
}

boost::json::object ReloadRecord::json() const {
  const std::lock_guard lock{mutex_};
  boost::json::object made{{"last_success", admin::iso8601(last_success_)},
                           {"last_result", nullptr},
                           {"last_duration", nullptr},
                           {"successes", successes_},
                           {"failures", failures_}};
  if (successes_ + failures_ == 0) return made;
  made["last_result"] = last_good_ ? "success" : "failure";
  made["last_duration"] = to_seconds(last_duration_);
  return made;
}

void ReloadRecord::add_metrics(telemetry::MetricFamilies& to) const {
  const std::lock_guard lock{mutex_};
  to.gauge(
      "switchgear_config_last_reload_successful",
      "Whether the configuration was valid when it was read last: 1, or 0 and the one before is in force.",
      {}, last_good_ ? 1 : 0);
  to.gauge("switchgear_config_last_reload_success_timestamp_seconds",
           "When the configuration that is in force was read; the start of the process, or a reload.", {},
           std::chrono::duration<double>(last_success_.time_since_epoch()).count());
  to.gauge("switchgear_config_last_reload_duration_seconds",
           "How long the last reload took, good or not; 0 before the first.", {}, to_seconds(last_duration_));
  to.counter("switchgear_config_reloads_total", "Reloads of the configuration, by result.",
             {{"result", "success"}}, successes_);
  to.counter("switchgear_config_reloads_total", "Reloads of the configuration, by result.",
             {{"result", "failure"}}, failures_);
}

}  // namespace switchgear::serve
