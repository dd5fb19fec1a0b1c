#include "switchgear/a2a/failure_rules.hpp"

#include <algorithm>

#include "switchgear/http/error.hpp"

namespace switchgear::a2a {

namespace {

[[nodiscard]] bool is_agents_fault(Errc error, unsigned status) noexcept {
  switch (error) {
    case Errc::invalid_agent_response:
    case Errc::internal_error:
    case Errc::malformed:
    case Errc::event_too_large:
    case Errc::bad_card:
    case Errc::stream_broken:
    case Errc::stream_idle:
      return true;
    case Errc::other_error:
    case Errc::http_status:
      return status >= 500 || status == 429;
    default:
      return false;
  }
}

/// Codes from -32099 to -32000 are the server's (JSON-RPC 2.0, 5.1), also those that the protocol does not
/// name.
[[nodiscard]] bool is_server_error(std::int64_t code) noexcept { return code >= -32099 && code <= -32000; }

/// It was refused, and not acted on.
[[nodiscard]] bool is_refusal(const AgentReport& report) noexcept {
  return (report.http_status == 429 || report.http_status == 503) && report.retry_after.has_value();
}

[[nodiscard]] Outcome pointless(Outcome outcome) noexcept {
  outcome.repeat = Repeat::pointless;
  return outcome;
}

}  // namespace

Outcome FailureClassifier::of_result(std::optional<TaskState> state, Duration latency) const noexcept {
  if (!state || std::ranges::find(rules_.task_states, *state) == rules_.task_states.end())
    return Outcome::success(latency);
  // The task is over; to ask again would begin another.
  return pointless(Outcome::failure(FailureType::http_error, latency));
}

Outcome FailureClassifier::of_error(Errc error, const AgentReport& report, Again again,
                                    Duration latency) const noexcept {
  const bool failed = is_agents_fault(error, report.http_status) ||
                      (error == Errc::other_error && is_server_error(report.rpc_code));
  if (!failed) return pointless(Outcome::ignored(latency));
  Outcome outcome = Outcome::failure(FailureType::http_error, latency);
  if (error == Errc::stream_broken) outcome.type = FailureType::connection_error;
  if (error == Errc::stream_idle) outcome.type = FailureType::timeout;
  outcome.retry_after = report.retry_after;
  const bool lasting = report.http_status == 501 || report.http_status == 505 || report.http_status == 508;
  const bool may_repeat = is_refusal(report) || error == Errc::bad_card || again == Again::harmless;
  outcome.repeat = may_repeat && !lasting ? Repeat::worthwhile : Repeat::pointless;
  return outcome;
}

Outcome FailureClassifier::of_code(const std::error_code& code, Again again,
                                   Duration latency) const noexcept {
  const bool harmless = again == Again::harmless || !may_have_been_sent(code);
  const bool ours = code == std::errc::too_many_files_open || code == std::errc::operation_canceled ||
                    code == std::errc::too_many_files_open_in_system || code == std::errc::not_enough_memory;
  if (ours) return pointless(Outcome::ignored(latency));
  if (code == http::Errc::bad_url || code == http::Errc::pool_full || code == http::Errc::kept_closed ||
      code == http::Errc::bad_redirect || code == http::Errc::too_many_redirects) {
    return pointless(Outcome::ignored(latency));
  }
  const bool late = code == std::errc::timed_out;
  if (!(late ? rules_.timeout : rules_.connection_error)) return pointless(Outcome::ignored(latency));
  Outcome outcome = Outcome::failure(late ? FailureType::timeout : FailureType::connection_error, latency);
  outcome.repeat = harmless ? Repeat::worthwhile : Repeat::pointless;
  return outcome;
}

bool may_have_been_sent(const std::error_code& code) noexcept {
  if (code.category() != http::http_category()) return false;  // the system's: while connecting
  switch (static_cast<http::Errc>(code.value())) {
    case http::Errc::bad_url:
    case http::Errc::unresolved:
    case http::Errc::pool_full:
    case http::Errc::tls:
      return false;
    default:
      return true;
  }
}

}  // namespace switchgear::a2a
