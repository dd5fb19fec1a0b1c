#include "switchgear/a2a/wire/write.hpp"

#include <boost/json/array.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "switchgear/a2a/json/base64.hpp"

namespace switchgear::a2a::wire {

namespace json = boost::json;

namespace {

void put(json::object& into, std::string_view name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}
void put(json::object& into, std::string_view name, const json::object& object) {
  if (!object.empty()) into[name] = object;
}
void put(json::object& into, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array& list = into[name].emplace_array();
  for (const std::string& text : texts) list.emplace_back(text);
}

struct ContentWriter {
  json::object& part;

  void operator()(const std::string& text) const { part["text"] = text; }
  void operator()(const Raw& raw) const { part["raw"] = to_base64(raw.bytes); }
  void operator()(const FileUrl& file) const { part["url"] = file.url; }
  void operator()(const json::value& data) const { part["data"] = data; }
};

[[nodiscard]] json::object write_part(const Part& part) {
  json::object object;
  std::visit(ContentWriter{object}, part.content);
  put(object, "filename", part.filename);
  put(object, "mediaType", part.media_type);
  put(object, "metadata", part.metadata);
  return object;
}

enum class Form { json_rpc, http_json };

/// What names a file's content, its address, its type and its name.
struct FileNames {
  std::string_view bytes, url;
};

[[nodiscard]] json::object file_of(const json::object& part, const FileNames& names) {
  json::object file;
  if (const auto* const raw = part.if_contains("raw")) file[names.bytes] = *raw;
  if (const auto* const url = part.if_contains("url")) file[names.url] = *url;
  if (const auto* const type = part.if_contains("mediaType")) file["mimeType"] = *type;
  if (const auto* const name = part.if_contains("filename")) file["name"] = *name;
  return file;
}

[[nodiscard]] json::object part_v03(const json::object& part, Form form) {
  const bool rpc = form == Form::json_rpc;
  json::object older;
  std::string_view kind = "text";
  if (const auto* const text = part.if_contains("text")) {
    older["text"] = *text;
  } else if (const auto* const data = part.if_contains("data")) {
    kind = "data";
    older["data"] = rpc ? *data : json::value(json::object{{"data", *data}});
  } else {
    kind = "file";
    older["file"] =
        file_of(part, rpc ? FileNames{"bytes", "uri"} : FileNames{"fileWithBytes", "fileWithUri"});
  }
  if (rpc) older["kind"] = kind;
  if (const auto* const metadata = part.if_contains("metadata")) older["metadata"] = *metadata;
  return older;
}

[[nodiscard]] json::object message_v03(json::object message, Form form) {
  json::array parts;
  if (const auto* const newer = message.if_contains("parts")) {
    for (const json::value& part : newer->as_array()) parts.emplace_back(part_v03(part.as_object(), form));
  }
  if (form == Form::json_rpc) {
    message["kind"] = "message";
    message["role"] = message["role"] == "ROLE_AGENT" ? "agent" : "user";
    message["parts"] = std::move(parts);
  } else {
    message.erase("parts");
    message["content"] = std::move(parts);
  }
  return message;
}

[[nodiscard]] json::object config_v03(json::object config) {
  config.erase("taskId");
  if (auto* const authentication = config.if_contains("authentication")) {
    json::object& how = authentication->as_object();
    if (auto* const scheme = how.if_contains("scheme")) {
      json::array schemes;
      schemes.push_back(*scheme);
      how.erase("scheme");
      how["schemes"] = std::move(schemes);
    }
  }
  return config;
}

[[nodiscard]] json::object params_v03(json::object params, Form form) {
  params["message"] = message_v03(params["message"].as_object(), form);
  if (auto* const held = params.if_contains("configuration")) {
    json::object& configuration = held->as_object();
    const auto* const at_once = configuration.if_contains("returnImmediately");
    configuration["blocking"] = at_once == nullptr || !at_once->as_bool();
    configuration.erase("returnImmediately");
    if (auto* const push = configuration.if_contains("taskPushNotificationConfig")) {
      json::object config = config_v03(push->as_object());
      configuration.erase("taskPushNotificationConfig");
      configuration[form == Form::json_rpc ? "pushNotificationConfig" : "pushNotification"] =
          std::move(config);
    }
  }
  return params;
}

}  // namespace

json::object write_message(const Message& message) {
  json::object object;
  put(object, "messageId", message.message_id);
  put(object, "contextId", message.context_id);
  put(object, "taskId", message.task_id);
  object["role"] = message.role == Role::user ? "ROLE_USER" : "ROLE_AGENT";
  json::array& parts = object["parts"].emplace_array();
  for (const Part& part : message.parts) parts.emplace_back(write_part(part));
  put(object, "metadata", message.metadata);
  put(object, "extensions", message.extensions);
  put(object, "referenceTaskIds", message.reference_task_ids);
  return object;
}

json::object write_push_config(const TaskPushNotificationConfig& config) {
  json::object object;
  put(object, "id", config.id);
  put(object, "taskId", config.task_id);
  put(object, "url", config.url);
  put(object, "token", config.token);
  if (config.authentication) {
    json::object& how = object["authentication"].emplace_object();
    put(how, "scheme", config.authentication->scheme);
    put(how, "credentials", config.authentication->credentials);
  }
  return object;
}

json::object write_configuration(const SendMessageConfiguration& configuration) {
  json::object object;
  put(object, "acceptedOutputModes", configuration.accepted_output_modes);
  if (configuration.push_notification)
    object["taskPushNotificationConfig"] = write_push_config(*configuration.push_notification);
  if (configuration.history_length) object["historyLength"] = *configuration.history_length;
  if (configuration.return_immediately) object["returnImmediately"] = true;
  return object;
}

json::object send_params_v03(const json::object& params) { return params_v03(params, Form::json_rpc); }

json::object send_body_v03(const json::object& params) { return params_v03(params, Form::http_json); }

json::object push_params_v03(const json::object& config) {
  json::object params;
  if (const auto* const task = config.if_contains("taskId")) params["taskId"] = *task;
  params["pushNotificationConfig"] = config_v03(config);
  return params;
}

}  // namespace switchgear::a2a::wire
