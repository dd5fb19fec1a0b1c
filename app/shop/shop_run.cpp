#include "app/shop/shop_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "app/chaos/breaker_watch.hpp"
#include "app/chaos/played_services.hpp"
#include "app/chaos/report.hpp"
#include "app/chaos/run.hpp"
#include "app/chaos/scenario_file.hpp"
#include "app/shop/books.hpp"
#include "app/shop/own_policies.hpp"
#include "app/shop/policies.hpp"
#include "app/stage/stop_signal.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;
using chaos::Scenario;

constexpr int exit_wrong = 1;
constexpr int exit_missing = 3;
constexpr const char* services[] = {"inventory", "payment", "accounts"};

struct WrongScenario : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void say(const std::string& label, const std::string& text) {
  std::printf("%-11s %s\n", label.c_str(), text.c_str());
  std::fflush(stdout);
}

Scenario read(const std::string& file) {
  chaos::ReadScenario read = chaos::load_scenario(file);
  std::string all;
  for (const config::Diagnostic& error : read.errors) all += (all.empty() ? "" : "\n") + error.text();
  if (!read.scenario) throw WrongScenario(all);
  return std::move(*read.scenario);
}

Scenario all_well(const ShopOptions& options) {
  Scenario scenario;
  scenario.name = "the shop";
  scenario.load.rate = options.rate;
  scenario.load.paths = {"/api/orders", "/api/users/7"};
  scenario.load.posts = {true, false};
  scenario.load.body = R"({"user": 7, "sku": "apples", "count": 2})";
  scenario.load.timeout = 10s;
  scenario.load.duration = 24h * 365;
  return scenario;
}

/// The services of the shop are played on free ports, whatever the file says.
void place(Scenario& scenario, const Backing& backing) {
  for (const char* const name : services) scenario.services[name].ports = {free_port()};
  for (auto& [name, service] : scenario.services) {
    if (service.relay.empty()) continue;
    service.ports = {free_port()};
    std::uint16_t real = 0;
    if (name == "mail") real = backing.smtp_port();
    if (name == "cache") real = backing.redis_port();
    if (name == "database") real = backing.database_port();
    if (real == 0)
      throw WrongScenario(scenario.file + ": services." + name +
                          ": a relay before nothing; relays of the shop are " +
                          "mail, cache and database, where Redis and PostgreSQL are installed");
    service.relay = "127.0.0.1:" + std::to_string(real);
  }
}

std::uint16_t port_of(const Scenario& scenario, const std::string& service) {
  const auto found = scenario.services.find(service);
  return found == scenario.services.end() ? 0 : found->second.ports.front();
}

class ShopRun {
 public:
  ShopRun(const ShopOptions& options, stage::StopSignal& stop)
      : options_(options),
        stop_(stop),
        scenario_(options.scenario.empty() ? all_well(options) : read(options.scenario)),
        backing_(workplace_.directory(), options.behind) {
    if (options.seed_given) scenario_.seed = options.seed;
    if (!options.length.empty()) scenario_.load.duration = *config::parse_duration(options.length).value;
    place(scenario_, backing_);
    for (const std::string& each : backing_.what_runs()) say("behind it", each);
    start_process();
  }

  int run() {
    const chaos::Run seen = play();
    const bool bounded = !options_.scenario.empty() || !options_.length.empty();
    if (!seen.whole) {
      say("stopped", "every process of the shop has ended");
      return bounded ? exit_wrong : 0;
    }
    const chaos::Report report = chaos::make_report(scenario_, seen.seen);
    std::printf("\n%s", chaos::to_text(report).c_str());
    // Queued work is done once everything is well again, which the services are from here on.
    scenario_.phases.clear();
    const chaos::PlayedServices well{scenario_};
    const Books books = settle(admin_port_, stop_);
    const std::string problem = problem_of(books, told(seen.seen));
    if (!problem.empty()) {
      say("books", "WRONG: " + problem);
      workplace_.keep();
      say("logs", workplace_.directory().string());
      return exit_wrong;
    }
    say("books",
        fmt::format("{} orders confirmed, {} cancelled; each booked once, {} mails; none lost, none doubled",
                    books.confirmed, books.cancelled, books.mails));
    return report.holds() ? 0 : exit_wrong;
  }

