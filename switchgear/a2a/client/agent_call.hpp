// One call on its way through a client's policies, and what it brings.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/client/sse_connection.hpp"
#include "switchgear/a2a/wire/call.hpp"
#include "switchgear/async/call_options.hpp"

namespace switchgear::a2a {

/// A result, or the first event of a stream and where the others come from.
struct Reply {
  Reply() = default;
  explicit Reply(boost::json::value given) : result(std::move(given)) {}

  boost::json::value result{};
  std::shared_ptr<SseConnection> stream{};  ///< null: nothing follows
  std::optional<AgentInterface> from{};
};

/// What the call's options refer to is kept here. Threads: those of the executor.
struct AgentCall {
  AgentCall(wire::Method what, boost::json::object with) : method(what), params(std::move(with)) {}
  AgentCall(const AgentCall&) = delete;
  AgentCall& operator=(const AgentCall&) = delete;

  wire::Method method;
  boost::json::object params;
  std::string skill{};
  Again again = Again::harmless;
  bool in_doubt = false;  ///< something was sent, and its end is not known
  AsyncReport report{};
  AsyncCallOptions about{};
};

}  // namespace switchgear::a2a
