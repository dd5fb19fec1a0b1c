#include "app/gateway/gateway.hpp"

#include <malloc.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <future>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/gateway/open_files.hpp"
#include "app/gateway/service/service_values.hpp"
#include "app/gateway/service_status.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::gateway {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr Duration wait_for_worker = std::chrono::seconds{2};

/// Two gateways in a row are not a loop, so each needs a name of its own.
[[nodiscard]] std::string make_pseudonym(std::random_device& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name = "switchgear-";
  for (int i = 0; i < 12; ++i) name += digits[random() % digits.size()];
  return name;
}

/// Of services that were removed: the allocator keeps what lies below memory that is in use, and that may be
/// nearly all of it.
void give_back_memory() noexcept {
#ifdef __GLIBC__
  (void)::malloc_trim(0);
#endif
}

/// The names whose addresses are instances, and how often they are looked up.
[[nodiscard]] std::map<std::string, Duration> names_in(const Plan& plan) {
  std::map<std::string, Duration> names;
  for (const ServicePlan& part : plan.services) {
    if (!part.service.dns_refresh) continue;
    for (const config::Upstream& each : part.service.upstreams) {
      if (config::is_address(each.at.host)) continue;
      Duration& refresh = names.emplace(each.at.host, *part.service.dns_refresh).first->second;
      refresh = std::min(refresh, *part.service.dns_refresh);
    }
  }
  return names;
}

}  // namespace

/// Counts the workers that have nothing left to do.
class Gateway::Drain {
 public:
  explicit Drain(std::size_t workers) : left_(workers) {}
  void one_done() {
    const std::lock_guard lock{mutex_};
    --left_;
    changed_.notify_all();
  }
  void hurry() {
    const std::lock_guard lock{mutex_};
    hurried_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool wait(Duration at_most) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, at_most, [this] { return left_ == 0 || hurried_; });
    return left_ == 0;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
  bool hurried_ = false;
};

Gateway::Gateway(const config::Config& config, PolicyRegistry& registry, CallDurations& durations,
                 spdlog::logger& log, const TracingOptions& tracing, std::shared_ptr<EventQueue> events,
                 HandedSockets handed)
    : registry_(registry),
      durations_(durations),
      log_(log),
      news_{std::move(events), registry.breakers().anchor()},
      pseudonym_(make_pseudonym(seed_)),
      names_(log, [this] { follow_names(); }) {
  plan_ = plan_of(config, tracing);
  const unsigned threads = std::max(1U, config.gateway.threads);
  OpenedListeners listeners = listeners_for(config.gateway.listen, {}, std::move(handed), threads);
  for (unsigned i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(plan_, i == 0 ? Lead::yes : Lead::no, log_,
                                                std::uint64_t{seed_()} << 32U | seed_() | 1U));
  }
  use(std::move(listeners));
  last_counts_.resize(workers_.size());
  drain_ = std::make_shared<Drain>(workers_.size());
}

Gateway::~Gateway() {
  names_.stop();
  if (!threads_.empty()) drain(Duration::zero());
}

/// Makes the policies of every service, those that did not change excepted.
Plan Gateway::plan_of(const config::Config& config, const TracingOptions& tracing) {
  Plan plan;
  plan.pseudonym = pseudonym_;
  plan.tracing = tracing;
  plan.limits = config.gateway.limits;
  plan.tls = config.gateway.tls;
  plan.trust = config.gateway.trust;
  plan.listen = config.gateway.listen;
  plan.connections = connections_of(config);
  const PolicySets known = policy_sets();
  const InstanceSets known_instances = instance_sets();
  PolicySets made;
  InstanceSets made_instances;
  ServiceSplits splits;
  for (const auto& [name, service] : config.services) {
    const auto found = config.policies.find(service.policy);
    const config::Policy policy = found != config.policies.end() ? found->second : config::Policy{};
    std::shared_ptr<CircuitBreaker> breaker;
    if (policy.circuit_breaker)
      breaker = registry_.breakers().get_or_create(name, *policy.circuit_breaker, http::EventLoop::now());
    const auto before = known.find(name);
    const PolicySet* const set = before == known.end() ? nullptr : before->second.get();
    const auto by_value = values_of(name, service, policy, set, registry_.breakers(), seed_());
    const auto policies = std::make_shared<const PolicySet>(
        service, std::string{}, policy, registry_, Breakers{nullptr, breaker, by_value}, set, seed_());
    made.emplace(name, policies);
    const auto instances =
        made_instances.emplace(name, instance_set_of(service, known_instances)).first->second;
    auto routes = route_plans(service, config, *policies, known, registry_, seed_());
    for (const RoutePlan& route : routes)
      made.emplace(PolicySet::name_of(name, route.policy_name), route.policies);
    plan.services.push_back({service,
                             policy,
                             policies,
                             &durations_,
                             instances,
                             {},
                             {},
                             {},
                             std::move(routes),
                             split_of(service, config),
                             {}});
    put_instances(plan.services.back());
    if (const auto& split = plan.services.back().split) splits.emplace(name, split);
  }
  plan.router = std::make_shared<const config::Router>(config.services);
  const std::lock_guard lock{policies_mutex_};
  policies_ = std::move(made);
  instances_ = std::move(made_instances);
  splits_ = std::move(splits);
  return plan;
}

