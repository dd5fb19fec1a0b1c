#include "switchgear/a2a/wire/call.hpp"

#include <boost/json/serialize.hpp>
#include <cmath>
#include <utility>

#include "switchgear/a2a/json/fields.hpp"
#include "switchgear/a2a/json/parse.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/a2a/wire/write.hpp"

namespace switchgear::a2a::wire {

namespace json = boost::json;

namespace {

struct Names {
  Method method;
  std::string_view v1_0, v0_3;
};
constexpr std::array names{
    Names{Method::send_message, "SendMessage", "message/send"},
    Names{Method::send_streaming_message, "SendStreamingMessage", "message/stream"},
    Names{Method::get_task, "GetTask", "tasks/get"},
    Names{Method::list_tasks, "ListTasks", ""},
    Names{Method::cancel_task, "CancelTask", "tasks/cancel"},
    Names{Method::subscribe_to_task, "SubscribeToTask", "tasks/resubscribe"},
    Names{Method::create_push_config, "CreateTaskPushNotificationConfig", "tasks/pushNotificationConfig/set"},
    Names{Method::get_push_config, "GetTaskPushNotificationConfig", "tasks/pushNotificationConfig/get"},
    Names{Method::list_push_configs, "ListTaskPushNotificationConfigs", "tasks/pushNotificationConfig/list"},
    Names{Method::delete_push_config, "DeleteTaskPushNotificationConfig",
          "tasks/pushNotificationConfig/delete"},
    Names{Method::get_extended_card, "GetExtendedAgentCard", "agent/getAuthenticatedExtendedCard"},
};

[[nodiscard]] const Names& names_of(Method method) noexcept {
  return names.at(static_cast<std::size_t>(method));
}

[[nodiscard]] std::string text_at(const json::object& params, std::string_view name) {
  const auto* const found = params.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

[[nodiscard]] json::object renamed(const json::object& params, std::string_view task,
                                   std::string_view config) {
  json::object older;
  older[task] = text_at(params, "taskId");
  if (!config.empty()) older[config] = text_at(params, "id");
  return older;
}

[[nodiscard]] json::object rpc_params_v03(Method method, const json::object& params) {
  switch (method) {
    case Method::send_message:
    case Method::send_streaming_message:
      return send_params_v03(params);
    case Method::create_push_config:
      return push_params_v03(params);
    case Method::get_push_config:
    case Method::delete_push_config:
      return renamed(params, "id", "pushNotificationConfigId");
    case Method::list_push_configs:
      return renamed(params, "id", {});
    default:
      return params;
  }
}

[[nodiscard]] HttpCall encode_rpc(Method method, const json::object& params, const AgentInterface& to) {
  const bool newer = to.version == ProtocolVersion::v1_0;
  json::object envelope;
  envelope["jsonrpc"] = "2.0";
  envelope["id"] = 1;  // one call a request: there is nothing else to tell it from
  envelope["method"] = rpc_name(method, to.version);
  json::object inner = newer ? params : rpc_params_v03(method, params);
  if (newer && !to.tenant.empty()) inner["tenant"] = to.tenant;
  envelope["params"] = std::move(inner);
  return {"POST", {}, {}, json::serialize(envelope)};
}

/// Members as a query, but those that are part of the path.
[[nodiscard]] http::Query query_of(const json::object& params) {
  http::Query query;
  for (const auto& [name, value] : params) {
    if (name == "id" || name == "taskId") continue;
    query.emplace_back(name, value.is_string() ? std::string(value.get_string()) : json::serialize(value));
  }
  return query;
}

[[nodiscard]] std::string body_of_push_v03(const json::object& params) {
  json::object body;
  const std::string parent = "tasks/" + text_at(params, "taskId");
  std::string id = text_at(params, "id");
  if (id.empty()) id = text_at(params, "taskId");
  body["parent"] = parent;
  body["configId"] = id;
  json::object& config = body["config"].emplace_object();
  config["name"] = parent + "/pushNotificationConfigs/" + id;
  json::object inner = push_params_v03(params);
  config["pushNotificationConfig"] = std::move(inner["pushNotificationConfig"]);
  return json::serialize(body);
}

[[nodiscard]] HttpCall encode_rest(Method method, const json::object& params, const AgentInterface& to) {
  const bool newer = to.version == ProtocolVersion::v1_0;
  std::string base = newer ? "" : "/v1";
  if (newer && !to.tenant.empty()) base = "/" + http::url_encoded(to.tenant);
  const std::string task = "/tasks/" + http::url_encoded(text_at(params, "id"));
  const std::string configs =
      "/tasks/" + http::url_encoded(text_at(params, "taskId")) + "/pushNotificationConfigs";
  const std::string config = configs + "/" + http::url_encoded(text_at(params, "id"));
  switch (method) {
    case Method::send_message:
    case Method::send_streaming_message:
      return {"POST",
              base + (method == Method::send_message ? "/message:send" : "/message:stream"),
              {},
              json::serialize(newer ? params : send_body_v03(params))};
    case Method::get_task:
      return {"GET", base + task, query_of(params), {}};
    case Method::list_tasks:
      return {"GET", base + "/tasks", query_of(params), {}};
    case Method::cancel_task:
      return {"POST", base + task + ":cancel", {}, "{}"};
    case Method::subscribe_to_task:
      return {"GET", base + task + ":subscribe", {}, {}};
    case Method::create_push_config:
      return {"POST", base + configs, {}, newer ? json::serialize(params) : body_of_push_v03(params)};
    case Method::get_push_config:
      return {"GET", base + config, {}, {}};
    case Method::list_push_configs:
      return {"GET", base + configs, {}, {}};
    case Method::delete_push_config:
      return {"DELETE", base + config, {}, {}};
    case Method::get_extended_card:
      break;
  }
  return {"GET", newer ? base + "/extendedAgentCard" : base + "/card", {}, {}};
}

/// What an agent says beside a code and a message.
struct Told {
  Errc error = Errc::other_error;
  std::int64_t code = 0;
  std::string message;
  std::string data;
};

[[noreturn]] void fail(std::string_view agent, Told told, const Answer& answer) {
  const std::error_code code = told.error;
  std::string text = "agent '" + std::string(agent) + "': " + code.message();
  if (told.code != 0) text += " (" + std::to_string(told.code) + ")";
  if (told.error == Errc::http_status) text += ": " + std::to_string(answer.status);
  if (!told.message.empty()) text += ": " + told.message.substr(0, 500);
  throw Error(code, std::move(text),
              {told.code, answer.status, std::move(told.message), std::move(told.data), answer.retry_after});
}

/// `-32603.0` is the integer -32603; `"-32603"` and 1.5 are none.
[[nodiscard]] std::optional<std::int64_t> integer_of(const json::value* value) noexcept {
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (!value->is_double()) return std::nullopt;
  constexpr double most = 9007199254740992.0;  // 2^53: beyond that a double is not exact
  const double number = value->get_double();
  if (!(number >= -most && number <= most) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

[[nodiscard]] const json::value* not_null(const json::object& object, std::string_view name) noexcept {
  const auto* const found = object.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

/// The reason of google.rpc.ErrorInfo among the details.
[[nodiscard]] std::optional<Errc> reason_of(const json::object& error, std::string_view list) {
  const auto* const details = error.if_contains(list);
  if (details == nullptr || !details->is_array()) return std::nullopt;
  for (const json::value& each : details->get_array()) {
    if (!each.is_object()) continue;
    if (const auto found = errc_of_reason(text_at(each.get_object(), "reason"))) return found;
  }
  return std::nullopt;
}

[[nodiscard]] Told rpc_error(const json::object& error, std::int64_t code) {
  Told told;
  told.code = code;
  told.error = errc_of_rpc_code(told.code);
  told.message = text_at(error, "message");
  if (const auto* const data = error.if_contains("data")) told.data = json::serialize(*data);
  return told;
}

/// google.rpc.Status of 1.0, `{"error": {…}}`, or 0.3's `{"code": -32001, "message": …}`.
[[nodiscard]] std::optional<Told> rest_error(const json::value& body) {
  if (!body.is_object()) return std::nullopt;
  const json::object& outer = body.get_object();
  const auto* const inner = outer.if_contains("error");
  const json::object& error = inner != nullptr && inner->is_object() ? inner->get_object() : outer;
  if (const auto code = integer_of(error.if_contains("code")); code && *code < 0)
    return rpc_error(error, *code);
  Told told;
  told.message = text_at(error, "message");
  if (const auto* const details = error.if_contains("details")) told.data = json::serialize(*details);
  const auto reason = reason_of(error, "details");
  if (!reason) return std::nullopt;
  told.error = *reason;
  return told;
}

[[nodiscard]] json::value decode_rpc(const Answer& answer, std::string_view agent) {
  const json::value body = parse_json(answer.body);
  if (!body.is_object()) throw Malformed("the answer is not an object");
  const json::object& envelope = body.get_object();
  if (const auto* const error = not_null(envelope, "error")) {
    if (!error->is_object()) throw Malformed("error is not an object");
    if (not_null(envelope, "result") != nullptr) throw Malformed("the answer has both a result and an error");
    const auto code = integer_of(error->get_object().if_contains("code"));
    if (!code) throw Malformed("error.code is not an integer");
    fail(agent, rpc_error(error->get_object(), *code), answer);
  }
  const auto* const result = envelope.if_contains("result");
  if (result == nullptr) throw Malformed("the answer has neither a result nor an error");
  return *result;
}

[[nodiscard]] json::value decode_rest(const Answer& answer, bool good, std::string_view agent) {
  json::value body = parse_json(answer.body);
  if (auto told = rest_error(body)) fail(agent, *std::move(told), answer);
  if (!good) fail(agent, {Errc::http_status, 0, std::string(answer.body.substr(0, 200)), {}}, answer);
  // An event of a stream that is an error comes behind a good status.
  if (body.is_object() && not_null(body.get_object(), "error") != nullptr)
    fail(agent, {Errc::internal_error, 0, json::serialize(body), {}}, answer);
  return body;
}

/// Throws Malformed if it is not one of the method's; Error for a card.
void check_result(Method method, const json::value& result, std::string_view agent) {
  switch (method) {
    case Method::send_message:
      (void)read_send_response(result);
      return;
    case Method::send_streaming_message:
    case Method::subscribe_to_task:
      (void)read_stream_response(result);
      return;
    case Method::get_task:
    case Method::cancel_task:
      (void)read_task(result);
      return;
    case Method::list_tasks:
      (void)read_task_page(result);
      return;
    case Method::create_push_config:
    case Method::get_push_config:
      (void)read_push_config(result);
      return;
    case Method::list_push_configs:
      (void)read_push_configs(result);
      return;
    case Method::get_extended_card:
      (void)AgentCard::parse(json::serialize(result), agent);
      return;
    case Method::delete_push_config:
      return;
  }
}

}  // namespace

Again again_of(Method method) noexcept {
  const bool acts = method == Method::send_message || method == Method::send_streaming_message ||
                    method == Method::create_push_config;
  return acts ? Again::harmful : Again::harmless;
}

std::string_view rpc_name(Method method, ProtocolVersion version) noexcept {
  return version == ProtocolVersion::v1_0 ? names_of(method).v1_0 : names_of(method).v0_3;
}

std::optional<Method> parse_rpc_name(std::string_view name) noexcept {
  for (const Names& each : names) {
    if (!name.empty() && (name == each.v1_0 || name == each.v0_3)) return each.method;
  }
  return std::nullopt;
}

HttpCall encode(Method method, const json::object& params, const AgentInterface& to) {
  if (rpc_name(method, to.version).empty()) {
    throw Error(Errc::no_such_method,
                "version " + std::string(to_string(to.version)) + " of the protocol does not have " +
                    std::string(names_of(method).v1_0) + ", and '" + to.url + "' speaks no later one");
  }
  return to.binding == Binding::jsonrpc ? encode_rpc(method, params, to) : encode_rest(method, params, to);
}

json::value decode(const Answer& answer, Binding binding, std::string_view agent) {
  const bool good = answer.status >= 200 && answer.status < 300;
  try {
    if (good && answer.body.empty() && binding == Binding::http_json) return json::object{};
    return binding == Binding::jsonrpc ? decode_rpc(answer, agent) : decode_rest(answer, good, agent);
  } catch (const Malformed& wrong) {
    if (good) fail(agent, {Errc::malformed, 0, wrong.what(), {}}, answer);
  }
  fail(agent, {Errc::http_status, 0, std::string(answer.body.substr(0, 200)), {}}, answer);
}

json::value decode_result(Method method, const Answer& answer, Binding binding, std::string_view agent) {
  json::value result = decode(answer, binding, agent);
  try {
    if (answer.body.empty() && method != Method::delete_push_config) throw Malformed("the answer is empty");
    check_result(method, result, agent);
  } catch (const Malformed& wrong) {
    fail(agent, {Errc::malformed, 0, wrong.what(), {}}, answer);
  }
  return result;
}

}  // namespace switchgear::a2a::wire
