// app/service_health: active checks of the gateway's services, on a thread of their own, and what is shown of
// them. Never here: what a check is and what its results mean (the library's health/ and http/health/), a
// request of a client.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/health/watch.hpp"
#include "switchgear/http/health/health_checker.hpp"
#include "switchgear/http/health/port_checks.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::service_health {

/// Whether a service has one instance only: then its checks are those of the service.
enum class Alone : std::uint8_t { yes, no };

/// One address of a service that is checked.
struct Target {
  std::string service;
  http::CheckTarget address;  ///< that calls go to
  health::CheckOptions options;
  Alone alone = Alone::yes;

  friend bool operator==(const Target&, const Target&) = default;
};

/// Those of every service with a `health_check`.
[[nodiscard]] std::vector<Target> targets_of(const config::Config& config);

struct TargetHealth {
  Target target;
  health::WatchSnapshot seen;
};

/// Told of every result, on the thread of the checks.
using ResultListener = std::function<void(const Target&, const health::Judged&)>;

/// Every result goes to the listener, and to the breaker of its service if that has one instance only; every
/// change of a status goes into the log.
///
/// Threads: any. What it borrows outlives it. The destructor waits for the lookup of a name that is under
/// way.
class ServiceChecks {
 public:
  /// `durations` say whether a service was called.
  ServiceChecks(BreakerRegistry& breakers, const CallDurations& durations, spdlog::logger& log,
                ResultListener listener = {});
  ServiceChecks(const ServiceChecks&) = delete;
  ServiceChecks& operator=(const ServiceChecks&) = delete;
  ~ServiceChecks();

  /// The checks of this configuration from here on. Those that it leaves as they are keep all they know.
  void apply(const config::Config& config);

  /// In the order of services and addresses.
  [[nodiscard]] std::vector<TargetHealth> all() const;

 private:
  using Checker = http::HealthChecker<>;
  struct Checked {
    std::shared_ptr<const Target> target;
    std::unique_ptr<Checker> checker;
  };
  using Key = std::tuple<std::string, std::string, std::uint16_t>;

  [[nodiscard]] Checked check(const Target& target);
  void on_result(const Target& target, const health::Judged& judged) const;
  [[nodiscard]] std::uint64_t calls_of(const std::string& service) const;

  BreakerRegistry& breakers_;
  const CallDurations& durations_;
  spdlog::logger& log_;
  const ResultListener listener_;
  std::random_device seed_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  mutable std::mutex mutex_;  ///< guards `checked_`
  std::map<Key, Checked> checked_;
  std::jthread thread_;
};

}  // namespace switchgear::service_health
