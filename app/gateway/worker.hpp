// One thread of the gateway: its loop, its listening socket, its sessions, its view of the routes.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/gateway/queue_replay.hpp"
#include "app/gateway/service/incident_log.hpp"
#include "app/gateway/service/service.hpp"
#include "app/gateway/session.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// A service's part in a new set of routes; its policies are shared by all threads.
struct ServicePlan {
  config::Service service;
  config::Policy policy;
  std::shared_ptr<const PolicySet> policies;
  CircuitDurations* durations = nullptr;  ///< never null
};
struct Plan {
  std::string pseudonym;  ///< of the whole gateway, for Via
  config::GatewayLimits limits;
  std::size_t clients = 0;  ///< connections per thread, at most; see open_files.hpp
  std::vector<ServicePlan> services;
};

/// Whether a worker makes stored calls again: one of all does, so that each is made once.
enum class Replays : std::uint8_t { yes, no };

/// What a worker counts, copied out for metrics.
struct WorkerCounts {
  struct OfService {
    std::string name;
    ServiceCounts counts;
    http::PoolCounts pool;
  };
  std::vector<OfService> services;
  std::array<std::uint64_t, 6> unrouted{};  ///< answers to requests that reached no service
  std::uint64_t accepted = 0;
  std::uint64_t connections = 0;
  std::uint64_t accept_failures = 0;
  std::uint64_t idle_closed = 0;  ///< connections, to make room for others

  void add(const WorkerCounts& other);
};

/// Threads: made and destroyed by one, run() by another; between these, everything but loop().context() by
/// the one that runs.
class Worker {
 public:
  /// `log` is borrowed.
  Worker(const Plan& plan, int listening_descriptor, Replays replays, spdlog::logger& log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();

  /// Unchanged services keep their pools; requests under way finish as they began.
  void apply(const Plan& plan);
  /// No further connections; sessions end with their current request, idle ones after a moment. `done` once
  /// none is left.
  void drain(std::function<void()> done);
  /// Ends every session now.
  void stop();
  [[nodiscard]] WorkerCounts counts() const;

  // For sessions.
  [[nodiscard]] http::EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] const config::GatewayLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const http::HeadLimits& head_limits() const noexcept { return head_limits_; }
  [[nodiscard]] const Routes& routes() const noexcept { return routes_; }
  /// What this gateway calls itself in Via, unlike any other.
  [[nodiscard]] const std::string& pseudonym() const noexcept { return pseudonym_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  [[nodiscard]] TimePoint draining_since() const noexcept { return draining_since_; }
  /// Null when there is none of that name.
  [[nodiscard]] ServicePtr service(std::string_view name) const;
  [[nodiscard]] CallPool& calls() noexcept { return calls_; }
  [[nodiscard]] IncidentLog& incidents() noexcept { return incidents_; }
  void count_unrouted(unsigned status) noexcept { ++unrouted_[status / 100 % 6]; }
  void started(Session& session) noexcept;
  /// The session waits for a request: if room is needed, it may be ended from now on, the longest idle first.
  void became_idle(Session& session);
  void finished(Session& session) noexcept;

 private:
  using Sessions = boost::intrusive::list<Session, boost::intrusive::base_hook<SessionHook>,
                                          boost::intrusive::constant_time_size<false>>;
  using IdleSessions = boost::intrusive::list<Session, boost::intrusive::base_hook<IdleHook>,
                                              boost::intrusive::constant_time_size<false>>;

  class Pause final : public http::Timer {
   public:
    explicit Pause(Worker& worker) : worker_(worker) {}

   private:
    void on_timer(TimePoint) override { worker_.resume_accepting(); }
    Worker& worker_;
  };

  void accept();
  void resume_accepting();
  [[nodiscard]] bool accept_one();
  [[nodiscard]] bool has_room();
  [[nodiscard]] bool end_idle_session();
  void close_listener();
  void apply_replays();
  void check_drained();

  http::EventLoop loop_;
  IncidentLog incidents_;
  CallPool calls_{loop_};
  std::string pseudonym_;
  config::GatewayLimits limits_;
  http::HeadLimits head_limits_;
  Routes routes_;
  std::map<std::string, ServicePtr, std::less<>> services_;
  std::map<std::string, std::shared_ptr<ServiceCounts>, std::less<>>
      counts_;  ///< never forgotten: counters only grow
  const Replays replays_;
  std::map<std::string, std::unique_ptr<QueueReplay>> replaying_;  ///< by service
  boost::asio::ip::tcp::acceptor acceptor_;
  Pause pause_{*this};
  bool accepting_ = false;
  bool full_ = false;  ///< a client waits for a place
  std::size_t most_clients_ = 0;
  Sessions sessions_;
  IdleSessions idle_;  ///< the longest idle first
  std::uint64_t connections_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t accept_failures_ = 0;
  std::uint64_t idle_closed_ = 0;
  std::array<std::uint64_t, 6> unrouted_{};
  bool draining_ = false;
  TimePoint draining_since_{};
  std::function<void()> drained_;
};

}  // namespace switchgear::gateway
