// app/gateway: the reverse proxy's data path: HTTP/1.1 in, HTTP/1.1 out, a breaker between. One Worker per
// thread. Sockets and routes live here, and what is answered. Never here: reading files, signals, the admin's
// endpoints, decisions that belong to a policy of the library.
#pragma once

#include <spdlog/logger.h>

#include <array>
#include <atomic>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/gateway/instance_names.hpp"
#include "app/gateway/listening/listener.hpp"
#include "app/gateway/service/policy_set.hpp"
#include "app/gateway/service/route_policies.hpp"
#include "app/gateway/worker.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/observe/diagnosis/circuit_present.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::telemetry {
class MetricFamilies;
}

namespace switchgear::gateway {

/// By service.
using ServiceSplits = std::map<std::string, std::shared_ptr<experiment::Split>>;
using InstanceSets = std::map<std::string, std::shared_ptr<InstanceSet>>;

/// Serves from start() until drain(). What it borrows must outlive it.
///
///     Gateway gateway{config, registry, durations, *spdlog::default_logger()};
///     gateway.start();
///     …                                                      // gateway.apply(new_config), any time
///     gateway.drain(std::chrono::seconds{30});
///
/// Threads: each method from any, one at a time. Every policy of a service is in the registry under the
/// service's name, that of a route under both names, `service/policy`, tagged with the `policy` of the file;
/// what is due by itself in breakers is made by the registry's Ticker.
class Gateway final {
 public:
  /// Binds the listening sockets, those excepted that another process has `handed` over. `events` gets the
  /// ejections and returns of instances. Throws std::system_error, which names the address, when it cannot.
  Gateway(const config::Config& config, PolicyRegistry& registry, CallDurations& durations,
          spdlog::logger& log, const TracingOptions& tracing = {}, std::shared_ptr<EventQueue> events = {},
          HandedSockets handed = {});
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  /// Told when names lead elsewhere, after every thread calls the instances that there are now; on a thread
  /// of its own. Before start().
  void on_instances_changed(std::function<void()> listener) { instances_changed_ = std::move(listener); }

  void start();
  /// Where clients connect: `http://127.0.0.1:8080`, `unix:/run/switchgear.sock`.
  [[nodiscard]] std::vector<std::string> addresses() const;

  /// What apply() needs: the listeners of another configuration, with sockets for those that there are not
  /// yet. Throws std::system_error, which names the address that cannot be had; then nothing has changed.
  [[nodiscard]] OpenedListeners listeners_of(const config::Config& config) const;
  /// Other routes, services, policies, limits and listeners from the next request on. Unchanged services keep
  /// their connections, unchanged policies their breakers with all they know; connections of a listener that
  /// is gone go on. Returns when every thread has taken them over. The number of threads stays.
  AppliedOptions apply(const config::Config& config, OpenedListeners listeners,
                       const TracingOptions& tracing = {});

  /// The listening sockets, for another process that is to accept from them too, by the text of what was
  /// asked for.
  [[nodiscard]] HandedSockets share_sockets() const;
  /// Accepts no further client, and leaves the sockets and their files to the process that has them too.
  void leave_sockets();
  /// The sockets' files, handed over by a process, are this one's from now on.
  void own_files();

  /// Where requests that begin from now on are logged; null: nowhere. It has a ring for each of threads().
  /// Returns when every thread has taken it over; then the log before gets no more lines.
  void log_access(const std::shared_ptr<const AccessLog>& log);
  [[nodiscard]] std::size_t threads() const noexcept { return workers_.size(); }

  /// No new connections; requests that were accepted are finished, for at most `at_most`; then what is left
  /// is cut off. Returns when all threads have ended. True when nothing was cut off.
  bool drain(Duration at_most);
  /// From another thread while drain() waits: cut off now.
  void hurry() noexcept;

  /// What the health checks of an instance have come to; `at` is its `host:port`. A bad one gets no calls
  /// until a good one, unless too few are left.
  void on_health(const std::string& service, const std::string& at, instances::Ejection::Health health);

