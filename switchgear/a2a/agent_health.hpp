// Whether an agent is there: its card, asked for again and again.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/a2a/client.hpp"
#include "switchgear/health/check_options.hpp"
#include "switchgear/health/watch.hpp"
#include "switchgear/http/health/check_function.hpp"
#include "switchgear/http/health/health_checker.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/health_rows.hpp"

namespace switchgear::a2a {

enum class AgentStatus : std::uint8_t {
  unknown,  ///< no check has come back yet
  healthy,
  unhealthy,     ///< as many checks in a row were bad as the threshold says
  circuit_open,  ///< calls are refused, whatever checks say: the breaker is open, forced open, or told so by
                 ///< its fleet
};
inline constexpr std::array agent_statuses{AgentStatus::unknown, AgentStatus::healthy, AgentStatus::unhealthy,
                                           AgentStatus::circuit_open};
[[nodiscard]] std::string_view to_string(AgentStatus status) noexcept;

/// The usual figures: a check every 30 s, 10 s for each, unhealthy after 3 bad ones, healthy after a good
/// one.
[[nodiscard]] health::WatchOptions agent_watch();

/// One look at an agent: its card, with the conditions of the one that is kept, so that an agent whose card
/// has not changed answers with 304. Good: a card that can be used came, or is still true. It says that the
/// agent is there, not that it does good work; no message is sent. Shares the client's memory of the card,
/// and keeps it fresh.
[[nodiscard]] http::CheckFunction card_check(const Client& client);

/// What is known of one agent.
struct AgentHealth {
  AgentStatus status = AgentStatus::unknown;
  std::optional<TimePoint> last_check{};  ///< when its result came
  std::uint32_t consecutive_failures = 0;
  std::string why{};  ///< why the last check was bad; empty: it was good
};

/// Checks an agent until it is stopped.
///
///     AgentHealthChecker checker{planner, &breaker};
///     checker.start();
///     if (checker.health().status != AgentStatus::healthy) …
///
/// With a breaker, the results are told to it (CircuitBreaker::on_check): the threshold of bad ones opens it
/// before calls fail, and good ones end an opening early.
///
/// Executor, threads, lifetime: as http::HealthChecker. The breaker outlives the checker; the client need
/// not.
class AgentHealthChecker {
 public:
  /// Called with each change of status that a check makes, on the executor.
  using Listener = std::function<void(const AgentHealth&)>;

  /// `breaker` may be null. Throws std::invalid_argument for options that are not valid.
  explicit AgentHealthChecker(const Client& client, CircuitBreaker* breaker = nullptr,
                              const health::WatchOptions& options = agent_watch(), Listener listener = {});

  void start() { checker_.start(); }
  void stop() { checker_.stop(); }
  /// Threads: any.
  [[nodiscard]] AgentHealth health() const;

 private:
  [[nodiscard]] AgentHealth health_of(const health::WatchSnapshot& seen) const;

  CircuitBreaker* breaker_;
  HealthRows rows_;
  Listener listener_;
  http::HealthChecker<> checker_;
};

}  // namespace switchgear::a2a
