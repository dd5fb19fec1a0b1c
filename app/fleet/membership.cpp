#include "app/fleet/membership.hpp"

#include <utility>

namespace switchgear::fleet {

namespace {

using redis::FleetDetail;

double gauge(bool holds) { return holds ? 1 : 0; }

void add_circuit(telemetry::MetricFamilies& to, const redis::FleetCircuitStatus& circuit) {
  const telemetry::Labels labels{{"circuit", circuit.name}};
  to.gauge("switchgear_fleet_open",
           "1 if the fleet refuses calls to the circuit, as far as this process knows.", labels,
           gauge(circuit.fresh && circuit.open));
  to.gauge("switchgear_fleet_fresh", "1 if this process knows what the fleet makes of the circuit.", labels,
           gauge(circuit.fresh));
  to.gauge("switchgear_fleet_dissents", "1 if this process's own calls show the circuit to work.", labels,
           gauge(circuit.dissents));
  to.gauge("switchgear_fleet_votes", "Members that find the circuit down, at the last count.", labels,
           static_cast<double>(circuit.view.yes));
  to.gauge("switchgear_fleet_electorate", "Members with evidence of the circuit, at the last count.", labels,
           static_cast<double>(circuit.view.electorate));
  to.gauge("switchgear_fleet_epoch",
           "Grows with each opening, relapse and recovery of the circuit in the fleet.", labels,
           static_cast<double>(circuit.view.epoch));
}

}  // namespace

Membership::Membership(BreakerRegistry& registry, spdlog::logger& log,
                       std::function<bool(std::string_view)> shares)
    : registry_(registry), log_(log), shares_(std::move(shares)) {}

void Membership::apply(const FleetSettings& settings) {
  const std::scoped_lock lock(mutex_);
  if (settings == settings_) return;
  fleet_.reset();  // leaves first: two members of one process would count as two
  settings_ = settings;
  connected_.reset();
  open_.clear();
  if (!settings.on()) return;
  redis::FleetOptions options = options_of(settings);
  options.shares = shares_;
  fleet_ = std::make_shared<redis::Fleet>(registry_, std::move(options));
}

std::shared_ptr<redis::Fleet> Membership::fleet() const {
  const std::scoped_lock lock(mutex_);
  return fleet_;
}

void Membership::look() {
  const std::scoped_lock lock(mutex_);
  if (!fleet_) return;
  const redis::FleetStatus status = fleet_->status(FleetDetail::circuits);
  const bool known =
      status.connected || connected_ || !status.trouble.empty();  // not while it connects at first
  if (known && connected_ != status.connected) {
    connected_ = status.connected;
    if (status.connected) {
      log_.info("fleet '{}': connected to Redis", status.name_space);
    } else {
      log_.warn("fleet '{}': no Redis ({}); each process decides alone until it is back", status.name_space,
                status.trouble);
    }
  }
  for (const redis::FleetCircuitStatus& circuit : status.circuits) {
    const bool open = circuit.fresh && circuit.open;
    if (std::exchange(open_[circuit.name], open) == open) continue;
    if (open) {
      log_.warn("fleet '{}': circuit '{}' is open for all: {}", status.name_space, circuit.name,
                circuit.view.cause);
    } else {
      log_.info("fleet '{}': circuit '{}' is not open any more: {}", status.name_space, circuit.name,
                circuit.fresh ? "it has recovered" : "Redis has said nothing for too long");
    }
  }
}

void Membership::add_metrics(telemetry::MetricFamilies& to) const {
  const std::shared_ptr<redis::Fleet> fleet = this->fleet();
  if (!fleet) return;
  const redis::FleetStatus status = fleet->status(FleetDetail::circuits);
  to.gauge("switchgear_fleet_connected", "1 while there is a connection to Redis.", {},
           gauge(status.connected));
  to.gauge("switchgear_fleet_members", "Processes of the fleet, when Redis said so last.", {},
           static_cast<double>(status.members));
  const auto commands = [&](const char* result, std::uint64_t count) {
    to.counter("switchgear_fleet_commands_total", "Commands to Redis.", {{"result", result}}, count);
  };
  commands("sent", status.commands.sent);
  commands("failed", status.commands.failed);
  commands("refused", status.commands.refused);
  to.counter("switchgear_fleet_connects_total", "Connections made to Redis.", {}, status.commands.connects);
  for (const redis::FleetCircuitStatus& circuit : status.circuits) add_circuit(to, circuit);
}

}  // namespace switchgear::fleet
