// app/service_health: active checks of the gateway's services, on a thread of their own, and what is shown of
// them. Never here: what a check is and what its results mean (the library's health/ and http/health/), a
// request of a client.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
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
  /// Of an agent that is asked for its card: where that may lead. Empty: the answer need not be a card.
  std::vector<std::string> agents_origins{};
  std::string agents_prefix{};  ///< of its paths

  friend bool operator==(const Target&, const Target&) = default;
};

/// An instance of a service, and where the file says that it is: the same, or a name that leads there.
struct Place {
  config::Upstream upstream;
  config::Endpoint written;
};
/// Where the instances of a service are by now.
using Places = std::function<std::vector<Place>(const config::Service&)>;

struct TargetHealth {
  Target target;
  health::WatchSnapshot seen;
};

/// Told on the thread of the checks.
struct CheckListeners {
  /// Every result.
  std::function<void(const Target&, Alone, const health::Judged&)> on_result{};
  /// What an address is by its checks, where that counts otherwise without a result: it is the only one of
  /// its service now, or is not any more; or it is not checked any more, and `unknown`.
  std::function<void(const Target&, Alone, health::Status)> on_change{};
};

/// Checks every address of every service with a `health_check`. Every result goes to the listener, and to the
/// breaker of its service if that has one instance only; every change of a status goes into the log. A
/// request to an address that a name leads to has the name in its Host, as one to the name would have.
///
/// Threads: any. What it borrows outlives it. The destructor waits for the lookup of a name that is under
/// way.
class ServiceChecks {
 public:
  /// `durations` say whether a service was called.
  ServiceChecks(BreakerRegistry& breakers, const CallDurations& durations, spdlog::logger& log, Places places,
                CheckListeners listeners = {});
  ServiceChecks(const ServiceChecks&) = delete;
  ServiceChecks& operator=(const ServiceChecks&) = delete;
  ~ServiceChecks();

  /// The checks of this configuration from here on. Those that it leaves as they are keep all they know.
  void apply(const config::Config& config);
  /// The instances are elsewhere by now.
  void follow();

  /// In the order of services and addresses.
  [[nodiscard]] std::vector<TargetHealth> all() const;

 private:
  using Checker = http::HealthChecker<>;
  struct Watched {
    Target target;
    std::atomic<Alone> alone;
  };
  struct Checked {
    std::shared_ptr<Watched> watched;
    std::unique_ptr<Checker> checker;
  };
  using Key = std::tuple<std::string, std::string, std::uint16_t>;
  using All = std::map<Key, Checked>;

  void begin_all_locked();
  void begin_locked(const config::Service& service, const Place& place, Alone alone, All& before);
  [[nodiscard]] Checked check(const Target& target, Alone alone);
  void tell_change(const Target& target, Alone alone, health::Status status);
  void on_result(const Watched& watched, const health::Judged& judged) const;
  [[nodiscard]] std::uint64_t calls_of(const std::string& service) const;

  BreakerRegistry& breakers_;
  const CallDurations& durations_;
  spdlog::logger& log_;
  const Places places_;
  const CheckListeners listeners_;
  std::random_device seed_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  mutable std::mutex mutex_;               ///< guards what follows
  std::vector<config::Service> services_;  ///< that are checked
  All checked_;
  std::jthread thread_;
};

}  // namespace switchgear::service_health
