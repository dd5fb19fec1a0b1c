#include "switchgear/redis/fleet.hpp"

#include <chrono>
#include <utility>

#include "switchgear/redis/fleet_member.hpp"

namespace switchgear::redis {

Fleet::Fleet(BreakerRegistry& registry, FleetOptions options, FleetMemory memory)
    : member_(std::make_unique<FleetMember>(registry, std::move(options), std::move(memory))) {}
Fleet::~Fleet() = default;

FleetStatus Fleet::status(FleetDetail detail) const { return member_->status(detail); }
bool Fleet::force_open(std::string_view circuit, Duration length, std::string by) {
  return member_->command(circuit, true, length, std::move(by));
}
bool Fleet::release(std::string_view circuit, std::string by) {
  constexpr std::chrono::hours remembered{24};  // longer than members that were away are likely to be
  return member_->command(circuit, false, remembered, std::move(by));
}
FleetMemory Fleet::hand_over() { return member_->hand_over(); }

}  // namespace switchgear::redis
