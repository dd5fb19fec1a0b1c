// Where a task stands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchgear::a2a {

/// As the protocol has them; `unspecified` is one that this client does not know.
enum class TaskState : std::uint8_t {
  unspecified,
  submitted,
  working,
  completed,       ///< terminal
  failed,          ///< terminal
  canceled,        ///< terminal
  rejected,        ///< terminal
  input_required,  ///< interrupted: it goes on after another message
  auth_required,   ///< interrupted: it goes on when the agent has been authorised
};
inline constexpr std::array task_states{
    TaskState::unspecified, TaskState::submitted,      TaskState::working,
    TaskState::completed,   TaskState::failed,         TaskState::canceled,
    TaskState::rejected,    TaskState::input_required, TaskState::auth_required};

/// Nothing follows.
[[nodiscard]] constexpr bool is_terminal(TaskState state) noexcept {
  return state == TaskState::completed || state == TaskState::failed || state == TaskState::canceled ||
         state == TaskState::rejected;
}
/// Nothing follows until the caller does something.
[[nodiscard]] constexpr bool is_interrupted(TaskState state) noexcept {
  return state == TaskState::input_required || state == TaskState::auth_required;
}

/// As 1.0 writes it: `TASK_STATE_INPUT_REQUIRED`.
[[nodiscard]] std::string_view to_string(TaskState state) noexcept;
/// Reads that, and 0.3's `input-required`. Empty: neither.
[[nodiscard]] std::optional<TaskState> parse_task_state(std::string_view text) noexcept;

}  // namespace switchgear::a2a
