// Where an agent is, and where its callers find it: addresses of the agent become those of the proxy.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::a2a {

struct ProxyPlace {
  std::vector<std::string>
      agents_origins;         ///< `http://planner:9000`: those that are the agent behind the proxy
  std::string agents_prefix;  ///< of its paths, as it knows them; empty or from `/`, not ending in it
  std::string proxy;          ///< `https://gateway.example`
  std::string proxy_prefix;   ///< `/planner`: of the same paths, as callers know them
  std::function<bool(std::string_view path)>
      leads_to_agent{};  ///< what the proxy does with a path of its own; empty: each leads there
};

/// What an address of the agent is for callers.
struct Passage {
  std::string url{};          ///< empty: it does not lead to the agent behind the proxy, and why_not says why
  std::string agents_path{};  ///< without its query
  std::string why_not{};
};

/// Of an address in a card. An address is not passed if its path could be read as leading elsewhere.
[[nodiscard]] Passage passage_of(const std::string& url, const ProxyPlace& place);

/// Of the Location of a redirect in the answer to a request for this path of the agent. It may be relative.
/// The host that the caller used is the agent's too: it is in the Host field that the agent got.
[[nodiscard]] Passage passage_of_redirect(std::string_view location, const std::string& agents_path,
                                          const ProxyPlace& place);

}  // namespace switchgear::a2a
