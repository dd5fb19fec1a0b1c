#include "app/serve/admin_log.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace switchgear::serve {

namespace {

// A client may send a circuit name of any length.
constexpr std::size_t most_of_name = 100;

/// `reset of "payment"`, `reload`; what could break the line is escaped.
[[nodiscard]] std::string what_of(const LoggedCommand& record) {
  if (record.circuit.empty()) return record.command;
  return fmt::format("{} of {:?}", record.command, record.circuit.substr(0, most_of_name));
}

[[nodiscard]] std::string_view why_not(CommandResult result) noexcept {
  switch (result) {
    case CommandResult::done:
      break;
    case CommandResult::not_found:
      return "it does not exist";
    case CommandResult::unauthorized:
      return "no token, or a wrong one";
    case CommandResult::forbidden:
      return "sent by a page of a foreign origin, or to a foreign host";
    case CommandResult::invalid:
      return "the request or the configuration is not valid";
  }
  return {};
}

[[nodiscard]] std::string_view why_not(LoggedRefusal::Why why) noexcept {
  switch (why) {
    case LoggedRefusal::Why::no_token:
      return "no token";
    case LoggedRefusal::Why::wrong_token:
      return "a wrong token";
    case LoggedRefusal::Why::foreign:
      return "sent to a foreign host";
  }
  return {};
}

}  // namespace

void AdminLog::command(const LoggedCommand& record, TimePoint now) {
  begin_window(now);
  if (record.result == CommandResult::done) {
    log_.info("admin: {} by {}: done", what_of(record), record.client);
  } else if (++refusals_ <= most) {
    log_.warn("admin: {} by {}: refused: {}", what_of(record), record.client, why_not(record.result));
  }
}

void AdminLog::refusal(const LoggedRefusal& record, TimePoint now) {
  begin_window(now);
  if (++refusals_ > most) return;
  const bool silent = record.why == LoggedRefusal::Why::no_token;
  log_.log(silent ? spdlog::level::info : spdlog::level::warn, "admin: {:?} by {}: refused: {}",
           record.request.substr(0, most_of_name), record.client, why_not(record.why));
}

void AdminLog::slow_client(std::string_view client, TimePoint now) {
  begin_window(now);
  if (++slow_ <= most) log_.warn("admin: event stream of {} disconnected: it reads too slowly", client);
}

void AdminLog::handshake(std::string_view client, std::string_view why, TimePoint now) {
  begin_window(now);
  if (++failed_ <= most) log_.info("admin: TLS with {}: {}", client, why);
}

void AdminLog::look_at_clock(TimePoint now) { begin_window(now); }

void AdminLog::begin_window(TimePoint now) {
  if (now - window_began_ < window) return;
  report_rest();
  window_began_ = now;
}

void AdminLog::report_rest() {
  if (refusals_ > most)
    log_.warn("admin: {} more requests were refused, and not logged each", refusals_ - most);
  if (slow_ > most)
    log_.warn("admin: {} more event streams were disconnected, and not logged each", slow_ - most);
  if (failed_ > most)
    log_.info("admin: {} more TLS handshakes failed, and were not logged each", failed_ - most);
  refusals_ = 0;
  slow_ = 0;
  failed_ = 0;
}

}  // namespace switchgear::serve
