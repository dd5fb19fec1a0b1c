// The client for code that blocks.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/client.hpp"
#include "switchgear/async/client_thread.hpp"

namespace switchgear::a2a {

/// The events of one task, for code that blocks:
///
///     BlockingEventStream events = planner.stream(Message{"plan a trip"});
///     while (const auto event = events.next()) …
///
/// As EventStream. Lifetime: its client outlives it. Threads: one at a time.
class BlockingEventStream {
 public:
  BlockingEventStream(boost::asio::io_context& io, EventStream events)
      : io_(&io), events_(std::make_shared<EventStream>(std::move(events))) {}
  BlockingEventStream(BlockingEventStream&&) noexcept = default;
  BlockingEventStream& operator=(BlockingEventStream&&) = delete;
  ~BlockingEventStream();

  [[nodiscard]] std::optional<StreamResponse> next();
  [[nodiscard]] const std::string& task_id() const noexcept { return events_->task_id(); }
  [[nodiscard]] unsigned resubscriptions() const noexcept { return events_->resubscriptions(); }

 private:
  boost::asio::io_context* io_;
  std::shared_ptr<EventStream> events_;
};

/// The same as Client, but each function returns its result, and throws what an awaited call throws:
///
///     a2a::BlockingClient planner{"http://planner:8080", Pipeline{retry, breaker}};
///     const SendMessageResponse answer = planner.send(Message{"a weekend in Rome"});
///
/// It has a thread of its own, which makes the calls; the caller's thread sleeps until its result is there,
/// no longer than the call's timeout. Threads: any, several at once. Lifetime: the policies outlive it, and
/// it outlives its calls and streams. Not for code that runs on an executor: it would block it.
class BlockingClient {
 public:
  /// Throws as Client's constructor does.
  explicit BlockingClient(std::string_view base_url, ClientOptions options = {})
      : BlockingClient(base_url, Pipeline{}, std::move(options)) {}
  template <PipelineLike P>
  BlockingClient(std::string_view base_url, const P& pipeline, ClientOptions options = {})
      : thread_(), client_(thread_.executor(), base_url, pipeline, std::move(options)) {
    thread_.start([this] { client_.close_idle(); });
  }
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  BlockingClient(std::string_view base_url, Policy& policy, ClientOptions options = {})
      : BlockingClient(base_url, Pipeline{policy}, std::move(options)) {}
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient() { thread_.stop(); }

  std::shared_ptr<const AgentCard> card();
  std::shared_ptr<const AgentCard> extended_card(CallSettings settings = {});
  SendMessageResponse send(Message message, SendOptions options = {});
  BlockingEventStream stream(Message message, SendOptions options = {});
  BlockingEventStream subscribe(std::string task_id, TaskOptions options = {});
  Task get(std::string task_id, TaskOptions options = {});
  TaskPage list(ListTasks which = {}, CallSettings settings = {});
  Task cancel(std::string task_id, TaskOptions options = {});
  TaskPushNotificationConfig create_push_config(TaskPushNotificationConfig config,
                                                CallSettings settings = {});
  TaskPushNotificationConfig get_push_config(std::string task_id, std::string id, CallSettings settings = {});
  std::vector<TaskPushNotificationConfig> list_push_configs(std::string task_id, CallSettings settings = {});
  void delete_push_config(std::string task_id, std::string id, CallSettings settings = {});

  [[nodiscard]] BreakerRegistry& registry() const noexcept { return client_.registry(); }

 private:
  switchgear::detail::ClientThread thread_;
  Client client_;
};

}  // namespace switchgear::a2a