 private:
  void start_process() {
    const std::string policies = options_.policies.empty()
                                     ? workplace_.write("shop.yaml", own_policies())
                                     : std::filesystem::absolute(options_.policies).string();
    std::vector<std::string> words{"shop-service",
                                   "--policies",
                                   policies,
                                   "--port",
                                   std::to_string(options_.port),
                                   "--admin-port",
                                   std::to_string(options_.admin_port),
                                   "--seed",
                                   std::to_string(scenario_.seed)};
    const auto add = [&](const char* option, std::string value) {
      words.emplace_back(option);
      words.push_back(std::move(value));
    };
    add("--database", backing_.database(port_of(scenario_, "database")));
    if (const std::string redis = backing_.redis(port_of(scenario_, "cache")); !redis.empty())
      add("--redis", redis);
    add("--smtp", backing_.smtp(port_of(scenario_, "mail")));
    for (const char* const name : services)
      add(("--" + std::string(name)).c_str(), "http://127.0.0.1:" + std::to_string(port_of(scenario_, name)));
    stage::Started started = workplace_.start("shop", words, "shop ready ");
    process_ = std::move(started.process);
    port_ = stage::number_after(started.ready, "port=");
    admin_port_ = stage::number_after(started.ready, "admin=");
    scenario_.target = {"http://127.0.0.1:" + std::to_string(port_),
                        "http://127.0.0.1:" + std::to_string(admin_port_)};
    wait_until_ready();
    say("dashboard", scenario_.target.admin + "/dashboard");
    say("shop",
        scenario_.target.url + "/api/orders, /api/users/7, /health; seed " + std::to_string(scenario_.seed));
  }

  /// Its tables are made, so it takes orders.
  void wait_until_ready() {
    http::BlockingClient client{scenario_.target.admin};
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      try {
        if (client.get("/readyz").ok()) return;
      } catch (const http::Error&) {  // it has just begun to listen
      }
      if (stop_.wait_for(20ms)) return;
    }
    workplace_.broken(*process_, "is not ready");
  }

  chaos::Run play() {
    const chaos::Listener listener{[](const std::string&) {},
                                   [](Duration at, const std::string& what) {
                                     std::printf("%s", chaos::event_line(at, what).c_str());
                                     std::fflush(stdout);
                                   },
                                   [this](Duration) {
                                     if (!process_->running())
                                       workplace_.broken(*process_, "ended by itself");
                                   }};
    return chaos::run(scenario_, {}, stop_, listener);
  }

  [[nodiscard]] Told told(const chaos::Observations& seen) const {
    Told told;
    for (const chaos::Call& call : seen.calls) {
      if (!scenario_.load.posts[call.path]) continue;
      ++(call.kind == chaos::Call::Kind::served ? told.confirmed : told.unsure);
    }
    return told;
  }

  const ShopOptions options_;
  stage::StopSignal& stop_;
  stage::Workplace workplace_{"shop"};
  Scenario scenario_;
  Backing backing_;
  std::unique_ptr<stage::ChildProcess> process_;  // ends before what is behind it
  std::uint16_t port_ = 0, admin_port_ = 0;
};

int said(int code, const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return code;
}

}  // namespace

int run_shop(const ShopOptions& options) {
  try {
    // Before a server is started.
    if (!options.policies.empty())
      static_cast<void>(std::make_unique<const Policies>(options.policies, options.seed));
    stage::StopSignal stop;
    return ShopRun{options, stop}.run();
  } catch (const WrongPolicies& wrong) {
    return said(exit_wrong, wrong.what());
  } catch (const WrongScenario& wrong) {
    return said(exit_wrong, wrong.what());
  } catch (const chaos::WrongInput& wrong) {
    return said(exit_wrong, wrong.what());
  } catch (const std::exception& problem) {
    return said(exit_missing, std::string("switchgear shop: ") + problem.what());
  }
}

}  // namespace switchgear::shop
