// The log of `switchgear serve` about breakers and their operators: a reader of the event queue.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "app/serve/admin_log.hpp"
#include "switchgear/observe/event_queue.hpp"

namespace switchgear::serve {

/// Logs what goes through the queue, on the thread of `loop`: openings as warnings, instances, commands,
/// refusals, clients that read too slowly. A call that causes an event does not wait for the log. Threads:
/// that of `loop`, and any while it does not run.
class EventLog {
 public:
  EventLog(boost::asio::io_context& loop, std::shared_ptr<EventQueue> events, spdlog::logger& log);

  /// Logs all that has come. Called by itself soon after an event; at the end of a program the owner calls it
  /// for what came last.
  void write();
  /// To be called every second or so, since no event may come to end a window of AdminLog.
  void look_at_clock();

 private:
  void write(const LoggedTransition& transition);
  void write(const LoggedInstance& instance);
  void write(const LoggedAdapted& adapted);
  void write(const LoggedRamp& ramp);
  void write(const LoggedLevel& level);
  void write(const LoggedExperiment& experiment);

  spdlog::logger& log_;
  AdminLog admin_log_{log_};
  EventQueue::Reader events_;  // last: it wakes as soon as it is there
};

}  // namespace switchgear::serve
