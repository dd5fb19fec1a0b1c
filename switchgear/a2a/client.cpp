#include "switchgear/a2a/client.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <random>
#include <stdexcept>

#include "switchgear/a2a/client/stream_core.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/a2a/wire/write.hpp"

namespace switchgear::a2a {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::awaitable;
using std::chrono::steady_clock;
using wire::Method;

namespace {

struct AllIsTerminal {
  asio::cancellation_type_t operator()(asio::cancellation_type_t type) const noexcept {
    return type == asio::cancellation_type::none ? type : asio::cancellation_type::terminal;
  }
};

/// Reads a result; what is wrong with it is an error of the agent's.
template <class Read>
[[nodiscard]] auto read_result(const AgentCore& core, const Reply& reply, Read read) {
  try {
    return read(reply.result);
  } catch (const wire::Malformed& wrong) {
    throw Error(Errc::malformed, "agent '" + core.name() + "': its answer cannot be read: " + wrong.what());
  }
}

[[nodiscard]] json::object of_message(const Message& message, const SendOptions& options) {
  if (message.message_id.empty())
    throw std::invalid_argument("message_id: is empty; give each message an id of its own");
  if (message.parts.empty()) throw std::invalid_argument("parts: a message needs at least one part");
  json::object params;
  params["message"] = wire::write_message(message);
  json::object configuration = wire::write_configuration(options.configuration);
  if (!configuration.empty()) params["configuration"] = std::move(configuration);
  if (!options.metadata.empty()) params["metadata"] = options.metadata;
  return params;
}

[[nodiscard]] json::object of_task(const std::string& id) {
  if (id.empty()) throw std::invalid_argument("task_id: is empty; give the id of a task");
  json::object params;
  params["id"] = id;
  return params;
}

[[nodiscard]] json::object of_config(const std::string& task_id, const std::string& id) {
  if (task_id.empty()) throw std::invalid_argument("task_id: is empty; give the id of a task");
  json::object params;
  params["taskId"] = task_id;
  if (!id.empty()) params["id"] = id;
  return params;
}

[[nodiscard]] json::object of_list(const ListTasks& which) {
  json::object params;
  if (!which.context_id.empty()) params["contextId"] = which.context_id;
  if (which.status) params["status"] = to_string(*which.status);
  if (which.page_size) params["pageSize"] = *which.page_size;
  if (!which.page_token.empty()) params["pageToken"] = which.page_token;
  if (which.history_length) params["historyLength"] = *which.history_length;
  if (!which.status_timestamp_after.empty()) params["statusTimestampAfter"] = which.status_timestamp_after;
  if (which.include_artifacts) params["includeArtifacts"] = true;
  return params;
}

[[nodiscard]] std::uint64_t seed() {
  std::random_device source;
  return source();
}

}  // namespace

Client::~Client() = default;

void Client::close_idle() {
  asio::post(core_->executor(), [core = core_] { core->close_idle(); });
}

awaitable<Reply> Client::ask(Parts parts, Method method, json::object params, const CallSettings& settings) {
  const AllIsTerminal filter;
  co_await asio::this_coro::reset_cancellation_state(filter, filter);
  const ClientOptions& options = parts.core->options();
  const auto call = std::make_shared<AgentCall>(method, std::move(params));
  const Duration limit = settings.timeout.value_or(options.timeout);
  call->skill = settings.skill;
  call->again = wire::again_of(method);
  const bool sends = method == Method::send_message || method == Method::send_streaming_message;
  if (sends && options.duplicates == Duplicates::told_by_message_id) call->again = Again::harmless;
  call->about.deadline = settings.deadline;
  call->about.end_at(saturating_add(steady_clock::now(), limit));
  call->about.full_report = &call->report;
  Reply reply = co_await parts.guard->call(parts.core, call);
  co_return reply;
}

EventStream Client::stream_of(const Parts& parts, const CallSettings& settings, Reply opened) {
  CallSettings later = settings;
  later.deadline = TimePoint::max();  // it was for the first event
  AskAgent again = [parts, later](Method method, const std::string& task_id) {
    return ask(parts, method, of_task(task_id), later);
  };
  return EventStream(std::make_shared<StreamCore>(parts.core, std::move(again), std::move(opened), seed()));
}

awaitable<std::shared_ptr<const AgentCard>> Client::fetch_card(std::shared_ptr<AgentCore> core) {
  CardKeeper::Card card = co_await core->card().get();
  co_return card;
}

awaitable<std::shared_ptr<const AgentCard>> Client::ask_extended_card(Parts parts, CallSettings settings) {
  json::object none;
  const Reply reply = co_await ask(parts, Method::get_extended_card, std::move(none), settings);
  co_return std::make_shared<const AgentCard>(
      AgentCard::parse(json::serialize(reply.result), parts.core->name()));
}

awaitable<SendMessageResponse> Client::ask_send(Parts parts, Message message, SendOptions options) {
  json::object params = of_message(message, options);
  const Reply reply = co_await ask(parts, Method::send_message, std::move(params), options);
  co_return read_result(*parts.core, reply, wire::read_send_response);
}

awaitable<EventStream> Client::ask_stream(Parts parts, Message message, SendOptions options) {
  json::object params = of_message(message, options);
  const CallSettings& settings = options;
  Reply opened = co_await ask(parts, Method::send_streaming_message, std::move(params), settings);
  co_return stream_of(parts, settings, std::move(opened));
}

awaitable<EventStream> Client::ask_subscribe(Parts parts, std::string task_id, TaskOptions options) {
  json::object params = of_task(task_id);
  const CallSettings& settings = options;
  Reply opened = co_await ask(parts, Method::subscribe_to_task, std::move(params), settings);
  co_return stream_of(parts, settings, std::move(opened));
}

awaitable<Task> Client::ask_get(Parts parts, std::string task_id, TaskOptions options) {
  json::object params = of_task(task_id);
  if (options.history_length) params["historyLength"] = *options.history_length;
  const Reply reply = co_await ask(parts, Method::get_task, std::move(params), options);
  co_return read_result(*parts.core, reply, wire::read_task);
}

awaitable<TaskPage> Client::ask_list(Parts parts, ListTasks which, CallSettings settings) {
  json::object params = of_list(which);
  const Reply reply = co_await ask(parts, Method::list_tasks, std::move(params), settings);
  co_return read_result(*parts.core, reply, wire::read_task_page);
}

awaitable<Task> Client::ask_cancel(Parts parts, std::string task_id, TaskOptions options) {
  json::object params = of_task(task_id);
  const Reply reply = co_await ask(parts, Method::cancel_task, std::move(params), options);
  co_return read_result(*parts.core, reply, wire::read_task);
}

awaitable<TaskPushNotificationConfig> Client::ask_create_push(Parts parts, TaskPushNotificationConfig config,
                                                              CallSettings settings) {
  if (config.task_id.empty()) throw std::invalid_argument("task_id: is empty; give the id of a task");
  json::object params = wire::write_push_config(config);
  const Reply reply = co_await ask(parts, Method::create_push_config, std::move(params), settings);
  co_return read_result(*parts.core, reply, wire::read_push_config);
}

awaitable<TaskPushNotificationConfig> Client::ask_get_push(Parts parts, std::string task_id, std::string id,
                                                           CallSettings settings) {
  json::object params = of_config(task_id, id);
  const Reply reply = co_await ask(parts, Method::get_push_config, std::move(params), settings);
  co_return read_result(*parts.core, reply, wire::read_push_config);
}

awaitable<std::vector<TaskPushNotificationConfig>> Client::ask_list_push(Parts parts, std::string task_id,
                                                                         CallSettings settings) {
  json::object params = of_config(task_id, {});
  const Reply reply = co_await ask(parts, Method::list_push_configs, std::move(params), settings);
  co_return read_result(*parts.core, reply, wire::read_push_configs);
}

awaitable<void> Client::ask_delete_push(Parts parts, std::string task_id, std::string id,
                                        CallSettings settings) {
  json::object params = of_config(task_id, id);
  (void)co_await ask(parts, Method::delete_push_config, std::move(params), settings);
}

}  // namespace switchgear::a2a