  /// Where the instances of this service are by now.
  [[nodiscard]] std::vector<KnownInstance> instances_of(const config::Service& service) const;

  /// Each service's part of `GET /status`, by name.
  [[nodiscard]] boost::json::object status() const;
  /// What stands around the breaker of each service, by name, for reports and diagnoses.
  [[nodiscard]] std::map<std::string, CircuitSurroundings> surroundings() const;
  /// Whether there is a service of that name.
  [[nodiscard]] bool serves(const std::string& service) const;
  /// Null: the service does not exist, or has no breakers by value.
  [[nodiscard]] std::shared_ptr<BreakersByValue> values(const std::string& service) const;
  /// Policies with a breaker that routes of the service have instead of its own, sorted.
  [[nodiscard]] std::vector<std::string> route_policies(const std::string& service) const;
  /// That guard calls of the service: its own, those of its routes' policies, and of its split's candidate.
  [[nodiscard]] std::vector<std::shared_ptr<CircuitBreaker>> guards_of(const std::string& service) const;
  /// Of the services whose requests are divided between two policies.
  [[nodiscard]] ServiceSplits splits() const;
  /// Divides the requests of a service anew, with nothing counted. False: it has no split.
  bool restart_split(const std::string& service);
  /// Failures of every service by type since the start, with or without a breaker, by name; those of a
  /// split's candidate apart, as `service/candidate`.
  [[nodiscard]] std::map<std::string, FailuresByType> failures() const;
  /// Adds `switchgear_gateway_*`, and `switchgear_*` of the services' policies: one sample for each service
  /// that has the policy. A policy that a reload replaced counts from 0 again.
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  [[nodiscard]] Plan plan_of(const config::Config& config, const TracingOptions& tracing);
  void put_instances(ServicePlan& part) const;
  /// Gives every thread what the names of instances lead to by now.
  void follow_names();
  [[nodiscard]] WorkerCounts counts() const;
  [[nodiscard]] PolicySets policy_sets() const;
  [[nodiscard]] std::shared_ptr<experiment::Split> split_of(const config::Service& service,
                                                            const config::Config& config) const;
  [[nodiscard]] InstanceSets instance_sets() const;
  /// Of the same plan.
  [[nodiscard]] std::pair<PolicySets, InstanceSets> shared_parts() const;
  [[nodiscard]] std::shared_ptr<InstanceSet> instance_set_of(const config::Service& service,
                                                             const InstanceSets& known);
  void use(OpenedListeners listeners);
  [[nodiscard]] OpenFilesShare connections_of(const config::Config& config);
  void on_each(const std::function<void(Worker&, std::size_t)>& todo);
  void leave_queues(const PolicySets& removed);
  [[nodiscard]] std::vector<LeftQueue> left_queues() const;
  void warn_of_lost_calls(const std::string& policies, const std::shared_ptr<CallQueue>& queue) const;
  class Drain;

  PolicyRegistry& registry_;
  CallDurations& durations_;
  spdlog::logger& log_;
  const InstanceNews news_;
  std::random_device seed_;
  const std::string pseudonym_;
  OpenFilesShare connections_;  ///< as of the latest plan
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::jthread> threads_;
  mutable std::mutex applying_;
  Plan plan_;            ///< the latest; guarded by applying_
  Listeners listeners_;  ///< likewise
  std::function<void()> instances_changed_;
  InstanceNames names_;  ///< destroyed before what it changes
  mutable std::mutex policies_mutex_;
  PolicySets policies_;             ///< of the latest apply()
  InstanceSets instances_;          ///< likewise
  ServiceSplits splits_;            ///< likewise
  std::vector<LeftQueue> left_;     ///< likewise
  std::shared_ptr<Drain> drain_;    ///< never empty
  std::atomic<bool> ended_{false};  ///< no worker answers any more
  mutable std::mutex counts_mutex_;
  mutable std::vector<WorkerCounts> last_counts_;  ///< of each worker, when it last answered
};

}  // namespace switchgear::gateway
