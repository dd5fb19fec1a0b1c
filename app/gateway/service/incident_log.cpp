#include "app/gateway/service/incident_log.hpp"

#include <exception>

namespace switchgear::gateway {

void IncidentLog::note(std::string_view incident) noexcept {
  if (const auto known = repetitions_.find(incident); known != repetitions_.end()) {
    ++known->second;
    return;
  }
  log_.warn("{}", incident);  // spdlog throws nothing from here
  try {
    repetitions_.emplace(incident, 0);
    if (!armed()) loop_.arm(*this, http::EventLoop::now() + interval);
  } catch (const std::exception&) {  // no memory: the next one is logged as if it were the first
    return;
  }
}

void IncidentLog::report_repetitions() noexcept {
  for (auto each = repetitions_.begin(); each != repetitions_.end();) {
    if (each->second == 0) {
      each = repetitions_.erase(each);
      continue;
    }
    log_.warn("{} (and {} more)", each->first, each->second);
    each->second = 0;
    ++each;
  }
}

void IncidentLog::on_timer(TimePoint now) {
  report_repetitions();
  if (!repetitions_.empty()) loop_.arm(*this, now + interval);
}

}  // namespace switchgear::gateway
