#include "app/gateway/worker.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <cerrno>
#include <exception>
#include <utility>

namespace switchgear::gateway {

namespace {

constexpr Duration accept_pause = std::chrono::milliseconds{100};
constexpr int accepts_per_turn = 64;
// A connection is not idle yet while its first or next request may be on its way.
constexpr Duration idle_at_least = std::chrono::seconds{1};

[[nodiscard]] http::HeadLimits head_limits_of(const config::GatewayLimits& limits) {
  return {limits.header_bytes, limits.header_fields, limits.target_bytes};
}

[[nodiscard]] http::PoolLimits pool_limits_of(const config::PoolOptions& options) {
  return {options.max_connections, options.max_waiting, options.idle_timeout, options.connect_timeout,
          options.max_age.value_or(Duration::max())};
}

/// The circuits that judge the calls of a further policy: its own, inside the service's, or the service's
/// alone if it has none; a candidate's has the service's beside it.
[[nodiscard]] RecordedIn recorded_in(CallDurations& durations, const std::string& service,
                                     const RoutePlan& route) {
  const std::string circuit = PolicySet::name_of(service, route.policy_name);
  if (route.is_candidate) return {durations.of_policy(circuit), durations.beside(service)};
  if (!route.policies->policies().breaker) return {durations.of(service), nullptr};
  return {durations.of_policy(circuit), durations.of(service)};
}

}  // namespace

void WorkerCounts::add(const WorkerCounts& other) {
  for (const OfService& theirs : other.services) {
    auto ours = std::find_if(services.begin(), services.end(),
                             [&](const OfService& s) { return s.name == theirs.name; });
    if (ours == services.end()) ours = services.insert(services.end(), OfService{theirs.name, {}, {}});
    ours->counts.add(theirs.counts);
    ours->pool.open += theirs.pool.open;
    ours->pool.idle += theirs.pool.idle;
    ours->pool.waiting += theirs.pool.waiting;
  }
  for (const OfCandidate& theirs : other.candidates) {
    auto ours = std::ranges::find_if(candidates, [&](const OfCandidate& each) {
      return each.service == theirs.service && each.policy == theirs.policy;
    });
    if (ours == candidates.end()) ours = candidates.insert(ours, {theirs.service, theirs.policy, {}});
    for (std::size_t i = 0; i < theirs.failures.size(); ++i) ours->failures[i] += theirs.failures[i];
  }
  for (std::size_t i = 0; i < unrouted.size(); ++i) unrouted[i] += other.unrouted[i];
  accepted += other.accepted;
  connections += other.connections;
  accept_failures += other.accept_failures;
  idle_closed += other.idle_closed;
  handshakes.add(other.handshakes);
  proxies.add(other.proxies);
}

Worker::Worker(const Plan& plan, Lead lead, spdlog::logger& log, std::uint64_t seed)
    : state_(log, seed), seeds_(seed), lead_(lead) {
  apply(plan);
}

Worker::~Worker() { stop(); }

void Worker::run() {
  const auto work = boost::asio::make_work_guard(state_.loop.context());
  running_ = true;
  resume_accepting();
  state_.loop.run();
}

void Worker::apply(const Plan& plan) {
  state_.limits = plan.limits;
  if (state_.tls != plan.tls) state_.tls = plan.tls;  // else sessions can still be resumed
  state_.trust = plan.trust;
  encrypt_doors(plan.listen);
  most_clients_ = plan.connections.clients;
  budget_.set_most(plan.connections.upstream);
  state_.pseudonym = plan.pseudonym;
  state_.tracing.set(plan.tracing);
  state_.head_limits = head_limits_of(plan.limits);
  std::map<std::string, ServicePtr, std::less<>> services;
  for (const ServicePlan& part : plan.services) {
    const std::string& name = part.service.name;
    const std::shared_ptr<ServiceCounts> counts = counts_.of(name);
    const std::shared_ptr<Upstreams> upstreams = upstreams_of(part);
    services.emplace(name, new Service{part.service,
                                       part.policy,
                                       upstreams,
                                       counts,
                                       part.policies,
                                       {part.durations->of(name), nullptr}});
    for (const RoutePlan& route : part.routes) {
      const RecordedIn recorded = recorded_in(*part.durations, name, route);
      auto apart = route.is_candidate ? failures_apart(name, route.policy_name) : nullptr;
      services.emplace(PolicySet::name_of(name, route.policy_name),
                       new Service{part.service, route.policy, upstreams, counts, route.policies, recorded,
                                   std::move(apart)});
    }
    if (part.split) divide(part, services);
  }
  std::vector<ServicePtr> of_targets;
  for (const config::Router::Target& target : plan.router->in_order())
    of_targets.push_back(services.at(PolicySet::name_of(target.service_name, target.route.policy)));
  retire_unused_pools(services);
  state_.services = std::move(services);
  state_.routes = Routes{plan.router, std::move(of_targets)};
  counts_.forget_unused(http::EventLoop::now());
  if (lead_ == Lead::no) return;
  apply_replays(plan);
  std::vector<std::shared_ptr<InstanceSet>> ejecting;
  for (const ServicePlan& part : plan.services) {
    if (part.instance_set->ejects()) ejecting.push_back(part.instance_set);
  }
  ticker_.follow(std::move(ejecting));
  std::vector<std::shared_ptr<BreakersByValue>> values;
  for (const ServicePlan& part : plan.services) {
    if (const auto& by_value = part.policies->policies().by_value) values.push_back(by_value);
    if (!part.split) continue;
    for (const RoutePlan& route : part.routes) {
      const auto& by_value = route.policies->policies().by_value;
      if (by_value && route.policy_name == part.split->subject().options.candidate)
        values.push_back(by_value);
    }
  }
  value_ticker_.follow(std::move(values));
}

std::shared_ptr<FailuresByType> Worker::failures_apart(const std::string& service,
                                                       const std::string& candidate) {
  auto& apart = apart_[{service, candidate}];
  if (!apart) apart = std::make_shared<FailuresByType>();
  return apart;
}

/// A split that goes on keeps what this thread has counted.
void Worker::divide(const ServicePlan& part,
                    const std::map<std::string, ServicePtr, std::less<>>& services) const {
  const std::string& name = part.service.name;
  const ServicePtr& whole = services.at(name);
  const ServicePtr& candidate =
      services.at(PolicySet::name_of(name, part.split->subject().options.candidate));
  const auto before = state_.services.find(name);
  const ServiceSplit* const known = before == state_.services.end() ? nullptr : before->second->split();
  const bool goes_on = known != nullptr && known->split == part.split;
  whole->divide({part.split, goes_on ? known->lane : part.split->new_lane(), candidate});
}

/// Instances that were there before keep their connections.
std::shared_ptr<Upstreams> Worker::upstreams_of(const ServicePlan& part) {
  const auto before = state_.services.find(part.service.name);
  const bool keeps = before != state_.services.end() && before->second->options().pool == part.service.pool;
  std::vector<Upstream> all;
  for (std::size_t i = 0; i < part.instances.size(); ++i) {
    const config::Upstream& planned = part.upstreams[i];
    auto pool = keeps ? before->second->upstreams().pool_of(planned.at, planned.tls) : nullptr;
    if (!pool) {
      pool = std::make_shared<http::ConnectionPool>(state_.loop, budget_, planned.at.host, planned.at.port,
                                                    pool_limits_of(part.service.pool), planned.tls);
    }
    all.push_back(
        {planned.at, planned.weight, planned.tls, part.instances[i], std::move(pool), part.spoken[i]});
  }
  return std::make_shared<Upstreams>(part.service, part.instance_set, std::move(all), seeds_.next());
}

void Worker::retire_unused_pools(const std::map<std::string, ServicePtr, std::less<>>& services) const {
  for (const auto& [name, service] : state_.services) {
    const auto after = services.find(service->name());  // also of one that only its routes' policies know
    for (const Upstream& each : service->upstreams().all()) {
      if (after == services.end() || after->second->upstreams().pool_of(each.at, each.tls) != each.pool)
        each.pool->retire();
    }
  }
}

void Worker::apply_replays(const Plan& plan) {
  auto before = std::exchange(replaying_, {});
  const auto replay = [&](const std::string& name, const std::shared_ptr<CallQueue>& queue) {
    if (!queue) return;
    const auto& breaker = state_.services.at(name)->policies().policies().breaker;
    auto known = before.extract(queue.get());
    if (!known.empty()) {
      known.mapped()->follow(name, breaker);
      replaying_.insert(std::move(known));
      return;
    }
    QueueReplay::Owner& self = *this;
    replaying_.emplace(queue.get(), std::make_unique<QueueReplay>(self, calls_, name, queue, breaker));
  };
  for (const auto& [name, service] : state_.services) replay(name, service->policies().policies().queue);
  for (const ServicePlan& part : plan.services) {
    for (const auto& left : part.left_queues) replay(part.service.name, left);
  }
}

// ---- Accepting --------------------------------------------------------------------------------------------

void Worker::open(const std::shared_ptr<const Listener>& listener, std::vector<http::Descriptor> sockets) {
  for (http::Descriptor& socket : sockets)
    doors_.push_back(std::make_shared<Door>(state_.loop.context(), listener, std::move(socket)));
  encrypt_doors(listen_);
  if (running_) resume_accepting();
}

void Worker::close(const Listener& listener) {
  for (const auto& door : doors_) {
    if (&door->listener() != &listener) continue;
    accept_rest(*door);
    door->close();
  }
  std::erase_if(doors_, [](const auto& door) { return !door->open(); });
}

void Worker::close_all() {
  for (const auto& door : doors_) door->close();
  doors_.clear();
  full_ = false;
}

void Worker::encrypt_doors(const std::vector<config::Listener>& listen) {
  if (&listen != &listen_) listen_ = listen;
  for (const auto& door : doors_) {
    const auto found = std::ranges::find(listen_, door->listener().asked_for(), &config::Listener::at);
    if (found != listen_.end()) door->encryption = found->encryption;
  }
}

void Worker::accept(const std::shared_ptr<Door>& door) {
  if (door->waiting || !door->open()) return;
  door->waiting = true;
  door->socket().async_wait(boost::asio::posix::descriptor_base::wait_read,
                            [this, door](const boost::system::error_code& error) {
                              door->waiting = false;
                              if (error || !door->open()) return;
                              for (int i = 0; i < accepts_per_turn; ++i) {
                                if (!accept_one(*door)) break;
                              }
                              // When full, the rest waits in the backlog until a connection ends or is idle.
                              if (!full_ && !pause_.armed()) accept(door);
                            });
}

void Worker::resume_accepting() {
  full_ = false;
  for (const auto& door : doors_) accept(door);
}

/// Clients in the backlog are connected from their own point of view, and may have sent a request.
void Worker::accept_rest(Door& door) {
  while (door.open() && accept_one(door)) {
  }
}

/// False when there is nothing more to accept now.
bool Worker::accept_one(Door& door) {
  if (connections_ >= most_clients_ && !state_.draining() && !has_room(door)) return false;
  try {
    NewClient client = door.accept();
    if (client.socket) {
      const bool secure = door.encryption == config::Encryption::tls && state_.tls;
      ClientConnection::start(*this, calls_, std::move(client.socket), std::move(client.client_address),
                              secure ? &*state_.tls : nullptr);
      return true;
    }
  } catch (const std::exception&) {  // no memory, or no room in the reactor
    ++accept_failures_;
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return true;
  // No descriptor, no memory: the connection stays in the backlog and the socket stays readable. Asking
  // again at once would only spin, so the listeners rest.
  ++accept_failures_;
  state_.incidents.note("clients wait: the system has no file descriptor or no memory for their connections");
  state_.loop.arm(pause_, http::EventLoop::now() + accept_pause);
  return false;
}

/// At the limit: a client that is waiting gets the place of one that has been idle for a while. If none
/// waits, no place is made.
bool Worker::has_room(Door& door) {
  if (!door.client_waits()) return false;
  while (end_idle_connection()) {
    if (connections_ < most_clients_) return true;
  }
  full_ = true;
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "clients wait: all {} client connections of the thread are in use",
                 most_clients_);
  state_.incidents.note({text.data(), text.size()});
  return false;
}

bool Worker::end_idle_connection() {
  const TimePoint now = http::EventLoop::now();
  for (auto next = idle_.begin(); next != idle_.end();) {
    ClientConnection& connection = *next++;
    if (connection.idle_since() + idle_at_least > now) {
      state_.loop.arm(pause_, connection.idle_since() + idle_at_least);
      return false;
    }
    if (!connection.end_if_idle()) continue;
    ++idle_closed_;
    fmt::memory_buffer text;
    fmt::format_to(
        fmt::appender{text},
        "idle clients are disconnected for others: all {} client connections of the thread are taken",
        most_clients_);
    state_.incidents.note({text.data(), text.size()});
    return true;
  }
  return false;
}

void Worker::became_idle(ClientConnection& connection) {
  idle_.push_back(connection);
  if (full_ && !pause_.armed()) state_.loop.arm(pause_, connection.idle_since() + idle_at_least);
}

void Worker::started(ClientConnection& connection) noexcept {
  all_.push_back(connection);
  ++accepted_;
  ++connections_;
}

void Worker::finished(ClientConnection& connection) noexcept {
  delete &connection;
  --connections_;
  if (full_ && connections_ < most_clients_) resume_accepting();
  check_drained();
}

void Worker::drain(std::function<void()> done) {
  state_.draining_since = http::EventLoop::now();
  drained_ = std::move(done);
  for (const auto& door : doors_) accept_rest(*door);
  close_all();
  // A connection that is woken may end; its successor in the list is known before.
  for (auto next = all_.begin(); next != all_.end();) {
    ClientConnection& connection = *next++;
    connection.reconsider();
  }
  check_drained();
}

void Worker::check_drained() {
  const auto under_way = [](const auto& replay) { return replay.second->under_way(); };
  if (drained_ && all_.empty() && std::none_of(replaying_.begin(), replaying_.end(), under_way))
    std::exchange(drained_, nullptr)();
}

void Worker::stop() {
  close_all();
  state_.loop.disarm(pause_);
  ticker_.follow({});
  value_ticker_.follow({});
  replaying_.clear();
  while (!all_.empty()) all_.front().kill();
  state_.loop.context().stop();
}

WorkerCounts Worker::counts() {
  counts_.forget_unused(http::EventLoop::now());
  WorkerCounts all;
  all.unrouted = state_.unrouted;
  all.accepted = accepted_;
  all.connections = connections_;
  all.accept_failures = accept_failures_;
  all.idle_closed = idle_closed_;
  all.handshakes = state_.handshakes;
  all.proxies = state_.proxies;
  counts_.for_each([&](const std::string& name, const ServiceCounts& counts) {
    WorkerCounts::OfService of{name, counts, {}};
    if (const auto service = state_.services.find(name); service != state_.services.end())
      of.pool = service->second->upstreams().connections();
    all.services.push_back(std::move(of));
  });
  for (const auto& [of, failures] : apart_) all.candidates.push_back({of.first, of.second, *failures});
  return all;
}

}  // namespace switchgear::gateway
