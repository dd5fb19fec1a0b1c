#include "switchgear/http/client/response_classifier.hpp"

namespace switchgear::http {

namespace {

[[nodiscard]] Outcome pointless(Outcome outcome, Duration latency) noexcept {
  outcome.latency = latency;
  outcome.repeat = Repeat::pointless;
  return outcome;
}

}  // namespace

Outcome outcome_of_error(const FailureClassifier& rules, const std::error_code& code,
                         Duration latency) noexcept {
  if (code.category() == http_category()) {
    switch (static_cast<Errc>(code.value())) {
      case Errc::bad_url:
      case Errc::kept_closed:
      case Errc::pool_full:
      case Errc::not_json:
        return pointless(Outcome::ignored(), latency);
      case Errc::head_too_large:
      case Errc::body_too_large:
      case Errc::bad_redirect:
      case Errc::too_many_redirects:
        return pointless(Outcome::failure(FailureType::http_error, latency), latency);
      case Errc::tls:
        return pointless(rules.of_connection_error(latency), latency);
      case Errc::unresolved:
      case Errc::closed:
      case Errc::truncated:
      case Errc::malformed:
      case Errc::bad_coding:
        break;
    }
    return rules.of_connection_error(latency);
  }
  if (code == std::errc::timed_out) return rules.of_timeout(latency);
  const bool ours = code == std::errc::too_many_files_open || code == std::errc::operation_canceled ||
                    code == std::errc::too_many_files_open_in_system || code == std::errc::no_buffer_space ||
                    code == std::errc::not_enough_memory;
  return ours ? pointless(Outcome::ignored(), latency) : rules.of_connection_error(latency);
}

}  // namespace switchgear::http
