#include "app/shop/shop_run.hpp"

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
#include "app/shop/kept_shop.hpp"
#include "app/shop/own_policies.hpp"
#include "app/shop/policies.hpp"
#include "app/stage/stop_signal.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/config/duration.hpp"

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
    if (name == "risk") real = backing.risk_port();
    if (name == "cache") real = backing.redis_port();
    if (name == "database") real = backing.database_port();
    if (real == 0)
      throw WrongScenario(scenario.file + ": services." + name +
                          ": a relay before nothing; relays of the shop are " +
                          "mail and risk, and cache and database where Redis and PostgreSQL are installed");
    service.relay = "127.0.0.1:" + std::to_string(real);
  }
}

std::uint16_t port_of(const Scenario& scenario, const std::string& service) {
  const auto found = scenario.services.find(service);
  return found == scenario.services.end() ? 0 : found->second.ports.front();
}

class ShopRun {
  enum class Verdict : std::uint8_t { right, wrong, unread };

 public:
  ShopRun(const ShopOptions& options, stage::StopSignal& stop)
      : options_(options),
        stop_(stop),
        scenario_(options.scenario.empty() ? all_well(options) : read(options.scenario)),
        backing_(workplace_, options.behind) {
    if (options.seed_given) scenario_.seed = options.seed;
    if (!options.length.empty()) scenario_.load.duration = *config::parse_duration(options.length).value;
    place(scenario_, backing_);
    for (const std::string& each : backing_.what_runs()) say("behind it", each);
    start_shop();
  }

  /// The exit code. Throws stage::Broken, after the books if they can be read.
  int run() {
    try {
      return play_and_judge();
    } catch (const stage::Broken&) {
      say("stopping", "a process cannot be kept running; the books are read first");
      read_what_can_be_read();
      throw;
    }
  }

 private:
  int play_and_judge() {
    const std::optional<chaos::Run> seen = play();
    if (stop_.reader_has_gone()) return stage::exit_without_reader;
    const bool whole = seen && seen->whole;
    std::optional<chaos::Report> report;
    if (whole) {
      report.emplace(chaos::make_report(scenario_, seen->seen));
      std::printf("\n%s", chaos::to_text(*report).c_str());
    } else if (seen) {
      say("stopping", "the books are read first; Ctrl-C again ends at once");
      stop_.forget();
    }
    const Verdict books = judge_books(whole ? told(seen->seen) : Told::nothing());
    if (books == Verdict::unread && stop_.reader_has_gone()) return stage::exit_without_reader;
    if (seen && !whole) say("stopped", "every process of the shop has ended");
    const bool bounded = !options_.scenario.empty() || !options_.length.empty();
    const bool held = report ? report->holds() : !bounded;
    const bool failed = shop_->has_failed() || backing_.has_failed();
    return seen && held && books == Verdict::right && !failed ? 0 : exit_wrong;
  }

  void start_shop() {
    ShopNeeds needs;
    needs.policies = options_.policies.empty() ? workplace_.write("shop.yaml", own_policies())
                                               : std::filesystem::absolute(options_.policies).string();
    needs.seed = scenario_.seed;
    needs.database = backing_.database(port_of(scenario_, "database"));
    needs.redis = backing_.redis(port_of(scenario_, "cache"));
    needs.smtp = backing_.smtp(port_of(scenario_, "mail"));
    needs.urls["risk"] = backing_.risk(port_of(scenario_, "risk"));
    for (const char* const name : services)
      needs.urls[name] = "http://127.0.0.1:" + std::to_string(port_of(scenario_, name));
    needs.port = options_.port;
    needs.admin_port = options_.admin_port;
    // It makes its tables before the scenario begins, which may be behind a relay.
    std::optional<chaos::PlayedServices> relays;
    if (port_of(scenario_, "database") != 0) relays.emplace(without_faults());
    shop_.emplace(workplace_, needs, stop_);
    scenario_.target = {shop_->url(), shop_->admin_url()};
    say("dashboard", scenario_.target.admin + "/dashboard");
    say("shop",
        scenario_.target.url + "/api/orders, /api/users/7, /health; seed " + std::to_string(scenario_.seed));
  }

  [[nodiscard]] Scenario without_faults() const {
    Scenario calm = scenario_;
    calm.phases.clear();
    return calm;
  }

  void keep_running() {
    for (const Happened& each : backing_.look()) say(each.who, each.what);
    if (const std::optional<std::string> happened = shop_->look()) say("shop", *happened);
  }

  /// Empty: the shop did not answer, although its process runs.
  std::optional<chaos::Run> play() {
    const chaos::Listener listener{[](const std::string&) {},
                                   [](Duration at, const std::string& what) {
                                     std::printf("%s", chaos::event_line(at, what).c_str());
                                     std::fflush(stdout);
                                   },
                                   [this](Duration) { keep_running(); }};
    try {
      return chaos::run(scenario_, {}, stop_, listener);
    } catch (const chaos::Unreachable&) {
      const std::optional<std::string> ended = shop_->look();
      say("shop", ended ? *ended : shop_->end_and_start_again());
      return std::nullopt;
    }
  }

  /// Queued work is done once everything is well again, which the services are from here on.
  Verdict judge_books(const Told& told) {
    const chaos::PlayedServices well{without_faults()};
    const Books books = settle(shop_->admin_port(), stop_, [this] { keep_running(); });
    const std::string problem = problem_of(books, told);
    if (problem.empty()) {
      say("books", in_words(books));
      return Verdict::right;
    }
    if (!books.settled && stop_.wait_for(0s)) {
      say("books", "not read to the end, because of Ctrl-C");
      return Verdict::unread;
    }
    say("books", "WRONG: " + problem);
    workplace_.keep();
    say("logs", workplace_.directory().string());
    return Verdict::wrong;
  }

  /// Without the shop, nothing; without the database, what the shop says of that.
  void read_what_can_be_read() {
    if (shop_->given_up()) return;
    try {
      static_cast<void>(judge_books(Told::nothing()));
    } catch (const stage::Broken& another) {
      say("books", std::string("not read: ") + another.what());
    }
  }

  [[nodiscard]] Told told(const chaos::Observations& seen) const {
    Told told;
    for (const chaos::Call& call : seen.calls) {
      if (!scenario_.load.posts[call.path]) continue;
      if (call.kind != chaos::Call::Kind::served) ++told.unsure;
      if (call.status >= 200 && call.status < 300) ++told.confirmed;
    }
    return told;
  }

  const ShopOptions options_;
  stage::StopSignal& stop_;
  stage::Workplace workplace_{"shop"};
  Scenario scenario_;
  Backing backing_;
  std::optional<KeptShop> shop_;  // ends before what is behind it
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
