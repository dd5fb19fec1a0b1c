#include "app/service_health/service_checks.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "switchgear/config/report.hpp"

namespace switchgear::service_health {

std::vector<Target> targets_of(const config::Config& config) {
  std::vector<Target> targets;
  for (const auto& [name, service] : config.services) {
    if (!service.health_check) continue;
    const Alone alone = service.upstreams.size() == 1 ? Alone::yes : Alone::no;
    for (const config::Upstream& each : service.upstreams)
      targets.push_back({name, {each.at.host, each.at.port, each.tls}, *service.health_check, alone});
  }
  return targets;
}

ServiceChecks::ServiceChecks(BreakerRegistry& breakers, const CallDurations& durations, spdlog::logger& log,
                             ResultListener listener)
    : breakers_(breakers),
      durations_(durations),
      log_(log),
      listener_(std::move(listener)),
      work_(context_.get_executor()),
      thread_([this] { context_.run(); }) {}

ServiceChecks::~ServiceChecks() {
  context_.stop();
  thread_.join();
}

void ServiceChecks::apply(const config::Config& config) {
  const std::lock_guard lock{mutex_};
  std::map<Key, Checked> before = std::exchange(checked_, {});
  for (const Target& target : targets_of(config)) {
    Key key{target.service, target.address.host, target.address.port};
    const auto known = before.find(key);
    const bool same = known != before.end() && *known->second.target == target;
    try {
      checked_.emplace(std::move(key), same ? std::move(known->second) : check(target));
    } catch (const std::exception& error) {
      log_.error("'{}' is not checked: {}", target.service, error.what());
    }
  }
}

ServiceChecks::Checked ServiceChecks::check(const Target& target) {
  Checked made{std::make_shared<const Target>(target), nullptr};
  const auto executor = context_.get_executor();
  http::CheckerContext context;
  context.seed = seed_();
  context.called = [this, service = target.service, seen = std::uint64_t{0}]() mutable {
    const std::uint64_t before = std::exchange(seen, calls_of(service));
    return seen != before;
  };
  made.checker = std::make_unique<Checker>(
      executor, http::port_check(executor, target.address, target.options), target.options.watch,
      [this, told = made.target](const health::Judged& judged) { on_result(*told, judged); },
      std::move(context));
  made.checker->start();
  return made;
}

/// Calls that ended, and calls that its breaker refused.
std::uint64_t ServiceChecks::calls_of(const std::string& service) const {
  std::uint64_t calls = 0;
  if (const CircuitDurations* ended = durations_.find(service))
    calls += ended->success.snapshot().count + ended->failure.snapshot().count;
  if (const auto breaker = breakers_.find(service))
    calls += breaker->snapshot(std::chrono::steady_clock::now()).totals.rejected;
  return calls;
}

void ServiceChecks::on_result(const Target& target, const health::Judged& judged) const {
  const CheckAnswer answer = judged.result.good() ? CheckAnswer::good : CheckAnswer::bad;
  if (const auto breaker = target.alone == Alone::yes ? breakers_.find(target.service) : nullptr)
    breaker->on_check(answer, target.options.watch.rows, judged.at);
  if (judged.changed()) {
    const auto level = answer == CheckAnswer::good ? spdlog::level::info : spdlog::level::warn;
    const std::string why =
        judged.result.words.empty() ? "" : " (" + config::printable(judged.result.words) + ")";
    log_.log(level, "health check of '{}' at {}: {} -> {} after {} in a row: {}{}", target.service,
             http::text_of(target.address), to_string(judged.before), to_string(judged.after),
             judged.in_a_row, to_string(judged.result.end), why);
  }
  if (listener_) listener_(target, judged);
}

std::vector<TargetHealth> ServiceChecks::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<TargetHealth> found;
  for (const auto& [key, each] : checked_) found.push_back({*each.target, each.checker->snapshot()});
  return found;
}

}  // namespace switchgear::service_health
