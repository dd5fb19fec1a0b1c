// The client and the official SDK's agents: every method, both versions, both bindings.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tests/a2a/agent_peer.hpp"

namespace switchgear::a2a {
namespace {

struct Peer {
  const char* name;
  const char* script;
  std::vector<std::string> words;
  std::vector<ProtocolVersion> versions;
  bool lists;
};

const std::vector<Peer>& peers() {
  static const std::vector<Peer> all{
      {"1.0 over JSON-RPC", "agent_v1.mjs", {}, {ProtocolVersion::v1_0}, true},
      {"1.0 over HTTP+JSON", "agent_v1.mjs", {"rest-first"}, {ProtocolVersion::v1_0}, true},
      {"0.3 over JSON-RPC", "agent_v03.mjs", {}, {ProtocolVersion::v0_3}, false},
      {"0.3 over HTTP+JSON", "agent_v03.mjs", {"rest-first"}, {ProtocolVersion::v0_3}, false},
      {"1.0 that speaks 0.3", "agent_v1.mjs", {"compat"}, {ProtocolVersion::v0_3}, false},
  };
  return all;
}

/// Each is started once, for all tests.
SdkAgent& agent_of(const Peer& peer) {
  static std::map<std::string, std::unique_ptr<SdkAgent>> started;
  auto& agent = started[peer.name];
  if (!agent) agent = std::make_unique<SdkAgent>(peer.script, peer.words);
  return *agent;
}

class SdkAgents : public testing::TestWithParam<std::size_t> {
 protected:
  SdkAgents() {
    ClientOptions options;
    options.versions = peer_.versions;
    client_ = std::make_unique<BlockingClient>(agent_.url(), breaker_, options);
  }
  [[nodiscard]] Task task_of(const std::string& text) {
    const SendMessageResponse answer = client_->send(Message{text});
    EXPECT_TRUE(std::holds_alternative<Task>(answer)) << text;
    return std::holds_alternative<Task>(answer) ? std::get<Task>(answer) : Task{};
  }
  [[nodiscard]] Task begun(const std::string& text) {
    SendOptions at_once;
    at_once.configuration.return_immediately = true;
    return std::get<Task>(client_->send(Message{text}, at_once));
  }

