// The access log of a running gateway: replaced by a reload, opened anew on a signal, reported on.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "app/gateway/access/access_log.hpp"
#include "app/gateway/gateway.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::serve {

/// Borrows `gateway` and `log`. Threads: any.
class ServedAccessLog {
 public:
  /// Time without a dropped line before the log says that all lines are written again.
  static constexpr Duration calm = std::chrono::seconds{5};

  ServedAccessLog(gateway::Gateway& gateway, spdlog::logger& log) : gateway_(gateway), log_(log) {}
  ServedAccessLog(const ServedAccessLog&) = delete;
  ServedAccessLog& operator=(const ServedAccessLog&) = delete;

  /// The log of these options, which may be the one in use; null if they say off. Throws std::system_error,
  /// which names the file, if that cannot be opened.
  [[nodiscard]] std::shared_ptr<gateway::AccessLog> prepare(const gateway::AccessOptions& options) const;
  /// Requests that begin from now on are logged there. The log before writes what it has got, for a few
  /// seconds at most; that is not waited for.
  void use(const std::shared_ptr<gateway::AccessLog>& next);

  /// For a file that was moved away.
  void reopen() const;
  /// To be called every second or so: ends logs that have been replaced; says when lines are dropped, and
  /// when that is over.
  void look_at_clock(TimePoint now);
  /// Writes what there is. The gateway has drained.
  void close();

  /// Lines go to standard output.
  [[nodiscard]] bool on_standard_output() const;

  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  struct Replaced {
    std::shared_ptr<gateway::AccessLog> log;
    TimePoint until;  ///< when its disk is not waited for any longer
  };

  void end_replaced(TimePoint now);                    ///< under the mutex
  [[nodiscard]] gateway::AccessCounts counts() const;  ///< of all logs; under the mutex
  void report_reopening(const gateway::AccessCounts& now);

  gateway::Gateway& gateway_;
  spdlog::logger& log_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::shared_ptr<gateway::AccessLog> current_;
  std::vector<Replaced> replaced_;  ///< still write
  gateway::AccessCounts before_;    ///< of logs that have ended
  std::uint64_t lost_seen_ = 0;
  std::uint64_t lost_before_trouble_ = 0;
  bool in_trouble_ = false;  ///< which has been said
  int reopen_error_ = 0;     ///< which has been said
  TimePoint last_loss_{};
};

}  // namespace switchgear::serve
