#include "app/service_health/service_checks.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include "switchgear/a2a/proxy/card_rewrite.hpp"
#include "switchgear/a2a/proxy/passed_call.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::service_health {

namespace {

void add_origin(std::vector<std::string>& all, const std::string& text) {
  try {
    all.push_back(http::Url::parse(text).origin());
  } catch (const http::Error&) {  // NOLINT(bugprone-empty-catch): a Unix socket, which no card names
  }
}

/// A page with a good status is not a card.
[[nodiscard]] bool asks_for_card(const config::Service& service, const health::HttpCheck& check) {
  const std::string_view path = std::string_view(check.path).substr(0, check.path.find('?'));
  return service.agent && check.json.empty() && a2a::PassedCall::asks_for_card(check.method, path);
}

void expect_card(Target& target, const config::Service& service, const health::HttpCheck& check) {
  std::vector<std::string>& origins = target.agents_origins;
  const std::string scheme = target.address.tls ? "https://" : "http://";
  add_origin(origins, scheme + http::text_of(target.address));
  if (!check.host.empty()) add_origin(origins, scheme + check.host);
  for (const config::Upstream& each : service.upstreams)
    add_origin(origins, (each.tls ? "https://" : "http://") + config::text_of(each.at));
  for (const std::string& origin : service.agent->origins) add_origin(origins, origin);
  target.agents_prefix = service.base_path;
}

[[nodiscard]] http::AnswerCheck card_check_of(const Target& target) {
  if (target.agents_origins.empty()) return {};
  constexpr std::size_t longest_card = std::size_t{256} * 1024;
  const a2a::ProxyPlace place{target.agents_origins, target.agents_prefix, "http://gateway", {}, {}};
  const auto judge = [place](const http::Response& response) {
    std::string fault = a2a::fault_of_card(response.body, place);
    return fault.empty() ? health::CheckResult{}
                         : health::CheckResult{health::CheckEnd::unexpected, std::move(fault)};
  };
  return {judge, longest_card};
}

[[nodiscard]] Target target_of(const config::Service& service, const Place& place) {
  const config::Endpoint& at = place.upstream.at;
  Target target{service.name, {at.host, at.port, place.upstream.tls}, *service.health_check, {}, {}};
  auto* const request = std::get_if<health::HttpCheck>(&target.options.how);
  if (request != nullptr && request->host.empty() && place.written != at)
    request->host = config::text_of(place.written);
  if (request != nullptr && asks_for_card(service, *request)) expect_card(target, service, *request);
  return target;
}

}  // namespace

ServiceChecks::ServiceChecks(BreakerRegistry& breakers, const CallDurations& durations, spdlog::logger& log,
                             Places places, CheckListeners listeners)
    : breakers_(breakers),
      durations_(durations),
      log_(log),
      places_(std::move(places)),
      listeners_(std::move(listeners)),
      work_(context_.get_executor()),
      thread_([this] { context_.run(); }) {}

ServiceChecks::~ServiceChecks() {
  context_.stop();
  thread_.join();
}

void ServiceChecks::apply(const config::Config& config) {
  const std::lock_guard lock{mutex_};
  services_.clear();
  for (const auto& [name, service] : config.services) {
    if (service.health_check) services_.push_back(service);
  }
  begin_all_locked();
}

void ServiceChecks::follow() {
  const std::lock_guard lock{mutex_};
  begin_all_locked();
}

void ServiceChecks::begin_all_locked() {
  All before = std::exchange(checked_, {});
  for (const config::Service& service : services_) {
    const std::vector<Place> places = places_(service);
    const Alone alone = places.size() == 1 ? Alone::yes : Alone::no;
    for (const Place& place : places) begin_locked(service, place, alone, before);
  }
  for (auto& [key, ended] : before) {
    ended.checker.reset();
    tell_change(ended.watched->target, Alone::no, health::Status::unknown);
  }
}

/// Takes its check out of `before` if there is one like it.
void ServiceChecks::begin_locked(const config::Service& service, const Place& place, Alone alone,
                                 All& before) {
  Key key{service.name, place.upstream.at.host, place.upstream.at.port};
  try {
    const Target target = target_of(service, place);
    const auto known = before.find(key);
    if (known == before.end() || known->second.watched->target != target) {
      checked_.emplace(std::move(key), check(target, alone));
      return;
    }
    const Checked& same = checked_.insert(before.extract(known)).position->second;
    if (same.watched->alone.exchange(alone) != alone)
      tell_change(target, alone, same.checker->snapshot().status);
  } catch (const std::exception& error) {
    log_.error("'{}' is not checked: {}", service.name, error.what());
  }
}

ServiceChecks::Checked ServiceChecks::check(const Target& target, Alone alone) {
  Checked made{std::make_shared<Watched>(target, alone), nullptr};
  const auto executor = context_.get_executor();
  http::CheckerContext context;
  context.seed = seed_();
  context.called = [this, service = target.service, seen = std::uint64_t{0}]() mutable {
    const std::uint64_t before = std::exchange(seen, calls_of(service));
    return seen != before;
  };
  made.checker = std::make_unique<Checker>(
      executor, http::port_check(executor, target.address, target.options, card_check_of(target)),
      target.options.watch,
      [this, told = made.watched](const health::Judged& judged) { on_result(*told, judged); },
      std::move(context));
  made.checker->start();
  return made;
}

/// After every result that came before.
void ServiceChecks::tell_change(const Target& target, Alone alone, health::Status status) {
  if (!listeners_.on_change) return;
  boost::asio::post(context_, [this, target, alone, status] { listeners_.on_change(target, alone, status); });
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

void ServiceChecks::on_result(const Watched& watched, const health::Judged& judged) const {
  const Target& target = watched.target;
  const Alone alone = watched.alone;
  const CheckAnswer answer = judged.result.good() ? CheckAnswer::good : CheckAnswer::bad;
  if (const auto breaker = alone == Alone::yes ? breakers_.find(target.service) : nullptr)
    breaker->on_check(answer, target.options.watch.rows, judged.at);
  if (judged.changed()) {
    const auto level = answer == CheckAnswer::good ? spdlog::level::info : spdlog::level::warn;
    const std::string why =
        judged.result.words.empty() ? "" : " (" + config::printable(judged.result.words) + ")";
    log_.log(level, "health check of '{}' at {}: {} -> {} after {} in a row: {}{}", target.service,
             http::text_of(target.address), to_string(judged.before), to_string(judged.after),
             judged.in_a_row, to_string(judged.result.end), why);
  }
  if (listeners_.on_result) listeners_.on_result(target, alone, judged);
}

std::vector<TargetHealth> ServiceChecks::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<TargetHealth> found;
  for (const auto& [key, each] : checked_) found.push_back({each.watched->target, each.checker->snapshot()});
  return found;
}

}  // namespace switchgear::service_health