  const Peer& peer_ = peers().at(GetParam());
  SdkAgent& agent_ = agent_of(peer_);
  CircuitBreaker breaker_{"planner", opens_after(1)};
  std::unique_ptr<BlockingClient> client_;
};

TEST_P(SdkAgents, AnswerAMessageWithAMessage) {
  const SendMessageResponse answer = client_->send(Message{"hello world"});
  ASSERT_TRUE(std::holds_alternative<Message>(answer));
  EXPECT_EQ(std::get<Message>(answer).text(), "hello, world");
  EXPECT_EQ(std::get<Message>(answer).role, Role::agent);
  EXPECT_EQ(client_->card()->name, "Planner");
  EXPECT_NE(client_->card()->skill("plan"), nullptr);
}

TEST_P(SdkAgents, AnswerAMessageWithATask) {
  const Task task = task_of("plan 2");
  EXPECT_EQ(task.status.state, TaskState::completed);
  ASSERT_EQ(task.artifacts.size(), 1U);
  EXPECT_EQ(task.artifacts[0].text(), "part 0;part 1;");
  ASSERT_FALSE(task.history.empty());
  EXPECT_EQ(task.history[0].text(), "plan 2");
  const Task again = client_->get(task.id);
  EXPECT_EQ(again.status.state, TaskState::completed);
  EXPECT_EQ(again.artifacts[0].text(), "part 0;part 1;");
}

TEST_P(SdkAgents, StreamTheirEventsInOrder) {
  BlockingEventStream events = client_->stream(Message{"plan 3"});
  std::string text;
  std::vector<TaskState> states;
  while (const auto event = events.next()) {
    if (const auto* const task = std::get_if<Task>(&*event)) states.push_back(task->status.state);
    if (const auto* const update = std::get_if<TaskStatusUpdateEvent>(&*event))
      states.push_back(update->status.state);
    if (const auto* const chunk = std::get_if<TaskArtifactUpdateEvent>(&*event))
      text += chunk->artifact.text();
  }
  EXPECT_EQ(text, "part 0;part 1;part 2;");
  EXPECT_EQ(states, (std::vector<TaskState>{TaskState::submitted, TaskState::working, TaskState::completed}));
  EXPECT_FALSE(events.task_id().empty());
  EXPECT_FALSE(events.next()) << "it stays at its end";
  EXPECT_EQ(events.resubscriptions(), 0U);
}

TEST_P(SdkAgents, AskBackAndGoOn) {
  const Task asked = task_of("ask");
  EXPECT_EQ(asked.status.state, TaskState::input_required);
  ASSERT_TRUE(asked.status.message);
  EXPECT_EQ(asked.status.message->text(), "which city?");
  Message more("plan 1");
  more.task_id = asked.id;
  more.context_id = asked.context_id;
  const SendMessageResponse answer = client_->send(more);
  ASSERT_TRUE(std::holds_alternative<Task>(answer));
  EXPECT_EQ(std::get<Task>(answer).id, asked.id);
  EXPECT_EQ(std::get<Task>(answer).status.state, TaskState::completed);
}

TEST_P(SdkAgents, CancelATaskThatIsUnderWay) {
  const Task task = begun("wait");
  EXPECT_FALSE(is_terminal(task.status.state));
  EXPECT_EQ(client_->cancel(task.id).status.state, TaskState::canceled);
  const Ended again = ended([&] { return client_->cancel(task.id); });
  EXPECT_TRUE(!again.code || again.code == Errc::task_not_cancelable) << again.text;
  EXPECT_EQ(breaker_.state(), State::closed);
}

TEST_P(SdkAgents, LetASecondCallerSubscribeToATask) {
  const Task task = begun("wait");
  BlockingEventStream events = client_->subscribe(task.id);
  const auto first = events.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(events.task_id(), task.id);
  (void)client_->cancel(task.id);
  TaskState last = TaskState::unspecified;
  while (const auto event = events.next()) {
    if (const auto* const update = std::get_if<TaskStatusUpdateEvent>(&*event)) last = update->status.state;
    if (const auto* const whole = std::get_if<Task>(&*event)) last = whole->status.state;
  }
  EXPECT_EQ(last, TaskState::canceled);
}

TEST_P(SdkAgents, KeepPushConfigurations) {
  const Task task = begun("wait");
  TaskPushNotificationConfig config;
  config.task_id = task.id;
  config.id = "c1";
  config.url = "http://127.0.0.1:9/hook";
  config.token = "secret";
  EXPECT_EQ(client_->create_push_config(config).url, config.url);
  const TaskPushNotificationConfig kept = client_->get_push_config(task.id, "c1");
  EXPECT_EQ(kept.url, config.url);
  EXPECT_EQ(kept.token, "secret");
  EXPECT_EQ(client_->list_push_configs(task.id).size(), 1U);
  client_->delete_push_config(task.id, "c1");
  EXPECT_EQ(client_->list_push_configs(task.id).size(), 0U);
  (void)client_->cancel(task.id);
}

TEST_P(SdkAgents, SayErrorsThatAreTheCallers) {
  const Ended end = ended([&] { return client_->get("nobody's"); });
  EXPECT_EQ(end.code, Errc::task_not_found) << end.text;
  EXPECT_EQ(breaker_.state(), State::closed) << "one failure would open it";
}

TEST_P(SdkAgents, ListTasksWhereTheVersionHasThat) {
  ListTasks first;
  first.page_size = 1;
  if (!peer_.lists) {
    EXPECT_EQ(ended([&] { return client_->list(first); }).code, Errc::no_such_method);
    return;
  }
  (void)task_of("plan 1");
  (void)task_of("plan 1");
  const TaskPage page = client_->list(first);
  EXPECT_EQ(page.tasks.size(), 1U);
  EXPECT_FALSE(page.next_page_token.empty());
  EXPECT_GE(page.total_size, 2U);
  ListTasks second;
  second.page_token = page.next_page_token;
  second.status = TaskState::completed;
  EXPECT_FALSE(client_->list(second).tasks.empty());
}

TEST_P(SdkAgents, ReportATaskThatFailedAsASuccessOfTheCall) {
  const Task task = task_of("fail");
  EXPECT_EQ(task.status.state, TaskState::failed);
  EXPECT_EQ(totals(breaker_).successes, 1U);
  ClientOptions strict;
  strict.versions = peer_.versions;
  strict.failures.task_states = {TaskState::failed};
  BlockingClient judged(agent_.url(), breaker_, strict);
  (void)judged.send(Message{"fail"});
  EXPECT_EQ(breaker_.state(), State::open) << "these rules count it";
}

/// The door in front of the agent resets the stream; the agent goes on.
TEST_P(SdkAgents, AreFoundAgainAfterAStreamBroke) {
  agent_.control("?cut=900&times=1");
  BlockingEventStream events = client_->stream(Message{"plan 25"});
  std::string text;
  TaskState last = TaskState::unspecified;
  while (const auto event = events.next()) {
    if (const auto* const task = std::get_if<Task>(&*event)) {
      text.clear();  // it replaces what came before
      for (const Artifact& each : task->artifacts) text += each.text();
      last = task->status.state;
    }
    if (const auto* const update = std::get_if<TaskStatusUpdateEvent>(&*event)) last = update->status.state;
    if (const auto* const chunk = std::get_if<TaskArtifactUpdateEvent>(&*event))
      text += chunk->artifact.text();
  }
  std::string whole;
  for (int i = 0; i != 25; ++i) whole += "part " + std::to_string(i) + ";";
  EXPECT_EQ(last, TaskState::completed);
  EXPECT_EQ(text, whole) << "no chunk is missing, and none is there twice";
  EXPECT_GE(events.resubscriptions(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Official, SdkAgents, testing::Range<std::size_t>(0, 5));

TEST(SdkAgent, HasAnExtendedCard) {
  BlockingClient client(agent_of(peers()[0]).url());
  EXPECT_EQ(client.card()->version, "7");
  EXPECT_EQ(client.extended_card()->version, "7 extended");
}

}  // namespace
}  // namespace switchgear::a2a
