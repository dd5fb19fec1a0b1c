#include "app/experiment/shadows.hpp"

#include <atomic>
#include <utility>

namespace switchgear::experiment {

namespace {

class Count {
 public:
  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// A breaker that is told of every call and admits all of them.
class Candidate {
 public:
  Candidate(const std::string& policy, const CircuitBreakerOptions& options, const WallAnchor& anchor,
            std::uint64_t seed, TimePoint now)
      : policy_(policy), breaker_(policy, options, BreakerContext{nullptr, seed, anchor, now}) {
    breaker_.command(Command::metrics_only, now);
  }

  void observe(const CallEvent& call) {
    auto permit = breaker_.try_acquire(call.at - call.latency);
    if (!permit) return;  // not while metrics_only is on
    const bool refuses = !permit->counts();
    std::move(*permit).record(Outcome{call.verdict, call.type, call.latency}, call.at);
    if (call.verdict == Verdict::ignored) return;
    const bool failed = call.verdict == Verdict::failure;
    if (refuses) {
      (failed ? refused_bad_ : refused_good_).add();
    } else if (failed) {
      let_bad_.add();
    }
  }

  void on_check(CheckAnswer answer, const HealthRows& rows, TimePoint now) {
    breaker_.on_check(answer, rows, now);
  }

  void advance(TimePoint now) { breaker_.advance(now); }

  [[nodiscard]] ShadowFinding finding(std::uint64_t calls, TimePoint now) const {
    const BreakerSnapshot seen = breaker_.snapshot(now);
    return {policy_,
            {calls, let_bad_.get(), refused_good_.get(), refused_bad_.get(), seen.totals.opened, 0,
             seen.state, seen.time_open}};
  }

 private:
  const std::string policy_;
  CircuitBreaker breaker_;
  Count let_bad_, refused_good_, refused_bad_;
};

}  // namespace

/// Of one service. Subscribed to its breaker's calls and refusals.
class Shadows::Watch final : public EventSink {
 public:
  struct Wanted {
    std::string policy;
    CircuitBreakerOptions in_force;
    std::vector<std::pair<std::string, CircuitBreakerOptions>> candidates;

    friend bool operator==(const Wanted&, const Wanted&) = default;
  };

  Watch(Wanted wanted, const WallAnchor& anchor, TimePoint now) : wanted_(std::move(wanted)), since_(now) {
    std::uint64_t seed = 0;
    for (const auto& [policy, options] : wanted_.candidates)
      candidates_.push_back(std::make_unique<Candidate>(policy, options, anchor, ++seed, now));
  }

  void on_call(const CallEvent& call) override {
    if (call.verdict != Verdict::ignored) calls_.add();
    if (call.verdict == Verdict::failure) failed_.add();
    for (const auto& candidate : candidates_) candidate->observe(call);
  }
  void on_rejection(const RejectionEvent&) override { refused_.add(); }
  void on_transition(const Transition& transition) override {
    if (transition.from == State::closed && transition.to == State::open) opened_.add();
  }

  [[nodiscard]] const Wanted& wanted() const noexcept { return wanted_; }
  void on_check(CheckAnswer answer, const HealthRows& rows, TimePoint now) const {
    for (const auto& candidate : candidates_) candidate->on_check(answer, rows, now);
  }
  void advance(TimePoint now) const {
    for (const auto& candidate : candidates_) candidate->advance(now);
  }
  [[nodiscard]] ShadowedService seen(const std::string& service, const CircuitBreaker* breaker,
                                     TimePoint now) const {
    ShadowedService seen;
    seen.service = service;
    seen.policy = wanted_.policy;
    seen.since = since_;
    seen.in_force.calls = calls_.get();
    seen.in_force.let_bad = failed_.get();
    seen.in_force.unknown = refused_.get();
    seen.in_force.opened = opened_.get();
    if (breaker != nullptr) {
      const BreakerSnapshot snapshot = breaker->snapshot(now);
      seen.in_force.state = snapshot.state;
      seen.in_force.time_open = snapshot.time_open;
    }
    for (const auto& candidate : candidates_) seen.shadows.push_back(candidate->finding(calls_.get(), now));
    return seen;
  }

 private:
  const Wanted wanted_;
  const TimePoint since_;
  std::vector<std::unique_ptr<Candidate>> candidates_;
  Count calls_, failed_, refused_, opened_;
};

Shadows::~Shadows() {
  for (const auto& [service, watch] : watches_) registry_.unsubscribe(service, watch);
}

void Shadows::apply(const config::Config& config, TimePoint now) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::shared_ptr<Watch>> next;
  for (const auto& [name, service] : config.services) {
    if (service.shadows.empty()) continue;
    Watch::Wanted wanted{service.policy, *config.policies.at(service.policy).circuit_breaker, {}};
    for (const std::string& candidate : service.shadows)
      wanted.candidates.emplace_back(candidate, *config.policies.at(candidate).circuit_breaker);
    const auto known = watches_.find(name);
    if (known != watches_.end() && known->second->wanted() == wanted) {
      next.emplace(name, known->second);
      continue;
    }
    auto watch = std::make_shared<Watch>(std::move(wanted), registry_.anchor(), now);
    registry_.subscribe(name, watch, Interest::calls | Interest::transitions_and_rejections);
    next.emplace(name, std::move(watch));
  }
  for (const auto& [name, watch] : watches_) {
    const auto kept = next.find(name);
    if (kept == next.end() || kept->second != watch) registry_.unsubscribe(name, watch);
  }
  watches_ = std::move(next);
}

void Shadows::on_check(const std::string& service, CheckAnswer answer, const HealthRows& rows,
                       TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = watches_.find(service); found != watches_.end())
    found->second->on_check(answer, rows, now);
}

std::vector<ShadowedService> Shadows::all(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  std::vector<ShadowedService> found;
  for (const auto& [service, watch] : watches_)
    found.push_back(watch->seen(service, registry_.find(service).get(), now));
  return found;
}

bool Shadows::empty() const {
  const std::lock_guard lock(mutex_);
  return watches_.empty();
}

void Shadows::advance(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [service, watch] : watches_) watch->advance(now);
}

}  // namespace switchgear::experiment
