#include "app/serve/event_log.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "switchgear/observe/evidence_text.hpp"

namespace switchgear::serve {

EventLog::EventLog(boost::asio::io_context& loop, std::shared_ptr<EventQueue> events, spdlog::logger& log)
    : log_(log),
      events_(std::move(events), [this, &loop] { boost::asio::post(loop, [this] { write(); }); }) {}

void EventLog::write() {
  const TimePoint now = std::chrono::steady_clock::now();
  for (auto batch = events_.read(); !batch.empty(); batch = events_.read()) {
    if (batch.lost > 0) log_.warn("{} events came too fast, and are not in this log", batch.lost);
    for (const auto& event : batch.events) {
      if (const auto* transition = std::get_if<LoggedTransition>(event.get())) write(*transition);
      if (const auto* instance = std::get_if<LoggedInstance>(event.get())) write(*instance);
      if (const auto* adapted = std::get_if<LoggedAdapted>(event.get())) write(*adapted);
      if (const auto* ramp = std::get_if<LoggedRamp>(event.get())) write(*ramp);
      if (const auto* level = std::get_if<LoggedLevel>(event.get())) write(*level);
      if (const auto* experiment = std::get_if<LoggedExperiment>(event.get())) write(*experiment);
      if (const auto* command = std::get_if<LoggedCommand>(event.get())) admin_log_.command(*command, now);
      if (const auto* slow = std::get_if<LoggedSlowClient>(event.get())) {
        admin_log_.slow_client(slow->client, now);
      }
      if (const auto* handshake = std::get_if<LoggedHandshake>(event.get())) {
        admin_log_.handshake(handshake->client, handshake->why, now);
      }
      if (const auto* refusal = std::get_if<LoggedRefusal>(event.get())) admin_log_.refusal(*refusal, now);
    }
  }
}

void EventLog::look_at_clock() { admin_log_.look_at_clock(std::chrono::steady_clock::now()); }

void EventLog::write(const LoggedTransition& t) {
  const auto level =
      t.to == State::open || t.to == State::forced_open ? spdlog::level::warn : spdlog::level::info;
  const std::string evidence = t.rule == Rule::operator_command
                                   ? std::string{}
                                   : fmt::format(" ({:.6g}, threshold {:.6g})", t.value, t.threshold);
  log_.log(level, "breaker '{}': {} -> {} by {}{}", t.breaker, to_string(t.from), to_string(t.to),
           to_string(t.rule), evidence);
}

void EventLog::write(const LoggedInstance& instance) {
  const bool warns = instance.weight == LoggedInstance::Weight::warning;
  log_.log(warns ? spdlog::level::warn : spdlog::level::info, "service '{}': {}", instance.service,
           instance.text);
}

void EventLog::write(const LoggedAdapted& adapted) {
  log_.info("breaker '{}': {}", adapted.breaker, adapted_text(adapted));
}

void EventLog::write(const LoggedRamp& ramp) { log_.info("breaker '{}': {}", ramp.breaker, ramp_text(ramp)); }

void EventLog::write(const LoggedLevel& level) {
  const bool up = level.change.cause == LevelCause::escalated;
  log_.log(up ? spdlog::level::warn : spdlog::level::info, "breaker '{}': {}", level.breaker,
           level_text(level.change));
}

void EventLog::write(const LoggedExperiment& experiment) {
  const bool warns = experiment.weight == LoggedExperiment::Weight::warning;
  log_.log(warns ? spdlog::level::warn : spdlog::level::info, "service '{}': {}", experiment.service,
           experiment.text);
}

}  // namespace switchgear::serve
