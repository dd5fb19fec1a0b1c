#include "switchgear/redis/fleet_view.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <string_view>

namespace switchgear::redis {

namespace {

constexpr std::size_t voter_items = 3;
constexpr std::string_view view_kinds = "titiiiititittiiii";  // t: text, i: integer
constexpr std::size_t view_items = view_kinds.size();

std::uint64_t count(const Reply& item) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(item.integer, 0));
}

/// Beyond it, Lua does not count exactly.
bool is_epoch(const Reply& item) { return item.integer >= 0 && item.integer <= std::int64_t{1} << 52U; }

bool is_view(const Reply& reply) {
  if (reply.kind != Reply::Kind::array || reply.items.size() < view_items) return false;
  for (std::size_t i = 0; i < view_items; ++i) {
    const auto wanted = view_kinds[i] == 't' ? Reply::Kind::text : Reply::Kind::integer;
    if (reply.items[i].kind != wanted) return false;
  }
  return is_epoch(reply.items[1]) && is_epoch(reply.items[8]);
}

/// At most a year: what a broken store says must not overflow.
Duration length(const Reply& item) {
  return std::chrono::milliseconds{std::clamp<std::int64_t>(item.integer, 0, 366LL * 24 * 3600 * 1000)};
}

FleetVoter voter(const Reply& member, const Reply& said, const Reply& left) {
  FleetVoter voter{member.text, FleetVote::abstains, 0, 0, length(left)};
  char vote = '-';
  if (std::sscanf(said.text.c_str(), "%*u:%c:%" SCNu64 ":%" SCNu64, &vote, &voter.calls, &voter.failures) ==
      3) {
    if (vote == 'y') voter.vote = FleetVote::yes;
    if (vote == 'n') voter.vote = FleetVote::no;
    if (vote == 'w') voter.vote = FleetVote::waits;
    if (vote == 'l') voter.vote = FleetVote::lapsed;
  }
  return voter;
}

}  // namespace

std::optional<FleetView> parse_view(const Reply& reply) {
  if (!is_view(reply)) return std::nullopt;
  const auto& items = reply.items;
  FleetView view;
  view.incarnation = items[0].text;
  view.epoch = count(items[1]);
  view.open = items[2].text == "open";
  view.open_left = length(items[3]);
  view.relapses = count(items[4]);
  view.yes = count(items[5]);
  view.electorate = count(items[6]);
  view.cause = items[7].text;
  view.command_epoch = count(items[8]);
  view.forced_open = items[9].text == "open";
  view.command_left = length(items[10]);
  view.command_by = items[11].text;
  view.probe_holder = items[12].text;
  view.probe_left = length(items[13]);
  view.probe_gap = length(items[14]);
  view.repairs = count(items[15]);
  view.clock = std::chrono::milliseconds{std::max<std::int64_t>(items[16].integer, 0)};
  for (std::size_t i = view_items; i + voter_items <= items.size(); i += voter_items)
    view.voters.push_back(voter(items[i], items[i + 1], items[i + 2]));
  return view;
}

}  // namespace switchgear::redis
