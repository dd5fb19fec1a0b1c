#include "switchgear/pipeline/classifier.hpp"

#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {

Outcome outcome_of(const std::error_code& code, Duration latency) noexcept {
  if (!code) return Outcome::success(latency);
  const bool refused_inside =
      code.category() == rejection_category() && code != make_error_code(Reason::timed_out);
  if (refused_inside || code == std::errc::operation_canceled) {
    Outcome outcome = Outcome::ignored();
    outcome.latency = latency;
    return outcome;
  }
  if (code == std::errc::timed_out) return Outcome::failure(FailureType::timeout, latency);
  for (const std::errc connection :
       {std::errc::connection_refused, std::errc::connection_reset, std::errc::connection_aborted,
        std::errc::not_connected, std::errc::broken_pipe, std::errc::host_unreachable,
        std::errc::network_unreachable, std::errc::network_down, std::errc::network_reset}) {
    if (code == connection) return Outcome::failure(FailureType::connection_error, latency);
  }
  return Outcome::failure(FailureType::exception, latency);
}

std::optional<Reason> detail::refusal_inside(const std::exception_ptr& thrown,
                                             const std::error_code& reported) noexcept {
#if defined(__cpp_exceptions)
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Rejected& refused) {
      return refused.reason();
    } catch (const FallbackError& both) {
      const std::optional<Rejection>& refused = both.failure().primary.rejection;
      return refused ? std::optional(refused->reason) : std::nullopt;
    } catch (...) {
      return std::nullopt;
    }
  }
#else
  static_cast<void>(thrown);
#endif
  if (reported.category() != rejection_category()) return std::nullopt;
  for (const Reason reason : rejection_reasons) {
    if (reported == make_error_code(reason)) return reason;
  }
  return std::nullopt;
}

#if defined(__cpp_exceptions)
Outcome detail::outcome_of_current_exception(Duration latency) noexcept {
  try {
    throw;
  } catch (const std::system_error& thrown) {
    const Outcome outcome = outcome_of(thrown.code(), latency);
    // Thrown without an error in it: still thrown.
    return outcome.verdict == Verdict::success ? Outcome::failure(FailureType::exception, latency) : outcome;
  } catch (const FallbackError& thrown) {
    // The cause before a fallback further inside failed too: a refusal stays one.
    const Cause& call = thrown.failure().primary;
    if (call.rejection) return outcome_of(make_error_code(call.rejection->reason), latency);
    return Outcome::failure(call.type, latency);
  } catch (...) {
    return Outcome::failure(FailureType::exception, latency);
  }
}
#endif

}  // namespace switchgear
