// What callers and agents tell each other: messages, tasks, artifacts, and the events of a stream. The names
// are those of the specification (a2a.proto), in this house's spelling.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/a2a/task_state.hpp"

namespace switchgear::a2a {

/// Raw bytes; base64 on the wire.
struct Raw {
  std::string bytes{};
};
/// The address of a file.
struct FileUrl {
  std::string url{};
};

/// One piece of content: text, raw bytes, the address of a file, or JSON.
struct Part {
  Part() = default;
  Part(std::string text) : content(std::move(text)) {}         // NOLINT: meant to convert
  Part(const char* text) : content(std::string(text)) {}       // NOLINT: meant to convert
  Part(Raw raw) : content(std::move(raw)) {}                   // NOLINT: meant to convert
  Part(FileUrl url) : content(std::move(url)) {}               // NOLINT: meant to convert
  Part(boost::json::value data) : content(std::move(data)) {}  // NOLINT: meant to convert

  std::variant<std::string, Raw, FileUrl, boost::json::value> content{};
  std::string filename{};
  std::string media_type{};
  boost::json::object metadata{};

  /// Null unless it is text.
  [[nodiscard]] const std::string* text() const noexcept { return std::get_if<std::string>(&content); }
};

enum class Role : std::uint8_t { user, agent };

/// One message, of the caller or of the agent.
struct Message {
  Message() = default;
  /// Of the caller, with a message id of its own: 128 random bits.
  explicit Message(std::string text);

  std::string message_id{};  ///< required; the sender chooses it
  std::string context_id{};  ///< empty: the agent begins a new context
  std::string task_id{};     ///< of the task that it goes on with; empty: none
  Role role = Role::user;
  std::vector<Part> parts{};
  boost::json::object metadata{};
  std::vector<std::string> extensions{};
  std::vector<std::string> reference_task_ids{};

  /// All its parts of text, joined.
  [[nodiscard]] std::string text() const;
};

/// Something that a task has made.
struct Artifact {
  std::string artifact_id{};
  std::string name{};
  std::string description{};
  std::vector<Part> parts{};
  boost::json::object metadata{};
  std::vector<std::string> extensions{};

  /// All its parts of text, joined.
  [[nodiscard]] std::string text() const;
};

struct TaskStatus {
  TaskState state = TaskState::unspecified;
  std::optional<Message> message{};
  std::string timestamp{};  ///< as the agent wrote it (RFC 3339); may be empty
};

struct Task {
  std::string id{};
  std::string context_id{};
  TaskStatus status{};
  std::vector<Artifact> artifacts{};
  std::vector<Message> history{};
  boost::json::object metadata{};
};

struct TaskStatusUpdateEvent {
  std::string task_id{};
  std::string context_id{};
  TaskStatus status{};
  boost::json::object metadata{};
  bool final = false;  ///< of 0.3 only: the stream ends with it
};

struct TaskArtifactUpdateEvent {
  std::string task_id{};
  std::string context_id{};
  Artifact artifact{};
  bool append = false;  ///< its parts continue those of the artifact of this id
  bool last_chunk = false;
  boost::json::object metadata{};
};

/// What an agent answers to a message: a task, or a message if there is nothing to keep track of.
using SendMessageResponse = std::variant<Task, Message>;

/// One event of a stream. A Task is the whole state of its task at that moment: it replaces what the events
/// before it came to.
using StreamResponse = std::variant<Task, Message, TaskStatusUpdateEvent, TaskArtifactUpdateEvent>;

/// How the agent proves to a webhook that it is the caller.
struct AuthenticationInfo {
  std::string scheme{};  ///< `Bearer`
  std::string credentials{};
};

/// Where the agent posts what happens to a task.
struct TaskPushNotificationConfig {
  // Not an aggregate: g++ 12 destroys one twice that is a temporary of an awaiting expression.
  TaskPushNotificationConfig() {}  // NOLINT

  std::string id{};       ///< empty: the agent chooses one
  std::string task_id{};  ///< empty within a SendMessageConfiguration
  std::string url{};
  std::string token{};  ///< comes back with each notification
  std::optional<AuthenticationInfo> authentication{};
};

struct SendMessageConfiguration {
  std::vector<std::string> accepted_output_modes{};  ///< media types; empty: any
  std::optional<TaskPushNotificationConfig> push_notification{};
  std::optional<std::uint32_t> history_length{};  ///< messages of the history in the answer
  /// The answer is the task as soon as it exists; otherwise when it is terminal or interrupted.
  bool return_immediately = false;
};

struct ListTasks {
  ListTasks() {}  // NOLINT: see TaskPushNotificationConfig

  std::string context_id{};
  std::optional<TaskState> status{};
  std::optional<std::uint32_t> page_size{};  ///< 1 … 100
  std::string page_token{};
  std::optional<std::uint32_t> history_length{};
  std::string status_timestamp_after{};  ///< RFC 3339
  bool include_artifacts = false;
};

struct TaskPage {
  std::vector<Task> tasks{};
  std::string next_page_token{};  ///< empty: this is the last page
  std::uint64_t total_size = 0;
};

}  // namespace switchgear::a2a
