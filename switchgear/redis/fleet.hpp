// Breakers of many processes that warn each other, through Redis. redis/ holds: speaking to a Redis server,
// and what a fleet of processes agrees on there. Never here: a call that waits for Redis, a decision that
// only Redis can make.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/fleet_options.hpp"
#include "switchgear/redis/fleet_status.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::redis {

class FleetMember;

/// This process as a member of a fleet.
///
///     redis::FleetOptions options;
///     options.redis.address = redis::parse_address("redis://10.0.0.5:6379/0");
///     options.name_space = "shop";
///     redis::Fleet fleet{registry, options};            // joins, and stays joined until it is destroyed
///
/// From here on the registry's breakers refuse with Reason::fleet_open while the fleet finds their dependency
/// down: when a quorum of the members with evidence, and at least two, have opened. Advice, never authority:
/// a call never waits for Redis; a member whose own calls succeed goes on calling; without Redis, after
/// `fresh`, each process is on its own again.
///
/// Not for: sharing what one process needs to know at once; it takes a second. Rate limits.
/// Threads: every method from any thread; it has one of its own. Lifetime: the registry must outlive it.
class Fleet {
 public:
  /// Never waits for Redis. Throws std::invalid_argument naming every problem of the options.
  /// `memory`: of the fleet in whose place this one comes, from hand_over().
  Fleet(BreakerRegistry& registry, FleetOptions options, FleetMemory memory = {});
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  /// Leaves: takes its advice and its votes back, and ends what an operator has forced. Waits for Redis to
  /// hear of it, at most 200 ms.
  ~Fleet();

  /// Waits for a mutex, never for Redis.
  [[nodiscard]] FleetStatus status(FleetDetail detail = FleetDetail::circuits) const;

  /// Forces a circuit open in every member for `length`, at most 366 days. Here it takes effect on the
  /// fleet's thread, within a few milliseconds, so a call that begins right after it may still pass; the
  /// others follow within a second, or when Redis is back. It ends by itself, with Redis or without. False if
  /// there is no such circuit.
  bool force_open(std::string_view circuit, Duration length, std::string by);
  /// Ends it in every member.
  bool release(std::string_view circuit, std::string by);

  /// Leaves, as the destructor does, but what operators have forced stays in force here, for a fleet of the
  /// same registry that is made from the result. From then on commands are not taken.
  [[nodiscard]] FleetMemory hand_over();

 private:
  std::unique_ptr<FleetMember> member_;
};

}  // namespace switchgear::redis
