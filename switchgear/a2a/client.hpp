// a2a/: calls to agents by the Agent2Agent protocol, 1.0 and 0.3, over JSON-RPC and HTTP+JSON, with policies
// around each of them. Never here: an agent's side of the protocol, gRPC, what a message means.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/client/agent_guard.hpp"
#include "switchgear/a2a/client_options.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/event_stream.hpp"
#include "switchgear/a2a/message.hpp"
#include "switchgear/pipeline/pipeline.hpp"

namespace switchgear::a2a {

/// About one message.
struct SendOptions : CallSettings {
  SendOptions() {}  // NOLINT: see CallSettings
  SendMessageConfiguration configuration{};
  boost::json::object metadata{};
};

/// About one task.
struct TaskOptions : CallSettings {
  TaskOptions() {}                                // NOLINT: see CallSettings
  std::optional<std::uint32_t> history_length{};  ///< messages of its history in the answer; for get()
};

/// One agent, found by its card, with policies around each call.
///
///     CircuitBreaker breaker{"planner", {.consecutive_failures = 3}};
///     Retry retry{"planner", {.max_attempts = 3}};
///     a2a::Client planner{io.get_executor(), "http://planner:8080", Pipeline{retry, breaker}};
///
///     const SendMessageResponse answer = co_await planner.send(Message{"a weekend in Rome"});
///     if (const Task* task = std::get_if<Task>(&answer)) …
///
/// What a call completes with: its result; or an exception. Error when the agent answered with one (also with
/// HTTP status 200) or with something that the protocol does not have; http::Error when no answer came;
/// Rejected when a policy refused or the time was over. What is a failure of the agent: failure_rules.hpp.
///
/// Repeated by a Retry: what reads, and CancelTask. A message only when the agent cannot have acted on it: no
/// connection was made, or it answered 429 or 503 with Retry-After; or if
/// ClientOptions::duplicates says that it tells duplicates.
///
/// Interfaces: those of one version, in the card's order. The next one is asked when the breaker of the one
/// before is open or no connection to it can be made. The policies see the whole as one attempt.
///
/// Executor: calls run on `executor`, which must not run two things at once (an io_context of one thread, or
/// a strand). Start them from any thread; each handler runs on its own executor, or on the client's.
/// Cancellation: by the handler's slot; the connection in use is closed, the task at the agent goes on.
///
/// Lifetime: the policies outlive the calls and streams; the client need not, but the executor's context
/// must. For code that blocks: blocking_client.hpp.
class Client {
 public:
  /// Throws http::Error for a URL that cannot be called, and std::invalid_argument for options that cannot
  /// be used. Does not connect: the card is fetched when it is first needed.
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, ClientOptions options = {})
      : Client(executor, base_url, Pipeline{}, std::move(options)) {}
  template <PipelineLike P>
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, const P& pipeline,
         ClientOptions options = {})
      : core_(std::make_shared<AgentCore>(executor, base_url, std::move(options))),
        guard_(std::make_shared<PipelineGuard<P>>(pipeline, core_->options().failures)) {}
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, Policy& policy,
         ClientOptions options = {})
      : Client(executor, base_url, Pipeline{policy}, std::move(options)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// The card, from memory while it is fresh. Not through the policies.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto card(Token&& token = Token()) {
    return begin(fetch_card(core_), std::forward<Token>(token));
  }
  /// The card for callers that the agent knows (GetExtendedAgentCard). Not kept.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto extended_card(CallSettings settings = {}, Token&& token = Token()) {
    return begin(ask_extended_card(parts(), std::move(settings)), std::forward<Token>(token));
  }

  /// SendMessage. Precondition: message.message_id is not empty.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto send(Message message, SendOptions options = {}, Token&& token = Token()) {
    return begin(ask_send(parts(), std::move(message), std::move(options)), std::forward<Token>(token));
  }
  /// SendStreamingMessage. Completes with the first event at hand.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto stream(Message message, SendOptions options = {}, Token&& token = Token()) {
    return begin(ask_stream(parts(), std::move(message), std::move(options)), std::forward<Token>(token));
  }
  /// SubscribeToTask: the task as it is, then its events.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto subscribe(std::string task_id, TaskOptions options = {}, Token&& token = Token()) {
    return begin(ask_subscribe(parts(), std::move(task_id), std::move(options)), std::forward<Token>(token));
  }
  /// GetTask.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto get(std::string task_id, TaskOptions options = {}, Token&& token = Token()) {
    return begin(ask_get(parts(), std::move(task_id), std::move(options)), std::forward<Token>(token));
  }
  /// ListTasks, one page. Agents of 0.3 do not have it: Errc::no_such_method.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto list(ListTasks which = {}, CallSettings settings = {}, Token&& token = Token()) {
    return begin(ask_list(parts(), std::move(which), std::move(settings)), std::forward<Token>(token));
  }
  /// CancelTask. The task as it is then.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto cancel(std::string task_id, TaskOptions options = {}, Token&& token = Token()) {
    return begin(ask_cancel(parts(), std::move(task_id), std::move(options)), std::forward<Token>(token));
  }

  /// Create-, Get-, List- and DeleteTaskPushNotificationConfig.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto create_push_config(TaskPushNotificationConfig config, CallSettings settings = {},
                          Token&& token = Token()) {
    return begin(ask_create_push(parts(), std::move(config), std::move(settings)),
                 std::forward<Token>(token));
  }
  template <class Token = boost::asio::use_awaitable_t<>>
  auto get_push_config(std::string task_id, std::string id, CallSettings settings = {},
                       Token&& token = Token()) {
    return begin(ask_get_push(parts(), std::move(task_id), std::move(id), std::move(settings)),
                 std::forward<Token>(token));
  }
  template <class Token = boost::asio::use_awaitable_t<>>
  auto list_push_configs(std::string task_id, CallSettings settings = {}, Token&& token = Token()) {
    return begin(ask_list_push(parts(), std::move(task_id), std::move(settings)), std::forward<Token>(token));
  }
  template <class Token = boost::asio::use_awaitable_t<>>
  auto delete_push_config(std::string task_id, std::string id, CallSettings settings = {},
                          Token&& token = Token()) {
    return begin(ask_delete_push(parts(), std::move(task_id), std::move(id), std::move(settings)),
                 std::forward<Token>(token));
  }

  /// The breakers of its interfaces and skills. Threads: any.
  [[nodiscard]] BreakerRegistry& registry() const noexcept { return core_->registry(); }
  /// What it calls the agent: ClientOptions::name.
  [[nodiscard]] const std::string& name() const noexcept { return core_->name(); }
  /// Closes idle connections that are stale. Threads: any; it happens on the executor, soon.
  void close_idle();
  [[nodiscard]] const boost::asio::any_io_executor& get_executor() const noexcept {
    return core_->executor();
  }
  /// For health checks (agent_health.hpp).
  [[nodiscard]] const std::shared_ptr<AgentCore>& core() const noexcept { return core_; }

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;
  /// What a call needs of its client, which may go away.
  struct Parts {
    Parts(std::shared_ptr<AgentCore> its_core, std::shared_ptr<AgentGuard> its_guard)
        : core(std::move(its_core)), guard(std::move(its_guard)) {}
    std::shared_ptr<AgentCore> core;
    std::shared_ptr<AgentGuard> guard;
  };

  template <class T, class Token>
  auto begin(Awaitable<T> call, Token&& token) {
    return boost::asio::co_spawn(core_->executor(), std::move(call), std::forward<Token>(token));
  }
  [[nodiscard]] Parts parts() const { return {core_, guard_}; }

  [[nodiscard]] static Awaitable<Reply> ask(Parts parts, wire::Method method, boost::json::object params,
                                            const CallSettings& settings);
  [[nodiscard]] static EventStream stream_of(const Parts& parts, const CallSettings& settings, Reply opened);
  static Awaitable<std::shared_ptr<const AgentCard>> fetch_card(std::shared_ptr<AgentCore> core);
  static Awaitable<std::shared_ptr<const AgentCard>> ask_extended_card(Parts parts, CallSettings settings);
  static Awaitable<SendMessageResponse> ask_send(Parts parts, Message message, SendOptions options);
  static Awaitable<EventStream> ask_stream(Parts parts, Message message, SendOptions options);
  static Awaitable<EventStream> ask_subscribe(Parts parts, std::string task_id, TaskOptions options);
  static Awaitable<Task> ask_get(Parts parts, std::string task_id, TaskOptions options);
  static Awaitable<TaskPage> ask_list(Parts parts, ListTasks which, CallSettings settings);
  static Awaitable<Task> ask_cancel(Parts parts, std::string task_id, TaskOptions options);
  static Awaitable<TaskPushNotificationConfig> ask_create_push(Parts parts, TaskPushNotificationConfig config,
                                                               CallSettings settings);
  static Awaitable<TaskPushNotificationConfig> ask_get_push(Parts parts, std::string task_id, std::string id,
                                                            CallSettings settings);
  static Awaitable<std::vector<TaskPushNotificationConfig>> ask_list_push(Parts parts, std::string task_id,
                                                                          CallSettings settings);
  static Awaitable<void> ask_delete_push(Parts parts, std::string task_id, std::string id,
                                         CallSettings settings);

  std::shared_ptr<AgentCore> core_;
  std::shared_ptr<AgentGuard> guard_;
};

}  // namespace switchgear::a2a
