#include "app/demo/demo_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>

#include "app/demo/demo_service.hpp"
#include "app/demo/json_client.hpp"
#include "app/demo/load.hpp"
#include "app/demo/shop.hpp"
#include "app/demo/story.hpp"
#include "app/demo/teller.hpp"
#include "app/shell/checks.hpp"
#include "app/shop/books.hpp"
#include "app/stage/stop_signal.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::demo {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds least_whole{8'000};     // below that, a step and its deadline cannot be told apart
constexpr milliseconds default_whole{24'000};  // one round, without --for
constexpr milliseconds for_the_books{2'000};   // of a demo that ends by itself
constexpr int exit_broken = 3;

struct DemoOptions {
  std::string length;  ///< empty: until Ctrl-C
  std::string fault;   ///< empty: errors when there is one round, else one after the other
  std::uint64_t seed = 1;
  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;
  shop::Behind behind = shop::Behind::installed;
};

std::string check_length(const std::string& text) {
  const config::ParsedDuration parsed = config::parse_duration(text);
  if (!parsed.value) return parsed.problem;
  if (*parsed.value < least_whole) return "the story needs at least " + config::format_duration(least_whole);
  return {};
}

/// The fault of a round; without a wish, every round has another.
Fault fault_of(const DemoOptions& options, std::size_t round) {
  constexpr std::array faults{FaultMode::errors, FaultMode::hang, FaultMode::refuse, FaultMode::latency,
                              FaultMode::reset};
  return {fault_mode(options.fault).value_or(faults[round % faults.size()])};
}

/// One run of the demo: its stage, its callers, and in the end the shop's books.
class Run {
 public:
  Run(const DemoOptions& options, std::optional<milliseconds> length, stage::StopSignal& stop, Teller& teller)
      : options_(options),
        length_(length),
        stop_(stop),
        teller_(teller),
        pace_(length.value_or(default_whole)),
        shop_({options.seed, options.port, options.admin_port, options.behind, pace_.open_duration,
               pace_.probe_interval},
              stop) {
    teller_.say("dashboard", shop_.dashboard());
    teller_.say("gateway",
                fmt::format("http://127.0.0.1:{}/api/users/7 (also /api/orders, /health), {}; seed {}",
                            shop_.gateway_port(), shop_.gateway_dashboard(), options.seed));
    for (const std::string& each : shop_.what_runs()) teller_.say("behind it", each);
  }

  /// Throws stage::Broken, after the books if they can be read.
  Ending tell() {
    Load load{shop_.gateway_port(), options_.seed};
    try {
      Ending ending = tell_rounds(load);
      quiet_down(load);
      if (stop_.reader_has_gone()) return Ending::stopped;
      if (ending == Ending::stopped) {
        teller_.say("stopping", "the books are read first; Ctrl-C again ends at once");
        stop_.forget();
      }
      ending = after_the_books(load, ending);
      if (ending == Ending::missed) teller_.say("logs", shop_.keep_logs().string());
      return ending;
    } catch (const stage::Broken&) {
      teller_.say("stopping", "a process cannot be kept running; the books are read first");
      quiet_down(load);
      read_what_can_be_read(load);
      throw;
    }
  }

  [[nodiscard]] bool books_are_read() const noexcept { return read_; }

 private:
  /// With a length: one round, which must hold. Without: rounds until the demo is stopped.
  Ending tell_rounds(Load& load) {
    Story story{shop_, load, teller_, stop_, pace_};
    if (length_) {
      const Ending ending = story.tell_round(fault_of(options_, 0));
      return ending == Ending::held ? story.linger(begun_ + *length_ - for_the_books) : ending;
    }
    for (std::size_t round = 0;; ++round) {
      if (story.tell_round(fault_of(options_, round)) == Ending::stopped) return Ending::stopped;
    }
  }

  /// A round that was stopped may have left payment at fault: what is to be undone there could not be.
  void quiet_down(Load& load) {
    shop_.heal();
    load.stop();
  }

  void read_what_can_be_read(const Load& load) {
    if (!shop_.has_books()) return;
    try {
      static_cast<void>(after_the_books(load, Ending::missed));
    } catch (const stage::Broken& another) {
      teller_.say("books", std::string("not read: ") + another.what());
    }
  }

  Ending after_the_books(const Load& load, Ending ending) {
    const auto look = [this] {
      for (const shop::Happened& each : shop_.keep_running()) teller_.say(each.who, each.what);
    };
    const shop::Books books = shop::settle(shop_.admin_port(), stop_, look);
    const std::string problem = shop::problem_of(books, {load.confirmed(), load.asked() - load.confirmed()});
    if (problem.empty()) {
      teller_.say("books", shop::in_words(books));
      return shop_.has_failed() ? Ending::missed : ending;
    }
    read_ = books.settled || !stop_.wait_for(milliseconds{0});
    teller_.say("books", read_ ? "WRONG: " + problem : "not read to the end, because of Ctrl-C");
    return read_ ? Ending::missed : Ending::stopped;
  }

  const DemoOptions& options_;
  const std::optional<milliseconds> length_;
  const Clock::time_point begun_ = Clock::now();
  stage::StopSignal& stop_;
  Teller& teller_;
  const Pace pace_;
  Shop shop_;
  bool read_ = true;
};

int run_demo(const DemoOptions& options) {
  std::optional<milliseconds> length;
  if (!options.length.empty()) {
    length = std::chrono::duration_cast<milliseconds>(*config::parse_duration(options.length).value);
  }
  try {
    stage::StopSignal stop;
    Teller teller{stdout};
    Ending ending = Ending::stopped;
    bool read = true;
    {
      Run run{options, length, stop, teller};
      ending = run.tell();
      read = run.books_are_read();
    }
    if (ending == Ending::stopped && stop.reader_has_gone()) return stage::exit_without_reader;
    if (ending == Ending::held)
      teller.say("held", "every step of the story was observed, and no order was lost");
    if (ending == Ending::missed)
      teller.say("missed", "the story did not hold, a process ended by itself, or the books are not right");
    if (ending == Ending::stopped) teller.say("stopped", "every process of the demo has ended");
    // If a bounded demo is stopped before its end, it has not shown its story.
    return ending == Ending::held || (ending == Ending::stopped && !length && read) ? 0 : 1;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "switchgear demo: %s\n", problem.what());
    return exit_broken;
  }
}

CLI::Validator port() { return shell::whole_number(0, std::numeric_limits<std::uint16_t>::max()); }

}  // namespace

