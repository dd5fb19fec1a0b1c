#include "switchgear/a2a/task_state.hpp"

#include <cstddef>

namespace switchgear::a2a {

namespace {

constexpr std::array<std::string_view, task_states.size()> names{
    "TASK_STATE_UNSPECIFIED", "TASK_STATE_SUBMITTED",      "TASK_STATE_WORKING",
    "TASK_STATE_COMPLETED",   "TASK_STATE_FAILED",         "TASK_STATE_CANCELED",
    "TASK_STATE_REJECTED",    "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"};
constexpr std::array<std::string_view, task_states.size()> short_names{
    "unknown",  "submitted", "working",        "completed",    "failed",
    "canceled", "rejected",  "input-required", "auth-required"};

}  // namespace

std::string_view to_string(TaskState state) noexcept { return names[static_cast<std::size_t>(state)]; }

std::optional<TaskState> parse_task_state(std::string_view text) noexcept {
  for (std::size_t i = 0; i != names.size(); ++i) {
    if (text == names[i] || text == short_names[i]) return task_states[i];
  }
  if (text == "TASK_STATE_CANCELLED") return TaskState::canceled;  // as the protocol buffers of 0.3 spell it
  return std::nullopt;
}

}  // namespace switchgear::a2a
