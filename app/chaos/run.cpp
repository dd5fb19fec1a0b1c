#include "app/chaos/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "app/chaos/breaker_watch.hpp"
#include "app/chaos/callers.hpp"
#include "app/chaos/gateway_file.hpp"
#include "app/chaos/happenings.hpp"
#include "app/chaos/played_services.hpp"
#include "app/stage/stop_signal.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::chaos {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto between_looks = 50ms;
constexpr auto longest_silence = 10s;

/// A gateway of the run's own, before played services.
class OwnGateway {
 public:
  explicit OwnGateway(const std::string& yaml) {
    const std::string path = workplace_.write("gateway.yaml", yaml);
    stage::Started started = workplace_.start(
        "gateway", {"serve", "--config", path, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"},
        "switchgear serves ");
    process_ = std::move(started.process);
    target_ = {address_after(started.ready, "serves "), address_after(started.ready, "admin ")};
  }

  [[nodiscard]] const Target& target() const noexcept { return target_; }

  void check_alive() {
    if (!process_->running()) workplace_.broken(*process_, "ended by itself");
  }

 private:
  std::string address_after(std::string_view ready, std::string_view word) {
    const std::string key = std::string(word) + "http://127.0.0.1:";
    const std::uint16_t port = stage::number_after(ready, key);
    if (port == 0) workplace_.broken(*process_, "named no ports when it was ready");
    return "http://127.0.0.1:" + std::to_string(port);
  }

  stage::Workplace workplace_{"chaos"};
  std::unique_ptr<stage::ChildProcess> process_;
  Target target_;
};

std::string joined(const std::vector<config::Diagnostic>& errors) {
  std::string text;
  for (const config::Diagnostic& error : errors) text += (text.empty() ? "" : "\n") + error.text();
  return text;
}

/// The policy file's path counts from the scenario's.
std::string gateway_path(const Scenario& scenario) {
  return (std::filesystem::path(scenario.file).parent_path() / scenario.gateway).string();
}

/// Services of the policy file that the scenario does not name are played too, without a fault: a drill calls
/// nothing real.
GatewayFile prepare_gateway(Scenario& scenario) {
  const std::string path = gateway_path(scenario);
  std::vector<config::Diagnostic> errors;
  auto file = GatewayFile::load(path, errors);
  if (!file) throw WrongInput(joined(errors));
  const auto services = file->services();
  std::vector<std::string_view> names;
  for (const auto& [name, instances] : services) names.push_back(name);
  for (const auto& [name, service] : scenario.services) {
    if (!services.contains(name))
      throw WrongInput(scenario.file + ": services." + name + ": " + path + " has no such service" +
                       config::did_you_mean(name, names));
  }
  for (const auto& [name, instances] : services)
    scenario.services.try_emplace(name, PlayedService{std::vector<std::uint16_t>(instances, 0)});
  return std::move(*file);
}

/// A breaker that an expectation names must be there, unless it is one that a value or route makes later.
void check_breakers(const Scenario& scenario, const std::set<std::string>& there) {
  const std::vector<std::string_view> names(there.begin(), there.end());
  for (const Expectation& each : scenario.expectations) {
    const std::string& name = each.breaker;
    if (name.empty() || there.contains(name) || name.find('/') != std::string::npos) continue;
    throw WrongInput(
        fmt::format("{}:{}: the target has no breaker {}{}", scenario.file, each.line, config::quoted(name),
                    names.empty() ? std::string("; it has none")
                                  : "; it has " + config::one_of(names) + config::did_you_mean(name, names)));
  }
}

class Runner {
 public:
  Runner(Scenario scenario, control::AdminServer admin, stage::StopSignal& stop, const Listener& listener)
      : scenario_(std::move(scenario)), admin_(std::move(admin)), stop_(stop), listener_(listener) {}

