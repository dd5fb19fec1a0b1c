// A card that leads through a proxy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/a2a/proxy/known_agent.hpp"
#include "switchgear/a2a/proxy/proxy_place.hpp"

namespace switchgear::a2a {

/// The prefixes of two forms of one path: `/planner/.well-known/agent-card.json` for callers and
/// `/.well-known/agent-card.json` for the agent differ in `/planner`.
struct Prefixes {
  std::string_view callers;
  std::string_view agents;
};
[[nodiscard]] Prefixes differing_prefixes(std::string_view callers_path,
                                          std::string_view agents_path) noexcept;

/// What holds a card: its document, the answer to a call of JSON-RPC, or a list of such answers.
enum class CardForm : std::uint8_t { plain, rpc, rpc_list };

/// Empty: the text does not look like a card. Never throws for what is not JSON.
[[nodiscard]] std::optional<CardForm> card_form_of(std::string_view text);

/// The text of a card of either version, or of both, whose interfaces lead to the proxy. Interfaces are left
/// out if they are of other origins, of bindings that do not pass a proxy for HTTP, or if their path could
/// lead elsewhere; so are signatures, which do not hold any more, and the keys of the protocol in snake_case,
/// which some clients read, and keys that differ from the protocol's in letters' case only, which others take
/// for them. Of an answer of JSON-RPC, `jsonrpc`, `id` and the card or the error are left. All numbers are as
/// they were written. `offered`, if it is not null, gets the interfaces that are left.
/// Throws Error (Errc::bad_card) for a card that cannot be read, or of which no interface is left: what it
/// says names each.
[[nodiscard]] std::string rewritten_card(std::string_view text, const ProxyPlace& place,
                                         CardForm form = CardForm::plain,
                                         std::vector<OfferedInterface>* offered = nullptr);

/// Why the client of this library could not use a card, or no caller of the proxy; empty: they can.
[[nodiscard]] std::string fault_of_card(std::string_view text, const ProxyPlace& place);

}  // namespace switchgear::a2a
