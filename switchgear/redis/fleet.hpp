// Breakers of many processes that warn each other, through Redis. redis/ holds: speaking to a Redis server,
// and what a fleet of processes agrees on there. Never here: a call that waits for Redis, a decision that
// only Redis can make.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/client.hpp"
#include "switchgear/redis/fleet_circuit.hpp"
#include "switchgear/redis/fleet_options.hpp"
#include "switchgear/redis/fleet_view.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::redis {

/// Whether status() is to have the votes of the other members; they come with the second look.
enum class FleetDetail : std::uint8_t { circuits, voters };

/// One circuit as this member sees it.
struct FleetCircuitStatus {
  std::string name;
  std::string trouble;                    ///< what the store said in place of an answer; for people
  bool fresh = false;                     ///< the rest is of the last `fresh`; otherwise it is history
  bool open = false;                      ///< the fleet is, as the store said last
  Duration open_left{};                   ///< of its opening; zero: it probes
  FleetView view;                         ///< the last that counted, with the voters if they were asked for
  FleetVote vote = FleetVote::abstains;   ///< this member's
  std::uint64_t calls = 0, failures = 0;  ///< of its window
  bool dissents = false;                  ///< this member goes on calling
  bool probes = false;                    ///< this member holds the lease
  bool forced_open = false;               ///< by an operator, of the whole fleet
  Duration forced_left{};
  std::string forced_by;
  bool command_on_its_way = false;  ///< the store has not confirmed the operator's command yet
};

struct FleetStatus {
  std::string name_space;
  std::string member;
  bool connected = false;
  std::string trouble;        ///< why not, or the last error; for people
  std::uint64_t members = 0;  ///< when the store said so last
  ClientCounts commands;
  std::uint64_t ignored_views = 0;           ///< replies that were not views
  Duration round{};                          ///< the last report on all circuits took so long
  std::vector<FleetCircuitStatus> circuits;  ///< sorted by name
};

/// What a fleet knows that must not be lost when another one takes its place in the same process.
struct FleetMemory {
  std::map<std::string, FleetCircuitMemory, std::less<>> circuits;
};

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

  /// Forces a circuit open in every member for `length`, at most 366 days. Here it is effective at once; the
  /// others follow within a second, or when Redis is back. It ends by itself, with Redis or without. False if
  /// there is no such circuit.
  bool force_open(std::string_view circuit, Duration length, std::string by);
  /// Ends it in every member.
  bool release(std::string_view circuit, std::string by);

  /// Leaves, as the destructor does, but what operators have forced stays in force here, for a fleet of the
  /// same registry that is made from the result. Everything else then does nothing.
  [[nodiscard]] FleetMemory hand_over();

 private:
  class Member;
  std::unique_ptr<Member> member_;
};

}  // namespace switchgear::redis
