#include "switchgear/a2a/proxy/passed_call.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>

#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/json/malformed.hpp"
#include "switchgear/a2a/json/parse.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::a2a {

namespace {

using wire::Method;

constexpr std::string_view tasks = "/tasks/";

/// `/tasks/ID:cancel`, `/tasks/ID/pushNotificationConfigs/C`, wherever the interface is.
[[nodiscard]] std::optional<Method> method_of_task_path(std::string_view http_method, std::string_view rest) {
  const bool configs = rest.find("/pushNotificationConfigs") != std::string_view::npos;
  const bool gets = http_method == "GET";
  if (http_method == "POST" && rest.ends_with(":cancel")) return Method::cancel_task;
  if ((gets || http_method == "POST") && rest.ends_with(":subscribe")) return Method::subscribe_to_task;
  if (configs && http_method == "POST") return Method::create_push_config;
  if (configs && http_method == "DELETE") return Method::delete_push_config;
  if (configs && gets)
    return rest.ends_with("/pushNotificationConfigs") ? Method::list_push_configs : Method::get_push_config;
  if (gets) return Method::get_task;
  return std::nullopt;
}

[[nodiscard]] int hex(char c) noexcept {
  const char low = http::to_lower(c);
  if (low >= '0' && low <= '9') return low - '0';
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// As an agent may read it: decoded, in lower case, without slashes at its end.
[[nodiscard]] std::string read_leniently(std::string_view path) {
  std::string text;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const bool coded =
        path[at] == '%' && at + 2 < path.size() && hex(path[at + 1]) >= 0 && hex(path[at + 2]) >= 0;
    text += http::to_lower(coded ? static_cast<char>(hex(path[at + 1]) * 16 + hex(path[at + 2])) : path[at]);
    if (coded) at += 2;
  }
  text.resize(text.find_last_not_of('/') + 1);
  return text;
}

[[nodiscard]] bool is_cards_path(std::string_view path) {
  const std::string text = read_leniently(path);
  return text.ends_with("/agent-card.json") || text.ends_with("/.well-known/agent.json");
}
[[nodiscard]] bool is_extended_cards_path(std::string_view path) {
  const std::string text = read_leniently(path);
  return text.ends_with("/extendedagentcard") || text.ends_with("/v1/card");
}

[[nodiscard]] std::optional<Method> method_of_path(std::string_view http_method, std::string_view path) {
  if (http_method == "POST" && path.ends_with("/message:send")) return Method::send_message;
  if (http_method == "POST" && path.ends_with("/message:stream")) return Method::send_streaming_message;
  if (http_method == "GET" && is_extended_cards_path(path)) return Method::get_extended_card;
  if (http_method == "GET" && path.ends_with("/tasks")) return Method::list_tasks;
  if (const std::size_t at = path.rfind(tasks); at != std::string_view::npos)
    return method_of_task_path(http_method, path.substr(at + tasks.size()));
  return std::nullopt;
}

[[nodiscard]] bool is_of_rpc(const boost::json::value& body) noexcept {
  return body.is_object() && body.get_object().contains("jsonrpc");
}

/// The number of keys of an object, repeated ones too. `text` is an object of valid JSON.
[[nodiscard]] std::size_t count_keys(std::string_view text) noexcept {
  std::size_t keys = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ':' && depth == 1) ++keys;
  }
  return keys;
}

/// Agents read it in different ways: of two equal keys some take the first, and some do not tell `Method`
/// from `method`.
[[nodiscard]] bool is_ambiguous(const boost::json::object& body, std::string_view text) noexcept {
  if (count_keys(text) != body.size()) return true;
  return std::any_of(body.begin(), body.end(), [](const auto& member) {
    return member.key() != "method" && http::equals_lower(member.key(), "method");
  });
}

/// A list is a batch of calls.
void read_content(std::string_view content, PassedCall& call) {
  using Content = PassedCall::Content;
  if (content.empty()) return;
  try {
    const boost::json::value body = wire::parse_json(content);
    const auto* const method = body.is_object() ? body.get_object().if_contains("method") : nullptr;
    const bool clear = method != nullptr && method->is_string() && !is_ambiguous(body.get_object(), content);
    if (clear) call.by_body = wire::parse_rpc_name(method->get_string());
    const auto* const id = body.is_object() ? body.get_object().if_contains("id") : nullptr;
    call.notifies = call.by_body && (id == nullptr || id->is_null());
    const bool calls = method != nullptr || is_of_rpc(body) || body.is_array();
    if (calls) call.content = call.by_body ? Content::rpc : Content::unknown;
  } catch (const wire::Malformed&) {
    call.content = Content::unknown;
  }
}

[[nodiscard]] constexpr bool is_sending(std::optional<Method> method) noexcept {
  return method == Method::send_message || method == Method::send_streaming_message;
}

}  // namespace

bool PassedCall::asks_for_card(std::string_view http_method, std::string_view path) noexcept {
  try {
    return http_method == "GET" && is_cards_path(path);
  } catch (...) {  // no memory
    return false;
  }
}