/// The one there is, with all it knows, if nothing about it changed.
std::shared_ptr<experiment::Split> Gateway::split_of(const config::Service& service,
                                                     const config::Config& config) const {
  if (!service.split) return nullptr;
  experiment::SplitSubject subject{service.name, service.policy, *service.split,
                                   config.policies.at(service.policy),
                                   config.policies.at(service.split->candidate)};
  const ServiceSplits known = splits();
  const auto before = known.find(service.name);
  if (before != known.end() && before->second->subject() == subject) return before->second;
  return std::make_shared<experiment::Split>(std::move(subject));
}

ServiceSplits Gateway::splits() const {
  const std::lock_guard lock{policies_mutex_};
  return splits_;
}

bool Gateway::restart_split(const std::string& service) {
  const std::lock_guard lock{applying_};
  const auto part = std::ranges::find_if(
      plan_.services, [&](const ServicePlan& each) { return each.split && each.service.name == service; });
  if (part == plan_.services.end()) return false;
  part->split = std::make_shared<experiment::Split>(part->split->subject());
  {
    const std::lock_guard guarding{policies_mutex_};
    splits_[service] = part->split;
  }
  on_each([plan = std::make_shared<const Plan>(plan_)](Worker& worker, std::size_t) { worker.apply(*plan); });
  return true;
}

void Gateway::put_instances(ServicePlan& part) const {
  part.upstreams.clear();
  for (const KnownInstance& each : names_.known_of(part.service)) part.upstreams.push_back(each.upstream);
  part.instances = part.instance_set->follow(part.upstreams, http::EventLoop::now());
  part.spoken = part.instance_set->spoken();
}

void Gateway::follow_names() {
  {
    const std::lock_guard lock{applying_};
    for (ServicePlan& part : plan_.services) {
      if (part.service.dns_refresh) put_instances(part);
    }
    on_each(
        [plan = std::make_shared<const Plan>(plan_)](Worker& worker, std::size_t) { worker.apply(*plan); });
  }
  if (instances_changed_) instances_changed_();
}

std::vector<KnownInstance> Gateway::instances_of(const config::Service& service) const {
  return names_.known_of(service);
}

/// As many clients per thread as the file says, if the limit of open files has room for them.
OpenFilesShare Gateway::connections_of(const config::Config& config) {
  OpenFilesNeeded needed{workers_.empty() ? config.gateway.threads : workers_.size(), 0};
  for (const auto& [name, service] : config.services)
    needed.upstream_connections += service.pool.max_connections * service.upstreams.size();
  const std::size_t limit = limit_of_open_files();
  OpenFilesShare share;
  try {
    share = share_of_open_files(limit, needed);
  } catch (const TooFewOpenFiles& error) {  // after the start the limit was lowered from outside
    if (workers_.empty()) throw;
    log_.warn("{}", error.what());
    return connections_;
  }
  const std::size_t wanted = config.gateway.limits.connections;
  if (share.clients >= wanted) {
    share.clients = wanted;
    return connections_ = share;
  }
  log_.warn(
      "the limit of open files is {}: each thread takes at most {} client connections, and not the {} of "
      "gateway.limits.connections, so that services can still be connected to; raise the limit (ulimit -n, "
      "LimitNOFILE of systemd)",
      limit, share.clients, wanted);
  return connections_ = share;
}

std::pair<PolicySets, InstanceSets> Gateway::shared_parts() const {
  const std::lock_guard lock{policies_mutex_};
  return {policies_, instances_};
}

PolicySets Gateway::policy_sets() const {
  const std::lock_guard lock{policies_mutex_};
  return policies_;
}

InstanceSets Gateway::instance_sets() const {
  const std::lock_guard lock{policies_mutex_};
  return instances_;
}

std::shared_ptr<InstanceSet> Gateway::instance_set_of(const config::Service& service,
                                                      const InstanceSets& known) {
  const auto found = known.find(service.name);
  InstanceSet* before = found == known.end() ? nullptr : found->second.get();
  if (before != nullptr && before->fits(service)) return found->second;
  if (before != nullptr) before->retire();
  return std::make_shared<InstanceSet>(service, before, news_, log_, seed_(), http::EventLoop::now());
}

