#include "app/serve/breaker_log.hpp"

#include <fmt/format.h>

#include <string>

namespace switchgear::serve {

void BreakerLog::on_transition(const Transition& t) {
  const auto level =
      t.to == State::open || t.to == State::forced_open ? spdlog::level::warn : spdlog::level::info;
  const std::string evidence = t.rule == Rule::operator_command
                                   ? std::string{}
                                   : fmt::format(" ({:.6g}, threshold {:.6g})", t.value, t.threshold);
  log_.log(level, "breaker '{}': {} -> {} by {}{}", t.breaker, to_string(t.from), to_string(t.to),
           to_string(t.rule), evidence);
}

}  // namespace switchgear::serve
