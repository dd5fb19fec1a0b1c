// The log of `switchgear serve` about breakers.
#pragma once

#include <spdlog/logger.h>

#include "switchgear/core/event.hpp"

namespace switchgear::serve {

/// Logs every transition, openings as warnings. Threads: any.
class BreakerLog final : public EventSink {
 public:
  explicit BreakerLog(spdlog::logger& log) : log_(log) {}
  void on_transition(const Transition& transition) override;

 private:
  spdlog::logger& log_;
};

}  // namespace switchgear::serve