  Run run() {
    std::optional<GatewayFile> file;
    if (!scenario_.gateway.empty()) file = prepare_gateway(scenario_);
    play_services();
    if (file) start_gateway(*file);
    const Target& target = own_ ? own_->target() : scenario_.target;
    admin_.url = target.admin;
    watch_.emplace(admin_);
    check_breakers(scenario_, watch_->names());
    run_.seen.duration = scenario_.load.duration;
    run_.seen.paths = scenario_.load.paths;
    listener_.begins(target.url);
    play(target.url);
    return std::move(run_);
  }

 private:
  void play_services() {
    try {
      services_.emplace(scenario_);
    } catch (const boost::system::system_error& failed) {
      throw WrongInput(scenario_.file + ": services: a port cannot be had: " + failed.code().message());
    }
  }

  /// What is wrong with the policies is said of the user's file, whose lines are not those of the copy.
  void start_gateway(const GatewayFile& file) {
    const std::string yaml = file.played_at(services_->ports());
    const std::string path = gateway_path(scenario_);
    if (const config::Loaded copy = config::load_text(yaml, path); !copy.config) {
      const config::Loaded original = config::load_file(path);
      throw WrongInput(joined(original.errors.empty() ? copy.errors : original.errors));
    }
    own_.emplace(yaml);
  }

  void play(const std::string& url) {
    happenings_ = happenings(scenario_.phases);
    start_ = Clock::now();
    watch_->begin(start_);
    services_->begin(start_);
    Callers callers{scenario_, url, start_};
    const Clock::time_point end = start_ + scenario_.load.duration;
    while (Clock::now() < end || !callers.ended()) {
      if (stop_.wait_for(between_looks)) return;
      look();
    }
    look();
    Felt felt = callers.finish();
    run_.seen.calls = std::move(felt.calls);
    run_.seen.unsent = felt.unsent;
    run_.seen.initially = watch_->initially();
    run_.seen.breakers = watch_->names();
    run_.seen.arrivals = services_->stop();
    run_.whole = true;
  }

  void look() {
    services_->check_alive();
    if (own_) own_->check_alive();
    std::vector<Transition> found = ask();
    const Duration now = Clock::now() - start_;
    auto next = found.begin();
    const auto tell_transitions = [&](Duration until) {
      for (; next != found.end() && next->at < until; ++next) tell(*next);
    };
    for (; told_ < happenings_.size() && happenings_[told_].at <= now; ++told_) {
      tell_transitions(happenings_[told_].at);
      listener_.happens(happenings_[told_].at, happenings_[told_].what);
    }
    tell_transitions(Duration::max());
    listener_.passes(now);
  }

  /// A server that is silent for a moment is not gone.
  std::vector<Transition> ask() {
    try {
      std::vector<Transition> found = watch_->look();
      answered_ = Clock::now();
      return found;
    } catch (const Unreachable&) {
      if (Clock::now() - std::max(answered_, start_) > longest_silence) throw;
      return {};
    }
  }

  void tell(const Transition& each) {
    std::string what = fmt::format("breaker {}: {} → {}, {}", each.breaker, each.from, each.to, each.rule);
    if (each.from == "closed" && each.threshold > 0)
      what += fmt::format(" {:.3g} (limit {:.3g})", each.value, each.threshold);
    listener_.happens(each.at, what);
    run_.seen.transitions.push_back(each);
  }

  Scenario scenario_;
  control::AdminServer admin_;
  stage::StopSignal& stop_;
  const Listener& listener_;
  std::optional<PlayedServices> services_;
  std::optional<OwnGateway> own_;  // ends before its services do
  std::optional<BreakerWatch> watch_;
  std::vector<Happening> happenings_;
  std::size_t told_ = 0;
  Clock::time_point start_{}, answered_{};
  Run run_;
};

}  // namespace

Run run(Scenario scenario, control::AdminServer admin, stage::StopSignal& stop, const Listener& listener) {
  return Runner{std::move(scenario), std::move(admin), stop, listener}.run();
}

}  // namespace switchgear::chaos