bool Gateway::serves(const std::string& service) const {
  const std::lock_guard lock{policies_mutex_};
  return instances_.contains(service);
}

std::shared_ptr<BreakersByValue> Gateway::values(const std::string& service) const {
  const std::lock_guard lock{policies_mutex_};
  const auto found = policies_.find(service);
  const bool is_service = found != policies_.end() && found->second->route_policy().empty();
  return is_service ? found->second->policies().by_value : nullptr;
}

std::vector<std::string> Gateway::route_policies(const std::string& service) const {
  const std::lock_guard lock{policies_mutex_};
  std::vector<std::string> found;
  for (const auto& [name, set] : policies_) {
    if (set->service().name != service || set->route_policy().empty() || !set->policies().breaker) continue;
    // The candidate of a split guards its calls beside the service's policy, not inside it.
    const auto& split = set->service().split;
    if (!split || split->candidate != set->route_policy()) found.push_back(set->route_policy());
  }
  return found;
}

std::vector<std::shared_ptr<CircuitBreaker>> Gateway::guards_of(const std::string& service) const {
  std::vector<std::shared_ptr<CircuitBreaker>> found;
  const std::lock_guard lock{policies_mutex_};
  for (const auto& [name, set] : policies_) {
    const auto& breaker = set->policies().breaker;
    if (breaker && set->service().name == service) found.push_back(breaker);
  }
  return found;
}

void Gateway::start() {
  for (const auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
  names_.follow(names_in(plan_));
}

AppliedOptions Gateway::apply(const config::Config& config, OpenedListeners listeners,
                              const TracingOptions& tracing) {
  const std::lock_guard lock{applying_};
  AppliedOptions applied = registry_.breakers().apply(breakers_of(config), http::EventLoop::now());
  PolicySets removed = policy_sets();
  plan_ = plan_of(config, tracing);
  for (const auto& [name, set] : policy_sets()) removed.erase(name);
  for (const auto& [name, set] : removed) {
    for (const PolicyKind kind : policy_kinds) {
      if (kind != PolicyKind::queue) registry_.remove(kind, name);
    }
  }
  leave_queues(removed);
  const auto plan = std::make_shared<const Plan>(plan_);
  on_each([plan](Worker& worker, std::size_t) { worker.apply(*plan); });
  use(std::move(listeners));
  if (!threads_.empty()) names_.follow(names_in(plan_));
  if (!std::exchange(removed, {}).empty()) give_back_memory();
  log_.info("configuration applied: {} breakers kept, {} replaced, {} added, {} removed", applied.kept.size(),
            applied.replaced.size(), applied.added.size(), applied.removed.size());
  return applied;
}

void Gateway::log_access(const std::shared_ptr<const AccessLog>& log) {
  on_each([log](Worker& worker, std::size_t thread) { worker.log_access(log, thread); });
}

/// Each worker does it on its own thread, if that has been started.
void Gateway::on_each(const std::function<void(Worker&, std::size_t)>& todo) {
  std::vector<std::future<void>> taken;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (threads_.empty()) {
      todo(*workers_[i], i);
      continue;
    }
    auto done = std::make_shared<std::promise<void>>();
    taken.push_back(done->get_future());
    asio::post(workers_[i]->loop().context(), [&worker = *workers_[i], i, todo, done] {
      todo(worker, i);
      done->set_value();
    });
  }
  for (const std::future<void>& one : taken) one.wait_for(wait_for_worker);
}

bool Gateway::drain(Duration at_most) {
  names_.stop();
  {
    const std::lock_guard lock{applying_};
    listeners_.clear();  // the workers accept what is in the backlog, and close them
  }
  for (const auto& worker : workers_) {
    asio::post(worker->loop().context(),
               [&worker = *worker, drain = drain_] { worker.drain([drain] { drain->one_done(); }); });
  }
  const bool clean = drain_->wait(at_most);
  (void)counts();  // the last ones, for reads after the end
  ended_ = true;
  for (const auto& worker : workers_) {
    asio::post(worker->loop().context(), [&worker = *worker] { worker.stop(); });
  }
  threads_.clear();  // joins
  for (const auto& [name, set] : policy_sets()) warn_of_lost_calls(name, set->policies().queue);
  for (const LeftQueue& each : left_queues())
    warn_of_lost_calls(PolicySet::name_of(each.service, each.route_policy), each.queue);
  return clean;
}

