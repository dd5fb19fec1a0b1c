// What an agent says about itself: where it is called, in which version and binding, and what it can do.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::a2a {

enum class ProtocolVersion : std::uint8_t { v0_3, v1_0 };
enum class Binding : std::uint8_t { jsonrpc, http_json };

/// `1.0`, `0.3`
[[nodiscard]] std::string_view to_string(ProtocolVersion version) noexcept;
/// As cards write it: `JSONRPC`, `HTTP+JSON`.
[[nodiscard]] std::string_view to_string(Binding binding) noexcept;
/// Of `1.0`, `1.0.1`, `0.3.0`. Empty: a version that this client does not speak.
[[nodiscard]] std::optional<ProtocolVersion> parse_version(std::string_view text) noexcept;
/// Empty: a binding that this client does not speak, such as GRPC.
[[nodiscard]] std::optional<Binding> parse_binding(std::string_view text) noexcept;

/// One address of an agent that this client can speak to.
struct AgentInterface {
  std::string url{};
  Binding binding = Binding::jsonrpc;
  ProtocolVersion version = ProtocolVersion::v1_0;
  std::string tenant{};

  friend bool operator==(const AgentInterface&, const AgentInterface&) = default;
};

struct AgentSkill {
  std::string id{};
  std::string name{};
  std::string description{};
  std::vector<std::string> tags{};
};

struct AgentCapabilities {
  bool streaming = false;
  bool push_notifications = false;
  bool extended_agent_card = false;
};

/// A card, of either version. Not for: signatures, which are not checked; they are in `json`.
struct AgentCard {
  /// Throws Error (Errc::bad_card), whose text says what is missing or wrong. `from`: the card's address.
  [[nodiscard]] static AgentCard parse(std::string_view text, std::string_view from);

  std::string name{};
  std::string description{};
  std::string version{};  ///< the agent's own
  /// In the agent's order of preference, without those that this client cannot speak to.
  std::vector<AgentInterface> interfaces{};
  std::vector<std::string> passed_over{};  ///< those, for messages: `GRPC 1.0 at https://…`
  AgentCapabilities capabilities{};
  std::vector<AgentSkill> skills{};
  boost::json::object json{};  ///< all of it

  /// Null: there is none of that id.
  [[nodiscard]] const AgentSkill* skill(std::string_view id) const noexcept;
};

}  // namespace switchgear::a2a
