#include "switchgear/a2a/blocking_client.hpp"

#include <boost/asio/post.hpp>

namespace switchgear::a2a {

namespace asio = boost::asio;
using asio::use_future;

/// Its connection belongs to the client's thread.
BlockingEventStream::~BlockingEventStream() {
  if (events_) asio::post(*io_, [events = std::move(events_)]() mutable { events.reset(); });
}

std::optional<StreamResponse> BlockingEventStream::next() {
  return asio::co_spawn(*io_, events_->next(), use_future).get();
}

std::shared_ptr<const AgentCard> BlockingClient::card() { return client_.card(use_future).get(); }

std::shared_ptr<const AgentCard> BlockingClient::extended_card(CallSettings settings) {
  return client_.extended_card(std::move(settings), use_future).get();
}

SendMessageResponse BlockingClient::send(Message message, SendOptions options) {
  return client_.send(std::move(message), std::move(options), use_future).get();
}

BlockingEventStream BlockingClient::stream(Message message, SendOptions options) {
  return {thread_.context(), client_.stream(std::move(message), std::move(options), use_future).get()};
}

BlockingEventStream BlockingClient::subscribe(std::string task_id, TaskOptions options) {
  return {thread_.context(), client_.subscribe(std::move(task_id), std::move(options), use_future).get()};
}

Task BlockingClient::get(std::string task_id, TaskOptions options) {
  return client_.get(std::move(task_id), std::move(options), use_future).get();
}

TaskPage BlockingClient::list(ListTasks which, CallSettings settings) {
  return client_.list(std::move(which), std::move(settings), use_future).get();
}

Task BlockingClient::cancel(std::string task_id, TaskOptions options) {
  return client_.cancel(std::move(task_id), std::move(options), use_future).get();
}

TaskPushNotificationConfig BlockingClient::create_push_config(TaskPushNotificationConfig config,
                                                              CallSettings settings) {
  return client_.create_push_config(std::move(config), std::move(settings), use_future).get();
}

TaskPushNotificationConfig BlockingClient::get_push_config(std::string task_id, std::string id,
                                                           CallSettings settings) {
  return client_.get_push_config(std::move(task_id), std::move(id), std::move(settings), use_future).get();
}

std::vector<TaskPushNotificationConfig> BlockingClient::list_push_configs(std::string task_id,
                                                                          CallSettings settings) {
  return client_.list_push_configs(std::move(task_id), std::move(settings), use_future).get();
}

void BlockingClient::delete_push_config(std::string task_id, std::string id, CallSettings settings) {
  client_.delete_push_config(std::move(task_id), std::move(id), std::move(settings), use_future).get();
}

}  // namespace switchgear::a2a
