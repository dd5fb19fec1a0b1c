#include "app/fleet/membership.hpp"

#include <chrono>
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
  to.gauge("switchgear_fleet_repairs", "Values in Redis that no member had written, and that were replaced.",
           labels, static_cast<double>(circuit.view.repairs));
}

}  // namespace

Membership::Membership(BreakerRegistry& registry, spdlog::logger& log,
                       std::function<bool(std::string_view)> shares, std::function<std::string()> identity,
                       std::function<void(LoggedInstance)> tell)
    : registry_(registry),
      log_(log),
      shares_(std::move(shares)),
      identity_(std::move(identity)),
      tell_(std::move(tell)) {}

void Membership::apply(const FleetSettings& settings) {
  const std::scoped_lock lock(mutex_);
  if (settings == settings_) return;
  redis::FleetMemory memory;
  if (fleet_ && settings.on() && settings.name_space == settings_.name_space) memory = fleet_->hand_over();
  fleet_.reset();  // leaves first: its last word to the breakers must not come after the next one's
  settings_ = settings;
  connected_.reset();
  trouble_.clear();
  seen_.clear();
  if (!settings.on()) return;
  redis::FleetOptions options = options_of(settings);
  options.shares = shares_;
  if (identity_) options.identity = identity_();
  fleet_ = std::make_shared<redis::Fleet>(registry_, std::move(options), std::move(memory));
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
  const std::string trouble = status.connected ? status.trouble : std::string{};
  if (std::exchange(trouble_, trouble) != trouble && !trouble.empty())
    log_.warn("fleet '{}': {}", status.name_space, trouble);
  for (const redis::FleetCircuitStatus& circuit : status.circuits) look_at(status.name_space, circuit);
}

void Membership::tell(const std::string& name_space, const redis::FleetCircuitStatus& circuit) const {
  using Weight = LoggedInstance::Weight;
  const bool open = circuit.fresh && circuit.open;
  std::string text = open ? "the fleet has opened it for all: " + circuit.view.cause
                     : circuit.fresh
                         ? "the fleet has closed it: it has recovered"
                         : "this process is on its own again: Redis has said nothing for too long";
  if (!tell_)
    return log_.log(open ? spdlog::level::warn : spdlog::level::info, "fleet '{}': circuit '{}': {}",
                    name_space, circuit.name, text);
  const TimePoint now = std::chrono::steady_clock::now();
  tell_({circuit.name,
         {},
         open ? "fleet_open" : "fleet_closed",
         std::move(text),
         now,
         registry_.anchor().to_wall(now),
         open ? Weight::warning : Weight::news});
}

void Membership::look_at(const std::string& name_space, const redis::FleetCircuitStatus& circuit) {
  Seen& before = seen_[circuit.name];
  const bool open = circuit.fresh && circuit.open;
  if (std::exchange(before.open, open) != open) tell(name_space, circuit);
  if (std::exchange(before.trouble, circuit.trouble) != circuit.trouble && !circuit.trouble.empty())
    log_.warn("fleet '{}': Redis cannot answer for circuit '{}' ({}); this process decides alone", name_space,
              circuit.name, circuit.trouble);
  if (std::exchange(before.repairs, circuit.view.repairs) < circuit.view.repairs)
    log_.warn(
        "fleet '{}': Redis held values for circuit '{}' that no member has written; they were replaced "
        "({} so far)",
        name_space, circuit.name, circuit.view.repairs);
}

void Membership::describe(std::map<std::string, CircuitSurroundings>& circuits) const {
  const std::shared_ptr<redis::Fleet> fleet = this->fleet();
  if (!fleet) return;
  for (const redis::FleetCircuitStatus& circuit : fleet->status(FleetDetail::circuits).circuits) {
    if (circuit.fresh && circuit.open) circuits[circuit.name].fleet = circuit.view.cause;
    if (circuit.forced_open)
      circuits[circuit.name].fleet_forced = FleetForce{circuit.forced_by, circuit.forced_left};
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
  to.gauge("switchgear_fleet_report_seconds", "How long the last report on all circuits took.", {},
           to_seconds(status.round));
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
