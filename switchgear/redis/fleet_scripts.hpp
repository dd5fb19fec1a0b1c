// The store's side of the fleet protocol: Lua scripts, each of one circuit and one hash slot.
//
// Every instant in the store is the store's own (TIME); on the wire travel only lengths. Keys of a circuit:
//   KEYS[1]  {sg:NAMESPACE:CIRCUIT}:fleet  a hash: incarnation epoch state opened_at open_for relapses cause,
//                                          yes electorate tallied (the last count of votes),
//                                          fence, probe_holder probe_fence probe_until,
//                                          command_epoch command command_until command_by
//   KEYS[2]  {sg:NAMESPACE:CIRCUIT}:votes  a hash: member -> seq:vote:calls:failures:lease_until
// The fence is in the same hash as the epoch, so that an eviction takes both or neither: a fence that begins
// anew within an epoch could be given to two members.
//
// S1  Within an incarnation the epoch never falls, and the state changes only together with it.
// S2  A missing hash, or one whose epoch is below what a member has seen, becomes a new incarnation, closed,
//     with the member's epoch. So no member sees an epoch fall, and an old state cannot come back.
// S3  It opens only with yes >= max(2, min_votes, ceil(quorum * electorate)), and only a vote whose member
// has
//     seen the current epoch counts as yes: votes from before a recovery cannot open it again.
// S4  A probe's result counts only with the fence of the lease that is held, in its epoch.
// S5  The epoch of an operator's command never falls, except by the loss of the hash.
#pragma once

#include "switchgear/redis/script.hpp"

namespace switchgear::redis::fleet_scripts {

/// nonce floor member seq vote(y|n|-) calls failures lease_ms quorum_permille min_votes open_for_ms channel
/// circuit -> a view
[[nodiscard]] const Script& vote();
/// nonce floor detail(0|1) -> a view; with detail, the votes behind it: member seq:vote:calls:failures
/// remaining_ms
[[nodiscard]] const Script& pull();
/// incarnation epoch member ttl_ms -> {1, fence, remaining_ms}, or {0, why, remaining_ms}
[[nodiscard]] const Script& acquire_probe();
/// nonce floor incarnation epoch fence result(ok|failed|unused) backoff_permille max_open_ms channel circuit
/// -> a view
[[nodiscard]] const Script& probe_result();
/// nonce floor command_epoch command(open|none) ms by channel circuit. A command_epoch of 0 is a new command;
/// another is one that a member remembers, which is put back if the store has an older one. -> a view
[[nodiscard]] const Script& force();
/// KEYS[1]: all members, by the end of their leases. member lease_ms -> how many live
[[nodiscard]] const Script& join();

}  // namespace switchgear::redis::fleet_scripts