PassedCall PassedCall::of(std::string_view http_method, std::string_view path, std::string_view content,
                          Body body) noexcept {
  PassedCall call;
  try {
    if (asks_for_card(http_method, path)) {
      call.wants_card = true;
      return call;
    }
    call.by_path = method_of_path(http_method, path);
    if (body == Body::unread) {
      call.content = Content::unread;
    } else {
      read_content(content, call);
    }
    if (call.by_body == Method::get_extended_card) call.card_form = CardForm::rpc;
    call.wants_card = call.by_path == Method::get_extended_card || call.by_body == Method::get_extended_card;
  } catch (...) {  // no memory: it is passed on as it is
    call = {};
    call.content = Content::unknown;
  }
  return call;
}

Again PassedCall::again() const noexcept {
  if (content == Content::unknown) return Again::harmful;
  for (const auto& method : {by_path, by_body}) {
    if (method && wire::again_of(*method) == Again::harmful) return Again::harmful;
  }
  return Again::harmless;
}

bool PassedCall::sends() const noexcept { return is_sending(by_path) || is_sending(by_body); }

bool PassedCall::streams() const noexcept {
  return (by_path && wire::is_streaming(*by_path)) || (by_body && wire::is_streaming(*by_body));
}

namespace {

[[nodiscard]] bool is_list(std::string_view text) noexcept {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at != std::string_view::npos && text[at] == '[';
}

[[nodiscard]] bool is_list_of_rpc(const boost::json::value& body) noexcept {
  return body.is_array() && !body.get_array().empty() && std::ranges::all_of(body.get_array(), is_of_rpc);
}

[[nodiscard]] bool is_one_rpc_answer(std::string_view text) noexcept {
  try {
    return is_of_rpc(wire::parse_json(text));
  } catch (...) {
    return false;
  }
}

/// With a good status: not an answer of the protocol, nor one of its errors.
[[nodiscard]] bool is_not_the_protocol(const Error& failed) noexcept {
  if (failed.report().http_status >= 300) return false;
  const auto code = static_cast<Errc>(failed.code().value());
  if (code == Errc::malformed || code == Errc::bad_card) return true;
  return code == Errc::internal_error && failed.report().rpc_code == 0;  // `{"error": …}` of another form
}

[[nodiscard]] Outcome ignored(Duration latency) noexcept {
  Outcome outcome = Outcome::ignored(latency);
  outcome.repeat = Repeat::pointless;
  return outcome;
}

/// Of the answers to a list of calls, the worst: one failure is a failure of the agent, and one good answer
/// shows it to work. Precondition: not empty.
[[nodiscard]] Outcome outcome_of_list(const FailureClassifier& rules, const boost::json::array& answers,
                                      const wire::Answer& whole, Again again, Duration latency) {
  Outcome sum = ignored(latency);
  for (const boost::json::value& each : answers) {
    const std::string text = boost::json::serialize(each);
    const Outcome one = outcome_of_answer(rules, {.content = PassedCall::Content::unknown}, Expects::anything,
                                          {whole.status, text, whole.retry_after}, again, latency);
    if (one.verdict == Verdict::failure) return one;
    if (one.verdict == Verdict::success) sum = one;
  }
  return sum;
}

}  // namespace

bool is_rpc_answer(std::string_view text) noexcept {
  try {
    const boost::json::value body = wire::parse_json(text);
    return is_of_rpc(body) || is_list_of_rpc(body);
  } catch (...) {
    return false;
  }
}

Outcome outcome_of_status(const FailureClassifier& rules, unsigned status,
                          std::optional<Duration> retry_after, Again again, Duration latency) {
  if (status < 400) return Outcome::success(latency);
  return rules.of_error(Errc::http_status, {0, status, {}, {}, retry_after}, again, latency);
}

Outcome outcome_of_answer(const FailureClassifier& rules, const PassedCall& call, Expects expects,
                          const wire::Answer& answer, Again again, Duration latency) {
  try {
    if (!call.known() && is_list(answer.body)) {
      const boost::json::value body = wire::parse_json(answer.body);
      if (is_list_of_rpc(body)) return outcome_of_list(rules, body.get_array(), answer, again, latency);
    }
    const bool either = call.by_path.has_value() || !call.by_body;
    const bool by_rpc = either ? is_one_rpc_answer(answer.body) : true;
    const Binding binding = by_rpc ? Binding::jsonrpc : Binding::http_json;
    const std::optional<Method> method = by_rpc && call.by_body ? call.by_body : call.by_path;
    const boost::json::value result = method && expects != Expects::anything
                                          ? wire::decode_result(*method, answer, binding, "")
                                          : wire::decode(answer, binding, "");
    return rules.of_result(wire::state_in(result), latency);
  } catch (const Error& failed) {
    if (expects == Expects::unsure && is_not_the_protocol(failed)) return ignored(latency);
    if (expects == Expects::anything && call.known() && is_not_the_protocol(failed))
      return Outcome::success(latency);
    return rules.of_error(static_cast<Errc>(failed.code().value()), failed.report(), again, latency);
  }
}

}  // namespace switchgear::a2a
