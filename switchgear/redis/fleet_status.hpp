// What a member of a fleet shows of itself, and what it leaves to its successor in the same process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/client.hpp"
#include "switchgear/redis/fleet_circuit.hpp"
#include "switchgear/redis/fleet_view.hpp"

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
  Duration round{};                          ///< a report on all circuits took so long
  std::vector<FleetCircuitStatus> circuits;  ///< sorted by name
};

/// What a fleet knows that must not be lost when another one takes its place in the same process.
struct FleetMemory {
  std::map<std::string, FleetCircuitMemory, std::less<>> circuits;
};

}  // namespace switchgear::redis
