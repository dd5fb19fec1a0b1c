// Which node of a Redis Cluster has a key, and what the nodes say about that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/redis/address.hpp"
#include "switchgear/redis/reply.hpp"

namespace switchgear::redis {

inline constexpr std::uint16_t cluster_slots = 16'384;

/// Of what is between the first { and the next }, if that is not empty; otherwise of all of it.
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

/// A range of slots, both ends included.
struct SlotRange {
  std::uint16_t from = 0, to = 0;
  Address master;
  std::vector<Address> replicas;

  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

/// The reply to CLUSTER SLOTS of the node `asked`, whose user, password and TLS go for all. Empty if it is
/// not one. A node that does not know its own host leaves it out: then it is that by which it was asked.
[[nodiscard]] std::optional<std::vector<SlotRange>> parse_slots(const Reply& reply, const Address& asked);

/// `MOVED 3999 10.0.0.5:6379` or `ASK …`: where to send the command instead.
struct Redirection {
  bool asks = false;  ///< for this command alone, after ASKING: the slot is being moved
  std::uint16_t slot = 0;
  Address to;
};
[[nodiscard]] std::optional<Redirection> parse_redirection(const Reply& reply, const Address& asked);

}  // namespace switchgear::redis
