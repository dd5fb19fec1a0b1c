#include "app/gateway/service/incident_log.hpp"

#include <exception>

namespace switchgear::gateway {

void IncidentLog::note(std::string_view incident, spdlog::level::level_enum level) noexcept {
  if (const auto known = repetitions_.find(incident); known != repetitions_.end()) {
    ++known->second.times;
    return;
  }
  log_.log(level, "{}", incident);  // spdlog throws nothing from here
  try {
    repetitions_.emplace(incident, Repeated{level});
    if (!armed()) loop_.arm(*this, http::EventLoop::now() + interval);
  } catch (const std::exception&) {  // no memory: the next one is logged as if it were the first
    return;
  }
}

void IncidentLog::report_repetitions() noexcept {
  for (auto each = repetitions_.begin(); each != repetitions_.end();) {
    if (each->second.times == 0) {
      each = repetitions_.erase(each);
      continue;
    }
    log_.log(each->second.level, "{} (and {} more)", each->first, each->second.times);
    each->second.times = 0;
    ++each;
  }
}

void IncidentLog::on_timer(TimePoint now) {
  report_repetitions();
  if (!repetitions_.empty()) loop_.arm(*this, now + interval);
}

}  // namespace switchgear::gateway
