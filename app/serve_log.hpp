// The log of `switchgear serve` about breakers and their operators.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>

#include "app/admin/admin_server.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// What the breakers do. Threads: any.
class BreakerLog final : public EventSink {
 public:
  explicit BreakerLog(spdlog::logger& log) : log_(log) {}
  void on_transition(const Transition& transition) override;

 private:
  spdlog::logger& log_;
};

/// Commands to the admin server, and refused ones, with their clients. A command that was done is always
/// logged. Any client can be refused, so of refusals at most `most` are logged in `window`; the rest is
/// counted and logged as a number with the next line. Threads: the admin server's.
class CommandLog {
 public:
  static constexpr std::uint64_t most = 100;
  static constexpr Duration window = std::chrono::seconds{10};

  explicit CommandLog(spdlog::logger& log) : log_(log) {}
  void write(const admin::CommandRecord& record, TimePoint now);

 private:
  spdlog::logger& log_;
  TimePoint window_began_{};
  std::uint64_t refusals_ = 0;  ///< in the window
};

}  // namespace switchgear
