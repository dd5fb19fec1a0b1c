// Why a call to an agent brought no result.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "switchgear/core/time.hpp"

namespace switchgear::a2a {

/// The protocol's own errors first, then those of this room.
enum class Errc {
  task_not_found = 1,               ///< -32001
  task_not_cancelable,              ///< -32002
  push_notification_not_supported,  ///< -32003
  unsupported_operation,            ///< -32004
  content_type_not_supported,       ///< -32005
  invalid_agent_response,           ///< -32006
  extended_card_not_configured,     ///< -32007
  extension_support_required,       ///< -32008
  version_not_supported,            ///< -32009
  parse_error,                      ///< -32700
  invalid_request,                  ///< -32600
  method_not_found,                 ///< -32601
  invalid_params,                   ///< -32602
  internal_error,                   ///< -32603
  other_error,                      ///< another code of the agent's: Error::rpc_code()
  http_status,                      ///< an HTTP error whose body is not an error of the protocol
  malformed,                        ///< an answer that is not what the protocol says
  event_too_large,                  ///< more than ClientOptions::max_event
  bad_card,                         ///< the agent's card cannot be used
  no_interface,                     ///< the card has no interface that this client can and may call
  no_such_method,                   ///< the interface's version or binding does not have it
  stream_broken,                    ///< a stream ended before its task, and could not be taken up again
  stream_idle,                      ///< nothing came for ClientOptions::stream_idle
  in_doubt,                         ///< not repeated, because the attempt before may have had its effect
};

[[nodiscard]] const std::error_category& a2a_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Errc error) noexcept {
  return {static_cast<int>(error), a2a_category()};
}
/// The error of a JSON-RPC code; `other_error` for one that the protocol does not name.
[[nodiscard]] Errc errc_of_rpc_code(std::int64_t code) noexcept;
/// The error that HTTP+JSON names by `reason` (`TASK_NOT_FOUND`); empty: not one of them.
[[nodiscard]] std::optional<Errc> errc_of_reason(std::string_view reason) noexcept;

/// What the agent said.
struct AgentReport {
  std::int64_t rpc_code = 0;  ///< of JSON-RPC; 0: none
  unsigned http_status = 0;   ///< 0: no answer
  std::string message{};
  std::string data{};  ///< JSON; may be empty
  std::optional<Duration> retry_after{};
};

/// What a call ends with when the agent answered with an error, or with something that is not an answer. When
/// no answer came: an http::Error; when a policy refused: a Rejected. code() is an Errc; what() is one line:
/// `agent 'http://planner:8080': task not found (-32001): no task 'x'`.
class Error : public std::system_error {
 public:
  Error(std::error_code code, std::string text, AgentReport report = {});

  [[nodiscard]] const char* what() const noexcept override { return about_->text.c_str(); }
  [[nodiscard]] const AgentReport& report() const noexcept { return about_->report; }
  [[nodiscard]] std::int64_t rpc_code() const noexcept { return about_->report.rpc_code; }
  [[nodiscard]] unsigned http_status() const noexcept { return about_->report.http_status; }
  /// The agent may have acted on the message although no answer came.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }

  /// For the room itself.
  Error& set_may_have_run(bool may) noexcept {
    may_have_run_ = may;
    return *this;
  }

 private:
  struct About {
    std::string text;
    AgentReport report;
  };
  std::shared_ptr<const About> about_;
  bool may_have_run_ = false;
};

}  // namespace switchgear::a2a

template <>
struct std::is_error_code_enum<switchgear::a2a::Errc> : std::true_type {};
