#include "switchgear/a2a/agent_health.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <random>
#include <utility>

#include "switchgear/a2a/error.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::a2a {

namespace {

using health::CheckEnd;
using health::CheckResult;

boost::asio::awaitable<CheckResult> look_at(std::shared_ptr<AgentCore> core) {
  CheckResult result;
  try {
    (void)co_await core->card().look();
  } catch (const Error& bad) {
    result = CheckResult(CheckEnd::unexpected, bad.what());
  } catch (const http::Error& unanswered) {
    const bool late = unanswered.code() == std::errc::timed_out;
    result = CheckResult(late ? CheckEnd::timeout : CheckEnd::unreachable, unanswered.what());
  }
  co_return result;
}

/// Also for the fleet.
[[nodiscard]] bool refuses(const CircuitBreaker& breaker) noexcept {
  const BreakerSnapshot seen = breaker.snapshot(std::chrono::steady_clock::now());
  const bool is_open = seen.state == State::open || seen.state == State::forced_open;
  return !seen.metrics_only && (is_open || seen.advised);
}

}  // namespace

std::string_view to_string(AgentStatus status) noexcept {
  constexpr std::array<std::string_view, agent_statuses.size()> names{"unknown", "healthy", "unhealthy",
                                                                      "circuit_open"};
  return names[static_cast<std::size_t>(status)];
}

health::WatchOptions agent_watch() {
  health::WatchOptions options;
  options.interval = std::chrono::seconds{30};
  options.timeout = std::chrono::seconds{10};
  options.rows = {3, 1};
  return options;
}

http::CheckFunction card_check(const Client& client) {
  return [core = client.core()] { return look_at(core); };
}

AgentHealthChecker::AgentHealthChecker(const Client& client, CircuitBreaker* breaker,
                                       const health::WatchOptions& options, Listener listener)
    : breaker_(breaker),
      rows_(options.rows),
      listener_(std::move(listener)),
      checker_(client.get_executor(), card_check(client), options,
               [this](const health::Judged& judged) {
                 if (breaker_ != nullptr)
                   breaker_->on_check(judged.result.good() ? CheckAnswer::good : CheckAnswer::bad, rows_,
                                      judged.at);
                 if (listener_ && judged.changed()) listener_(health());
               },
               {std::random_device{}(), {}}) {}

AgentHealth AgentHealthChecker::health() const { return health_of(checker_.snapshot()); }

AgentHealth AgentHealthChecker::health_of(const health::WatchSnapshot& seen) const {
  AgentHealth health;
  health.last_check = seen.last_at;
  health.consecutive_failures = seen.failures_in_a_row;
  health.why = seen.last.words;
  if (breaker_ != nullptr && refuses(*breaker_)) {
    health.status = AgentStatus::circuit_open;
  } else if (seen.status != health::Status::unknown) {
    health.status = seen.status == health::Status::healthy ? AgentStatus::healthy : AgentStatus::unhealthy;
  }
  return health;
}

}  // namespace switchgear::a2a
