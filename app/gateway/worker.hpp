// One thread of the gateway: its loop, its listening sockets, its connections, its view of the routes.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/gateway/connection/client_connection.hpp"
#include "app/gateway/door.hpp"
#include "app/gateway/instance_ticker.hpp"
#include "app/gateway/listening/listener.hpp"
#include "app/gateway/open_files.hpp"
#include "app/gateway/queue_replay.hpp"
#include "app/gateway/service/left_queues.hpp"
#include "app/gateway/service/route_policies.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "app/gateway/value_ticker.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/router.hpp"
#include "switchgear/observe/kept_by_name.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::gateway {

/// A service's part in a new set of routes; its policies are shared by all threads.
struct ServicePlan {
  config::Service service;
  config::Policy policy;
  std::shared_ptr<const PolicySet> policies;
  CallDurations* durations = nullptr;  ///< never null
  std::shared_ptr<InstanceSet> instance_set;
  std::vector<config::Upstream> upstreams;  ///< of the service, with addresses for names that are known
  InstanceSet::Shared instances;            ///< in the order of these
  std::vector<std::shared_ptr<SpokenHttp>> spoken;  ///< likewise
  std::vector<RoutePlan> routes;
  std::shared_ptr<experiment::Split> split;             ///< null: it has none
  std::vector<std::shared_ptr<CallQueue>> left_queues;  ///< of policies that it has no more
};
struct Plan {
  std::string pseudonym;  ///< of the whole gateway, for Via
  TracingOptions tracing;
  config::GatewayLimits limits;
  OpenFilesShare connections;  ///< of each thread, at most
  std::optional<tls::ServerContext> tls;
  config::TrustOptions trust;
  std::vector<config::Listener> listen;
  std::vector<ServicePlan> services;
  std::shared_ptr<const config::Router> router;  ///< of these services, in this order
};

/// One worker of all also does what is to be done once: it makes stored calls again, and takes back instances
/// whose ejection is over.
enum class Lead : std::uint8_t { yes, no };

/// What a worker counts, copied out for metrics.
struct WorkerCounts {
  struct OfService {
    std::string name;
    ServiceCounts counts;
    http::PoolCounts pool;
  };
  /// Of a split: its part of its service's failures.
  struct OfCandidate {
    std::string service;
    std::string policy;
    FailuresByType failures{};
  };
  std::vector<OfService> services;
  std::vector<OfCandidate> candidates;
  std::array<std::uint64_t, 6> unrouted{};  ///< answers to requests that reached no service
  std::uint64_t accepted = 0;
  std::uint64_t connections = 0;
  std::uint64_t accept_failures = 0;
  std::uint64_t idle_closed = 0;  ///< connections, to make room for others
  tls::HandshakeCounts handshakes;
  ProxyCounts proxies;

  void add(const WorkerCounts& other);
};

/// Threads: made and destroyed by one, run() by another; between these, everything but loop().context() by
/// the one that runs.
class Worker final : private ClientConnection::Owner, private QueueReplay::Owner {
 public:
  /// `log` is borrowed. `seed`: of what is left to chance.
  Worker(const Plan& plan, Lead lead, spdlog::logger& log, std::uint64_t seed);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();

  /// Unchanged services keep their pools; requests under way finish as they began.
  void apply(const Plan& plan);
  /// Accepts clients from `sockets` too, which are a part of the listener's.
  void open(const std::shared_ptr<const Listener>& listener, std::vector<http::Descriptor> sockets);
  /// Clients that are connected already, from their own point of view, are accepted still.
  void close(const Listener& listener);
  /// Accepts no further client: another process does.
  void close_all();
  /// Requests that begin from now on are logged there, by the ring of `thread`. Null: nowhere.
  void log_access(std::shared_ptr<const AccessLog> log, std::size_t thread) {
    state_.access.use(std::move(log), thread);
  }
  /// No further connections; those there are end with their current request, idle ones after a moment. `done`
  /// once none is left.
  void drain(std::function<void()> done);
  /// Ends every connection now.
  void stop();
  /// Of the services that there are, and for a while of those that were removed.
  [[nodiscard]] WorkerCounts counts();

  [[nodiscard]] http::EventLoop& loop() noexcept { return state_.loop; }

 private:
  using Connections = boost::intrusive::list<ClientConnection, boost::intrusive::base_hook<ConnectionHook>,
                                             boost::intrusive::constant_time_size<false>>;
  using IdleConnections = boost::intrusive::list<ClientConnection, boost::intrusive::base_hook<IdleHook>,
                                                 boost::intrusive::constant_time_size<false>>;

  class Pause final : public http::Timer {
   public:
    explicit Pause(Worker& worker) : worker_(worker) {}

   private:
    void on_timer(TimePoint) override { worker_.resume_accepting(); }
    Worker& worker_;
  };

  void started(ClientConnection& connection) noexcept override;
  void became_idle(ClientConnection& connection) override;
  void finished(ClientConnection& connection) noexcept override;
  void replay_ended() override { check_drained(); }

  void accept(const std::shared_ptr<Door>& door);
  void resume_accepting();
  [[nodiscard]] bool accept_one(Door& door);
  void accept_rest(Door& door);
  [[nodiscard]] bool has_room(Door& door);
  [[nodiscard]] bool end_idle_connection();
  void encrypt_doors(const std::vector<config::Listener>& listen);
  [[nodiscard]] std::shared_ptr<Upstreams> upstreams_of(const ServicePlan& part);
  [[nodiscard]] std::shared_ptr<FailuresByType> failures_apart(const std::string& service,
                                                               const std::string& candidate);
  void divide(const ServicePlan& part, const std::map<std::string, ServicePtr, std::less<>>& services) const;
  void retire_unused_pools(const std::map<std::string, ServicePtr, std::less<>>& services) const;
  void apply_replays(const Plan& plan);
  void check_drained();

  http::ConnectionBudget budget_;  // before state_, whose pools use it
  WorkerState state_;
  CallPool calls_{state_};
  KeptByName<ServiceCounts> counts_;
  /// By service and candidate; never forgotten: counters only grow.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<FailuresByType>> apart_;
  Random seeds_;  ///< of the balancers
  const Lead lead_;
  InstanceTicker ticker_{state_.loop};
  ValueTicker value_ticker_{state_.loop};
  std::map<const CallQueue*, std::unique_ptr<QueueReplay>> replaying_;
  std::vector<std::shared_ptr<Door>> doors_;  ///< shared with what waits at them
  std::vector<config::Listener> listen_;      ///< as of the latest plan
  Pause pause_{*this};
  bool running_ = false;
  bool full_ = false;  ///< a client waits for a place
  std::size_t most_clients_ = 0;
  Connections all_;
  IdleConnections idle_;  ///< the longest idle first
  std::uint64_t connections_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t accept_failures_ = 0;
  std::uint64_t idle_closed_ = 0;
  std::function<void()> drained_;
};

}  // namespace switchgear::gateway
