// A card that leads through a proxy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::a2a {

/// Where the agent is, and where its callers find it.
struct ProxyPlace {
  std::vector<std::string>
      agents_origins;         ///< `http://planner:9000`: those that are the agent behind the proxy
  std::string agents_prefix;  ///< of its paths, as it knows them; empty or from `/`, not ending in it
  std::string proxy;          ///< `https://gateway.example`
  std::string proxy_prefix;   ///< `/planner`: of the same paths, as callers know them
  std::function<bool(std::string_view path)>
      leads_to_agent{};  ///< what the proxy does with a path of its own; empty: each leads there
};

/// The prefixes of two forms of one path: `/planner/.well-known/agent-card.json` for callers and
/// `/.well-known/agent-card.json` for the agent differ in `/planner`.
struct Prefixes {
  std::string_view callers;
  std::string_view agents;
};
[[nodiscard]] Prefixes differing_prefixes(std::string_view callers_path,
                                          std::string_view agents_path) noexcept;

/// What holds a card: its document, or the answer to a call of JSON-RPC.
enum class CardForm : std::uint8_t { plain, rpc };

/// Empty: the text does not look like a card. Never throws for what is not JSON.
[[nodiscard]] std::optional<CardForm> card_form_of(std::string_view text);

/// The text of a card of either version, or of both, whose interfaces lead to the proxy. Interfaces are left
/// out if they are of other origins, of bindings that do not pass a proxy for HTTP, or if their path could
/// lead elsewhere; so are signatures, which do not hold any more, and the keys of the protocol in snake_case,
/// which some clients read. Of an answer of JSON-RPC, `jsonrpc`, `id` and the card or the error are left.
/// Throws Error (Errc::bad_card) for a card that cannot be read, or of which no interface is left: what it
/// says names each.
[[nodiscard]] std::string rewritten_card(std::string_view text, const ProxyPlace& place,
                                         CardForm form = CardForm::plain);

}  // namespace switchgear::a2a
