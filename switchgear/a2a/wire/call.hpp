// One operation of the protocol as an HTTP request, and what its answer holds.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/failure_rules.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a::wire {

enum class Method : std::uint8_t {
  send_message,
  send_streaming_message,
  get_task,
  list_tasks,
  cancel_task,
  subscribe_to_task,
  create_push_config,
  get_push_config,
  list_push_configs,
  delete_push_config,
  get_extended_card,
};

/// Everything but sending a message and making a push configuration may be asked twice (3.3.1).
[[nodiscard]] Again again_of(Method method) noexcept;
/// Its answer is a stream of events.
[[nodiscard]] constexpr bool is_streaming(Method method) noexcept {
  return method == Method::send_streaming_message || method == Method::subscribe_to_task;
}
/// As JSON-RPC calls it: `SendMessage` of 1.0, `message/send` of 0.3. Empty: that version does not have it.
[[nodiscard]] std::string_view rpc_name(Method method, ProtocolVersion version) noexcept;
/// The method of a name in either version. Empty: unknown.
[[nodiscard]] std::optional<Method> parse_rpc_name(std::string_view name) noexcept;

/// What is sent below the interface's URL.
struct HttpCall {
  std::string method{};
  std::string path{};  ///< empty, or from `/` on
  http::Query query{};
  std::string body{};  ///< empty: none
};

/// `params` in the form of 1.0: `{message, configuration}`, `{id, historyLength}`, `{taskId, id, url, …}`.
/// Throws Error (Errc::no_such_method) if the interface does not have the method.
[[nodiscard]] HttpCall encode(Method method, const boost::json::object& params, const AgentInterface& to);

/// The answer to one, or one event of a stream.
struct Answer {
  unsigned status = 200;
  std::string_view body{};
  std::optional<Duration> retry_after{};
};

/// The result, whatever was asked. Throws Error: what the agent said, or Errc::malformed, Errc::http_status.
/// `agent`: for messages.
[[nodiscard]] boost::json::value decode(const Answer& answer, Binding binding, std::string_view agent);

/// The same, and it is a result that the method can have: Errc::malformed (or bad_card) if not. Only the
/// deletion of a push configuration may be answered with nothing: `null`, or, by HTTP+JSON, an empty body.
[[nodiscard]] boost::json::value decode_result(Method method, const Answer& answer, Binding binding,
                                               std::string_view agent);

}  // namespace switchgear::a2a::wire