void add_demo_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* demo = app.add_subcommand(
      "demo", "Watch a payment service fail and recover under the shop, behind the gateway");
  demo->add_option("--for", options->length, "End after this time, e.g. 20s; exit 0 only if the story held")
      ->check(CLI::Validator(check_length, "DURATION"));
  demo->add_option("--fault", options->fault, "What goes wrong: errors, latency, hang, refuse or reset")
      ->check(CLI::IsMember({"errors", "latency", "hang", "refuse", "reset"}));
  demo->add_option("--seed", options->seed, "Seed of the callers' pauses")
      ->check(shell::whole_number())
      ->capture_default_str();
  demo->add_option("--port", options->port, "Port of the gateway; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  demo->add_option("--admin-port", options->admin_port, "Port of the shop's dashboard; 0: the system chooses")
      ->check(port())
      ->capture_default_str();
  const auto stand_ins = std::make_shared<bool>(false);
  demo->add_flag("--stand-ins", *stand_ins,
                 "Use none of PostgreSQL, Redis and aiosmtpd, even where they are installed");
  demo->callback([options, stand_ins, &exit_code] {
    if (*stand_ins) options->behind = shop::Behind::stand_ins;
    exit_code = run_demo(*options);
  });

  auto service = std::make_shared<DemoServiceOptions>();
  CLI::App* one = app.add_subcommand("demo-service", "One service of the demo")->group("");
  one->add_option("--name", service->name)->capture_default_str();
  one->add_option("--port", service->port)->check(port())->capture_default_str();
  one->add_option("--control-port", service->control_port)->check(port())->capture_default_str();
  one->add_option("--seed", service->seed)->check(shell::whole_number())->capture_default_str();
  one->callback([service, &exit_code] { exit_code = run_demo_service(*service); });
}

}  // namespace switchgear::demo
