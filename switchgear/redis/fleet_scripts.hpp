// The store's side of the fleet protocol: Lua scripts, each of one circuit and one hash slot.
//
// Every instant in the store is the store's own (TIME). On the wire travel lengths, and the store's own
// clock. Keys of a circuit:
//   KEYS[1]  {sg:NAMESPACE:CIRCUIT}:fleet  a hash: incarnation epoch state opened_at open_for relapses cause,
//                                          yes electorate tallied uncounted (the last count of votes),
//                                          fence, probe_holder probe_fence probe_until probe_gap,
//                                          command_epoch command command_given command_until command_for
//                                          command_by, repairs, quiet_since (no vote holds it open any more)
//   KEYS[2]  {sg:NAMESPACE:CIRCUIT}:votes  a hash: member -> seq:vote:calls:failures:lease_until:run
// The fence is in the same hash as the epoch, so that an eviction takes both or neither: a fence that begins
// anew within an epoch could be given to two members.
//
// S1  Within an incarnation the epoch never falls, and the state changes only together with it.
// S2  A missing hash, one whose epoch is below what a member has seen, or one with a value that is not the
//     scripts' own becomes a new incarnation, closed, with the member's epoch. So no member sees an epoch
//     fall, and an old state cannot come back.
// S3  It opens only with yes >= max(2, min_votes, ceil(quorum * electorate)), one vote a member, and only a
//     vote whose member has seen the current epoch counts as yes: votes from before a recovery cannot open it
//     again. A member that was started anew replaces its vote, whatever its seq.
// S4  A probe's result counts only with the fence of the lease that is held, in its epoch.
// S5  The epoch of an operator's command grows with each command, also over the loss of the hash: it is at
//     least the store's clock when it was given, and above what its member has seen. When that was is
//     reckoned from the clock that the member last saw, so the time that a command spends unread in a stopped
//     store or on a slow link is counted too: it does not replace a later one, and does not last beyond its
//     end.
// S6  No instant is believed that lies further ahead than its kind can be: the clock of a store may have been
//     set back.
// S7  It closes without a probe when for a second, or a fifth of a vote's lease if that is less, no
//     fresh vote says down, and either one says that it works or no member waits for a call to probe with.
//     A vote for down that expires, because its member or the store was cut off, still holds it open for
//     another lease. So members that recovered by themselves, or were reset, do not leave others refusing;
//     an idle fleet stays open, and one member probes for all when calls come.
#pragma once

#include <cstdint>
#include <string>

#include "switchgear/redis/script.hpp"

namespace switchgear::redis::fleet_scripts {

/// A quorum is sent in these, so that the needed votes are counted in whole numbers.
inline constexpr std::int64_t quorum_parts = 1'000'000'000;
/// A decimal fraction as it is written; of one with more digits, such as 2.0 / 3, what is not more than it.
[[nodiscard]] std::string parts_of(double quorum);

/// nonce floor member run seq vote(y|n|w|-) calls failures lease_ms quorum min_votes open_for_ms channel
/// circuit
/// -> a view. `quorum` in quorum_parts. `w`: it has opened, and waits for a call to probe with. In the store
/// a vote may also be `l`: lapsed, of a member that has not been heard of for a lease.
[[nodiscard]] const Script& vote();
/// nonce floor detail(0|1) -> a view; with detail, the votes behind it: member seq:vote:calls:failures
/// remaining_ms
[[nodiscard]] const Script& pull();
/// incarnation epoch member ttl_ms gap_ms longest_ms -> {1, fence, remaining_ms}, or {0, why, remaining_ms}.
/// `gap_ms`: until its next probe, as it expects; 0 when its probes have begun. The holder asks again to keep
/// the lease; one whose calls are much further apart than the asking member's loses it.
/// `longest_ms`: no opening is longer by the member's policy.
[[nodiscard]] const Script& acquire_probe();
/// nonce floor incarnation epoch fence result(ok|failed|unused) backoff max_open_ms channel circuit -> a view
[[nodiscard]] const Script& probe_result();
/// nonce floor command_epoch base age_ms command(open|none) ms by sent within_ms channel circuit. A
/// command_epoch of 0 is a new command, given `age_ms` before it was sent by a member that had seen the
/// commands up to `base`: a later one that the store has stays. Another is one that a member remembers, which
/// is put back if the store has an older one. `ms`: how long it still lasted when it was sent. `sent`: the
/// store's clock then, as its member reckons it: at most `within_ms` behind, never ahead. If two commands
/// were given so close to each other that this decides which was the later, the one that arrives last wins.
/// -> a view
[[nodiscard]] const Script& force();
/// member run: takes its vote and its lease back, unless the vote is of a later run. -> 1 if it had one
[[nodiscard]] const Script& leave();
/// KEYS[1]: all members, by the end of their leases. member lease_ms -> how many live
[[nodiscard]] const Script& join();

}  // namespace switchgear::redis::fleet_scripts
