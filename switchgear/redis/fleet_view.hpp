// What the store says about one circuit, read from a script's reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/reply.hpp"

namespace switchgear::redis {

/// What a member says: `yes, it is down`, `no`, or nothing, for lack of calls; or that it has opened and
/// waits for a call to probe with, which opens nothing. A vote has lapsed when its member, or the store, was
/// cut off.
enum class FleetVote : char { yes = 'y', no = 'n', abstains = '-', waits = 'w', lapsed = 'l' };

struct FleetVoter {
  std::string member;
  FleetVote vote = FleetVote::abstains;
  std::uint64_t calls = 0, failures = 0;  ///< of its window
  Duration left{};                        ///< until its vote expires
};

/// Lengths are as they were when the store replied.
struct FleetView {
  std::string incarnation;
  std::uint64_t epoch = 0;
  bool open = false;
  Duration open_left{};  ///< of the opening; zero: the fleet probes
  std::uint64_t relapses = 0;
  std::uint64_t yes = 0, electorate = 0;  ///< at the last count
  std::string cause;
  std::uint64_t command_epoch = 0;
  bool forced_open = false;
  Duration command_left{};
  std::string command_by;
  std::string probe_holder;
  Duration probe_left{};
  Duration probe_gap{};       ///< until the holder's next probe, as it expects; zero: its probes have begun
  std::uint64_t repairs = 0;  ///< values in the store that were not the fleet's, and were replaced
  std::chrono::milliseconds clock{};  ///< the store's, when it replied
  std::vector<FleetVoter> voters;     ///< if they were asked for
};

/// Empty when the reply is not a view.
[[nodiscard]] std::optional<FleetView> parse_view(const Reply& reply);

}  // namespace switchgear::redis
