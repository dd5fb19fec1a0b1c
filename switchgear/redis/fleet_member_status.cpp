// What a member of a fleet shows of itself.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "switchgear/redis/fleet_member.hpp"

namespace switchgear::redis {

namespace {

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

std::string seconds(Duration length) {
  std::array<char, 32> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(length).count());
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

void FleetMember::publish(TimePoint at) {
  if (!unpublished_ || at < publish_from_) return;
  unpublished_ = false;
  FleetStatus status = make_status(at);
  {
    const std::scoped_lock lock(mutex_);
    published_ = std::move(status);
  }
  publish_from_ = at + 10 * (now() - at);  // thousands of circuits take a while
}

FleetStatus FleetMember::make_status(TimePoint at) const {
  FleetStatus status;
  status.name_space = options_.name_space;
  status.member = options_.identity;
  status.connected = client_.connected();
  status.trouble = client_.trouble().empty() ? trouble_ : client_.trouble();
  if (status.trouble.empty() && round_ > options_.fresh / 2) {
    status.trouble = "a report on " + std::to_string(entries_.size()) + " circuits takes " + seconds(round_) +
                     ", and what is known counts for " + seconds(options_.fresh);
  }
  status.members = members_;
  status.commands = client_.counts();
  status.ignored_views = ignored_views_;
  status.round = round_;
  for (const auto& [name, entry] : entries_) {
    const FleetCircuit& circuit = entry.circuit;
    FleetCircuitStatus& shown = status.circuits.emplace_back();
    shown.name = name;
    shown.fresh = circuit.fresh(at);
    shown.trouble = entry.trouble;
    shown.view = circuit.view();
    shown.view.voters = entry.voters;
    shown.open = shown.view.open;
    if (shown.open) shown.open_left = std::max(saturating_sub(circuit.open_until(), at), Duration::zero());
    shown.vote = circuit.report().vote;
    shown.calls = circuit.report().calls;
    shown.failures = circuit.report().failures;
    shown.dissents = circuit.report().dissents;
    shown.probes = circuit.lease().has_value();
    shown.forced_open = circuit.forced(at);
    if (shown.forced_open) {
      shown.forced_left = saturating_sub(circuit.command()->until, at);
      shown.forced_by = circuit.command()->by;
    }
    shown.command_on_its_way = circuit.wants_command(at);
  }
  return status;
}

FleetStatus FleetMember::status(FleetDetail detail) const {
  if (detail == FleetDetail::voters)
    watched_until_.store(ticks_of(now() + std::chrono::seconds{10}), std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  return published_;
}

}  // namespace switchgear::redis
