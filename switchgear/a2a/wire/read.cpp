#include "switchgear/a2a/wire/read.hpp"

#include <algorithm>
#include <optional>

#include "switchgear/a2a/json/base64.hpp"
#include "switchgear/a2a/json/fields.hpp"

namespace switchgear::a2a::wire {

namespace json = boost::json;

namespace {

[[nodiscard]] Raw raw_of(const json::value& value, const std::string& where) {
  if (!value.is_string()) throw Malformed(where + " is not a string");
  std::optional<std::string> bytes = from_base64(value.get_string());
  if (!bytes) throw Malformed(where + " is not base64");
  return Raw{*std::move(bytes)};
}

/// 0.3: `{"file": {"uri" | "bytes" | "fileWithUri" | "fileWithBytes", "mimeType", "name"}}`.
void read_file(const Fields& part, Part& into) {
  const Fields file(*part.find("file"), part.place("file"));
  if (const auto* const uri = file.find_any({"uri", "fileWithUri"}); uri != nullptr && uri->is_string()) {
    into.content = FileUrl{std::string(uri->get_string())};
  } else if (const auto* const bytes = file.find_any({"bytes", "fileWithBytes"})) {
    into.content = raw_of(*bytes, file.place("bytes"));
  } else {
    throw Malformed(file.where() + " has neither an address nor bytes");
  }
  into.media_type = file.text("mimeType");
  into.filename = file.text("name");
}

[[nodiscard]] Part read_part(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  Part part;
  part.media_type = fields.text("mediaType");
  part.filename = fields.text("filename");
  part.metadata = fields.object("metadata");
  if (fields.find("text") != nullptr) {
    part.content = fields.text("text");
  } else if (fields.find("url") != nullptr) {
    part.content = FileUrl{fields.text("url")};
  } else if (const auto* const raw = fields.find("raw")) {
    part.content = raw_of(*raw, fields.place("raw"));
  } else if (fields.find("file") != nullptr) {
    read_file(fields, part);
  } else if (const auto* const data = fields.find("data")) {
    // 0.3's protocol buffers wrap it once more.
    const bool wrapped = fields.find("kind") == nullptr && data->is_object() &&
                         data->get_object().size() == 1 && data->get_object().contains("data");
    part.content = wrapped ? data->get_object().at("data") : *data;
  }
  // A part of another kind, which a later version may have, stays empty text: it is passed over, not an
  // error.
  return part;
}

[[nodiscard]] std::vector<Part> read_parts(const Fields& fields) {
  std::vector<Part> parts;
  const auto add = [&](const json::value& part, const std::string& where) {
    parts.push_back(read_part(part, where));
  };
  fields.each_of(fields.find("parts") != nullptr ? "parts" : "content", add);
  return parts;
}

[[nodiscard]] Message read_message(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  Message message;
  message.message_id = fields.needed_text("messageId");
  message.context_id = fields.text("contextId");
  message.task_id = fields.text("taskId");
  const std::string role = fields.text("role");
  message.role = role == "ROLE_USER" || role == "user" ? Role::user : Role::agent;
  message.parts = read_parts(fields);
  message.metadata = fields.object("metadata");
  message.extensions = fields.texts("extensions");
  message.reference_task_ids = fields.texts("referenceTaskIds");
  return message;
}

[[nodiscard]] TaskStatus read_status(const Fields& holder) {
  const auto* const value = holder.find("status");
  if (value == nullptr) throw Malformed(holder.place("status") + " is missing");
  const Fields fields(*value, holder.place("status"));
  TaskStatus status;
  // A state of a later version is not known; that is not an error of the agent.
  status.state = parse_task_state(fields.needed_text("state")).value_or(TaskState::unspecified);
  status.timestamp = fields.text("timestamp");
  if (const auto* const message = fields.find_any({"message", "update"}))
    status.message = read_message(*message, fields.place("message"));
  return status;
}

[[nodiscard]] Artifact read_artifact(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  Artifact artifact;
  artifact.artifact_id = fields.needed_text("artifactId");
  artifact.name = fields.text("name");
  artifact.description = fields.text("description");
  artifact.parts = read_parts(fields);
  artifact.metadata = fields.object("metadata");
  artifact.extensions = fields.texts("extensions");
  return artifact;
}

[[nodiscard]] Task read_task_at(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  Task task;
  task.id = fields.needed_text("id");
  task.context_id = fields.text("contextId");
  task.status = read_status(fields);
  fields.each_of("artifacts", [&](const json::value& each, const std::string& place) {
    task.artifacts.push_back(read_artifact(each, place));
  });
  fields.each_of("history", [&](const json::value& each, const std::string& place) {
    task.history.push_back(read_message(each, place));
  });
  task.metadata = fields.object("metadata");
  return task;
}

[[nodiscard]] TaskStatusUpdateEvent read_status_update(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  TaskStatusUpdateEvent event;
  event.task_id = fields.needed_text("taskId");
  event.context_id = fields.text("contextId");
  event.status = read_status(fields);
  event.metadata = fields.object("metadata");
  event.final = fields.flag("final");
  return event;
}

[[nodiscard]] TaskArtifactUpdateEvent read_artifact_update(const json::value& value,
                                                           const std::string& where) {
  const Fields fields(value, where);
  TaskArtifactUpdateEvent event;
  event.task_id = fields.needed_text("taskId");
  event.context_id = fields.text("contextId");
  const auto* const artifact = fields.find("artifact");
  if (artifact == nullptr) throw Malformed(fields.place("artifact") + " is missing");
  event.artifact = read_artifact(*artifact, fields.place("artifact"));
  event.append = fields.flag("append");
  event.last_chunk = fields.flag("lastChunk");
  event.metadata = fields.object("metadata");
  return event;
}

[[nodiscard]] TaskPushNotificationConfig read_config_at(const json::value& value, const std::string& where) {
  const Fields fields(value, where);
  TaskPushNotificationConfig config;
  config.task_id = fields.text("taskId");
  // 0.3 has the configuration within, and its HTTP+JSON a name: tasks/T/pushNotificationConfigs/C.
  const auto* const inner = fields.find("pushNotificationConfig");
  if (const std::string name = fields.text("name"); config.task_id.empty() && name.starts_with("tasks/"))
    config.task_id = name.substr(6, name.find('/', 6) - 6);
  const Fields own = inner == nullptr ? fields : Fields(*inner, fields.place("pushNotificationConfig"));
  config.id = own.text("id");
  config.url = own.needed_text("url");
  config.token = own.text("token");
  if (const auto* const authentication = own.find("authentication")) {
    const Fields how(*authentication, own.place("authentication"));
    config.authentication.emplace();
    config.authentication->scheme = how.text("scheme");
    if (const auto schemes = how.texts("schemes"); !schemes.empty())
      config.authentication->scheme = schemes.front();
    config.authentication->credentials = how.text("credentials");
  }
  return config;
}

/// The kind that 0.3 writes; empty: none.
[[nodiscard]] std::string kind_of(const json::value& value) { return Fields(value, "result").text("kind"); }

}  // namespace

Task read_task(const json::value& value) { return read_task_at(value, "task"); }

SendMessageResponse read_send_response(const json::value& value) {
  const std::string kind = kind_of(value);
  if (kind == "task") return read_task_at(value, "task");
  if (kind == "message") return read_message(value, "message");
  const Fields fields(value, "result");
  if (const auto* const task = fields.find("task")) return read_task_at(*task, "result.task");
  if (const auto* const message = fields.find_any({"message", "msg"}))
    return read_message(*message, "result.message");
  throw Malformed("result is neither a task nor a message");
}

StreamResponse read_stream_response(const json::value& value) {
  const std::string kind = kind_of(value);
  if (kind == "status-update") return read_status_update(value, "statusUpdate");
  if (kind == "artifact-update") return read_artifact_update(value, "artifactUpdate");
  const Fields fields(value, "result");
  if (const auto* const update = fields.find("statusUpdate"))
    return read_status_update(*update, "result.statusUpdate");
  if (const auto* const update = fields.find("artifactUpdate"))
    return read_artifact_update(*update, "result.artifactUpdate");
  return std::visit([](auto&& either) -> StreamResponse { return std::forward<decltype(either)>(either); },
                    read_send_response(value));
}

TaskPage read_task_page(const json::value& value) {
  const Fields fields(value, "result");
  TaskPage page;
  fields.each_of("tasks", [&](const json::value& each, const std::string& where) {
    page.tasks.push_back(read_task_at(each, where));
  });
  page.next_page_token = fields.text("nextPageToken");
  if (const auto* const total = fields.find("totalSize"); total != nullptr && total->is_int64())
    page.total_size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, total->get_int64()));
  return page;
}

TaskPushNotificationConfig read_push_config(const json::value& value) {
  return read_config_at(value, "config");
}

std::vector<TaskPushNotificationConfig> read_push_configs(const json::value& value) {
  std::vector<TaskPushNotificationConfig> all;
  const auto add = [&](const json::value& each, const std::string& where) {
    all.push_back(read_config_at(each, where));
  };
  // 0.3's JSON-RPC gives the list itself.
  if (value.is_array()) {
    for (const json::value& each : value.get_array()) add(each, "config");
  } else {
    Fields(value, "result").each_of("configs", add);
  }
  return all;
}

std::optional<TaskState> state_in(const json::value& result) noexcept {
  if (!result.is_object()) return std::nullopt;
  const auto* holder = &result.get_object();
  for (const std::string_view name : {"task", "statusUpdate"}) {
    if (const auto* const inner = holder->if_contains(name); inner != nullptr && inner->is_object())
      holder = &inner->get_object();
  }
  const auto* const status = holder->if_contains("status");
  if (status == nullptr || !status->is_object()) return std::nullopt;
  const auto* const state = status->get_object().if_contains("state");
  return state != nullptr && state->is_string() ? parse_task_state(state->get_string()) : std::nullopt;
}

}  // namespace switchgear::a2a::wire
