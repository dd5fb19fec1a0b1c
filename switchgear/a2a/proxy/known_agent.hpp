// What a proxy has learned of an agent from the cards that it passed on.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/a2a/agent_card.hpp"

namespace switchgear::a2a {

/// One interface of a card, as the agent knows it.
struct OfferedInterface {
  Binding binding = Binding::jsonrpc;
  ProtocolVersion version = ProtocolVersion::v1_0;
  std::string path{};  ///< without a query, and without slashes at its end
  std::string tenant{};
};

/// Which paths of an agent are the protocol's. Callers choose the path, so an answer that is not the
/// protocol's is evidence against the agent only at a path where the agent has to speak it: a catch-all page
/// answers every path with 200. Paths are the agent's, without a query.
///
/// Threads: any, each method.
class KnownAgent {
 public:
  /// A card that leads through the proxy has come from this path.
  void learn_card(std::string_view path, std::vector<OfferedInterface> offered);
  /// Good cards have come from there. At most eight paths are kept.
  [[nodiscard]] bool has_card_at(std::string_view path) const;
  /// True as long as no card is known: JSON-RPC has no paths of its own.
  [[nodiscard]] bool may_take_rpc_at(std::string_view path) const;
  /// The latest card has an interface of HTTP+JSON to which this path belongs.
  [[nodiscard]] bool takes_http_json_at(std::string_view path) const;

 private:
  mutable std::mutex mutex_;
  bool has_card_ = false;
  std::vector<std::string> cards_;
  std::vector<OfferedInterface> offered_;
};

}  // namespace switchgear::a2a
