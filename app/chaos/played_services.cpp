#include "app/chaos/played_services.hpp"

#include <optional>
#include <utility>

#include "app/chaos/script.hpp"
#include "app/stage/acting_server.hpp"
#include "app/stage/relay.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::chaos {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr auto look = std::chrono::milliseconds{20};  // how late a phase may close or open a listener
constexpr std::size_t most_arrivals = 4'000'000;      // remembered of an instance

}  // namespace

struct PlayedServices::Loop {
  asio::io_context io{1};
  asio::steady_timer timer{io};
  std::optional<Clock::time_point> start;

  [[nodiscard]] Duration now() const { return start ? Clock::now() - *start : Duration{-1}; }
};

class PlayedServices::Instance {
 public:
  Instance(Loop& loop, const Scenario& scenario, const std::string& service, std::size_t number,
           std::uint16_t port)
      : loop_(loop), script_(scenario, service, number) {
    if (const std::string& relay = scenario.services.at(service).relay; !relay.empty()) {
      const config::Endpoint at = *config::parse_listen(relay).value;
      relay_.emplace(loop.io, port, stage::tcp::endpoint{asio::ip::make_address(at.host), at.port});
      relay_->start();
      return;
    }
    server_.emplace(loop.io, service, port, [this](const stage::Arrival& arrival) { return react(arrival); });
    server_->start();
  }

  /// What concerns the listener and not a single request.
  void look_at(Duration now) {
    const bool hangs = script_.hangs(now);
    if (relay_) {
      relay_->refuse(script_.refuses(now));
      return relay_->hang(hangs);
    }
    server_->refuse(script_.refuses(now));
    if (std::exchange(hung_, hangs) && !hangs) server_->let_go();
  }

  [[nodiscard]] std::uint16_t port() const { return server_ ? server_->port() : relay_->port(); }
  [[nodiscard]] std::vector<Duration> take_arrivals() { return std::move(arrivals_); }

 private:
  stage::Reaction react(const stage::Arrival& arrival) {
    const Duration now = loop_.now();
    if (now < Duration::zero()) return script_.reaction({0, arrival.working, arrival.target}, now);
    // Numbered from the beginning of the run: what came before, such as health checks, shifts no fault.
    const std::uint64_t number = number_++;
    if (arrivals_.size() < most_arrivals) arrivals_.push_back(now);
    return script_.reaction({number, arrival.working, arrival.target}, now);
  }

  Loop& loop_;
  const Script script_;
  std::vector<Duration> arrivals_;
  std::uint64_t number_ = 0;
  bool hung_ = false;
  std::optional<stage::ActingServer> server_;
  std::optional<stage::Relay> relay_;  ///< in its place
};

PlayedServices::PlayedServices(const Scenario& scenario) : loop_(std::make_unique<Loop>()) {
  for (const auto& [name, service] : scenario.services) {
    std::size_t number = 0;
    for (const std::uint16_t port : service.ports)
      instances_[name].push_back(std::make_unique<Instance>(*loop_, scenario, name, ++number, port));
  }
  const auto tick = [this](const auto& again) -> void {
    loop_->timer.expires_after(look);
    loop_->timer.async_wait([this, again](const boost::system::error_code& error) {
      if (error) return;
      for (auto& [name, instances] : instances_) {
        for (auto& instance : instances) instance->look_at(loop_->now());
      }
      again(again);
    });
  };
  tick(tick);
  thread_ = std::thread([this] {
    try {
      loop_->io.run();
    } catch (const boost::system::system_error& failed) {
      problem_ = failed.code().message();
      ended_ = true;
    }
  });
}

PlayedServices::~PlayedServices() { static_cast<void>(stop()); }

std::map<std::string, std::vector<std::uint16_t>> PlayedServices::ports() const {
  std::map<std::string, std::vector<std::uint16_t>> ports;
  for (const auto& [name, instances] : instances_) {
    for (const auto& instance : instances) ports[name].push_back(instance->port());
  }
  return ports;
}

void PlayedServices::check_alive() const {
  if (ended_) throw stage::Broken("a played service cannot go on: " + problem_);
}

void PlayedServices::begin(Clock::time_point start) {
  asio::post(loop_->io, [this, start] { loop_->start = start; });
}

std::map<std::string, std::vector<std::vector<Duration>>> PlayedServices::stop() {
  loop_->io.stop();
  if (thread_.joinable()) thread_.join();
  std::map<std::string, std::vector<std::vector<Duration>>> arrivals;
  for (auto& [name, instances] : instances_) {
    for (auto& instance : instances) arrivals[name].push_back(instance->take_arrivals());
  }
  return arrivals;
}

}  // namespace switchgear::chaos