/// What policies have stored that are gone is made by those of their service, as long as that is there.
void Gateway::leave_queues(const PolicySets& removed) {
  const PolicySets present = policy_sets();
  const LeftQueues left = left_queues_after(left_queues(), removed, present);
  for (const LeftQueue& each : left.kept) {
    const auto part = std::ranges::find_if(
        plan_.services, [&](const ServicePlan& plan) { return plan.service.name == each.service; });
    part->left_queues.push_back(each.queue);
    const std::string name = PolicySet::name_of(each.service, each.route_policy);
    if (removed.contains(name))
      log_.info("{} stored calls to '{}' are made as calls to '{}' from here on", each.queue->size(), name,
                each.service);
  }
  for (const LeftQueue& each : left.gone) {
    const std::string name = PolicySet::name_of(each.service, each.route_policy);
    if (!present.contains(name)) registry_.remove(PolicyKind::queue, name);
    warn_of_lost_calls(name, each.queue);
  }
  const std::lock_guard lock{policies_mutex_};
  left_ = left.kept;
}

std::vector<LeftQueue> Gateway::left_queues() const {
  const std::lock_guard lock{policies_mutex_};
  return left_;
}

void Gateway::warn_of_lost_calls(const std::string& policies, const std::shared_ptr<CallQueue>& queue) const {
  const std::size_t left = queue ? queue->size() : 0;
  if (left != 0) log_.warn("{} stored calls to '{}' were not made, and are lost", left, policies);
}

void Gateway::on_health(const std::string& service, const std::string& at,
                        instances::Ejection::Health health) {
  const InstanceSets sets = instance_sets();
  if (const auto set = sets.find(service); set != sets.end())
    set->second->on_health(at, health, http::EventLoop::now());
}

boost::json::object Gateway::status() const {
  const WorkerCounts all = counts();
  const TimePoint now = http::EventLoop::now();
  json::object services;
  const auto [sets, instances] = shared_parts();
  for (const auto& [name, set] : sets) {
    if (!set->route_policy().empty()) continue;
    const auto of = std::find_if(all.services.begin(), all.services.end(),
                                 [&wanted = name](const auto& service) { return service.name == wanted; });
    services[name] =
        service_status(*set, *instances.at(name), of == all.services.end() ? WorkerCounts::OfService{} : *of,
                       durations_.of_service(name), now);
  }
  for (const auto& [name, set] : sets) {
    if (set->route_policy().empty()) continue;
    json::object& of = services[set->service().name].as_object();
    json::object& policies = of.emplace("route_policies", json::object{}).first->value().as_object();
    policies[set->route_policy()] = route_policy_status(*set, now);
    const std::optional<config::SplitOptions>& split = set->service().split;
    if (split && split->candidate == set->route_policy())
      of["split"] = json::object{{"candidate", split->candidate}, {"share", split->share}};
  }
  for (const LeftQueue& each : left_queues()) {
    const auto service = services.find(each.service);
    if (service == services.end() || each.queue->size() == 0) continue;
    json::object& of = service->value().as_object();
    json::array& queues = of.emplace("left_queues", json::array{}).first->value().as_array();
    queues.push_back(left_queue_status(each, now));
  }
  return services;
}

std::map<std::string, FailuresByType> Gateway::failures() const {
  std::map<std::string, FailuresByType> found;
  const WorkerCounts all = counts();
  for (const WorkerCounts::OfService& service : all.services)
    found.emplace(service.name, service.counts.failures);
  const PolicySets sets = policy_sets();
  for (const WorkerCounts::OfCandidate& each : all.candidates) {
    FailuresByType& whole = found[each.service];
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] -= each.failures[i];
    const std::string name = PolicySet::name_of(each.service, each.policy);
    const auto set = sets.find(name);
    if (set == sets.end()) continue;
    const std::optional<config::SplitOptions>& split = set->second->service().split;
    if (split && split->candidate == each.policy) found.emplace(name, each.failures);
  }
  return found;
}

void Gateway::hurry() noexcept { drain_->hurry(); }

WorkerCounts Gateway::counts() const {
  // Held from the question on: of two concurrent readers, the earlier one's answer must not be kept as the
  // later one, or a counter would go back for the next reader when a worker is too busy to answer.
  const std::lock_guard lock{counts_mutex_};
  WorkerCounts all;
  if (ended_) {
    for (const WorkerCounts& last : last_counts_) all.add(last);
    return all;
  }
  std::vector<std::future<WorkerCounts>> asked;
  for (const auto& worker : workers_) {
    auto answer = std::make_shared<std::promise<WorkerCounts>>();
    asked.push_back(answer->get_future());
    if (worker->loop().context().stopped()) {  // its last counts are known
      answer->set_value(last_counts_[asked.size() - 1]);
      continue;
    }
    asio::post(worker->loop().context(), [&worker = *worker, answer] { answer->set_value(worker.counts()); });
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{500};
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].wait_until(until) == std::future_status::ready) last_counts_[i] = asked[i].get();
    all.add(last_counts_[i]);
  }
  return all;
}

}  // namespace switchgear::gateway
