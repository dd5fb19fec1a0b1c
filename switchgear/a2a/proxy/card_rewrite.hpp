// A card that leads through a proxy.
#pragma once

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
};

/// The prefixes of two forms of one path: `/planner/.well-known/agent-card.json` for callers and
/// `/.well-known/agent-card.json` for the agent differ in `/planner`.
struct Prefixes {
  std::string_view callers;
  std::string_view agents;
};
[[nodiscard]] Prefixes differing_prefixes(std::string_view callers_path,
                                          std::string_view agents_path) noexcept;

/// The text of a card, or of a JSON-RPC answer with one, of either version, whose interfaces lead to the
/// proxy. Interfaces of other origins and of bindings that do not pass a proxy for HTTP are left out, and so
/// are signatures, which do not hold any more. An answer without a card is given back as it is. Throws Error
/// (Errc::bad_card) for a card that cannot be read, or of which no interface is left: what it says names
/// each.
[[nodiscard]] std::string rewritten_card(std::string_view text, const ProxyPlace& place);

}  // namespace switchgear::a2a
