#include "switchgear/a2a/error.hpp"

#include <array>
#include <utility>

namespace switchgear::a2a {

namespace {

struct Known {
  Errc error;
  std::int64_t rpc_code;
  std::string_view reason;
  std::string_view words;
};
constexpr std::array known{
    Known{Errc::task_not_found, -32001, "TASK_NOT_FOUND", "task not found"},
    Known{Errc::task_not_cancelable, -32002, "TASK_NOT_CANCELABLE", "the task cannot be cancelled"},
    Known{Errc::push_notification_not_supported, -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED",
          "the agent does not send push notifications"},
    Known{Errc::unsupported_operation, -32004, "UNSUPPORTED_OPERATION",
          "the agent does not support this operation"},
    Known{Errc::content_type_not_supported, -32005, "CONTENT_TYPE_NOT_SUPPORTED",
          "the agent does not support this content type"},
    Known{Errc::invalid_agent_response, -32006, "INVALID_AGENT_RESPONSE",
          "the agent made an answer that is not valid"},
    Known{Errc::extended_card_not_configured, -32007, "EXTENDED_AGENT_CARD_NOT_CONFIGURED",
          "the agent has no extended card"},
    Known{Errc::extension_support_required, -32008, "EXTENSION_SUPPORT_REQUIRED",
          "the agent requires an extension"},
    Known{Errc::version_not_supported, -32009, "VERSION_NOT_SUPPORTED",
          "the agent does not speak this version of the protocol"},
    Known{Errc::parse_error, -32700, "", "the agent could not read the request as JSON"},
    Known{Errc::invalid_request, -32600, "", "the agent found the request not valid"},
    Known{Errc::method_not_found, -32601, "", "the agent does not have this method"},
    Known{Errc::invalid_params, -32602, "", "the agent found the parameters not valid"},
    Known{Errc::internal_error, -32603, "", "the agent had an internal error"},
    Known{Errc::other_error, 0, "", "the agent answered with an error"},
    Known{Errc::http_status, 0, "", "the agent answered with an HTTP error"},
    Known{Errc::malformed, 0, "", "the answer is not one of the protocol"},
    Known{Errc::event_too_large, 0, "", "an event of the stream is too large"},
    Known{Errc::bad_card, 0, "", "the agent's card cannot be used"},
    Known{Errc::no_interface, 0, "", "the agent's card has no interface that can be called"},
    Known{Errc::no_such_method, 0, "", "the interface does not have this method"},
    Known{Errc::stream_broken, 0, "", "the stream ended before its task"},
    Known{Errc::stream_idle, 0, "", "the stream was silent for too long"},
    Known{Errc::in_doubt, 0, "", "not repeated, because the attempt before may have had its effect"},
};

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.a2a"; }
  [[nodiscard]] std::string message(int value) const override {
    for (const Known& each : known) {
      if (static_cast<int>(each.error) == value) return std::string(each.words);
    }
    return "unknown error " + std::to_string(value);
  }
};

}  // namespace

const std::error_category& a2a_category() noexcept {
  static const Category category;
  return category;
}

Errc errc_of_rpc_code(std::int64_t code) noexcept {
  for (const Known& each : known) {
    if (each.rpc_code == code && code != 0) return each.error;
  }
  return Errc::other_error;
}

std::optional<Errc> errc_of_reason(std::string_view reason) noexcept {
  for (const Known& each : known) {
    if (!each.reason.empty() && each.reason == reason) return each.error;
  }
  return std::nullopt;
}

Error::Error(std::error_code code, std::string text, AgentReport report)
    : std::system_error(code),
      about_(std::make_shared<const About>(About{std::move(text), std::move(report)})) {}

}  // namespace switchgear::a2a
