// The protocol's JSON: what is written for each version and binding, and what is read of all of them.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/json/base64.hpp"
#include "switchgear/a2a/wire/call.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/a2a/wire/write.hpp"

namespace switchgear::a2a::wire {
namespace {

namespace json = boost::json;

json::object params_of(std::string_view text) { return json::parse(text).as_object(); }

AgentInterface to(Binding binding, ProtocolVersion version) { return {"http://a/x", binding, version, ""}; }

TEST(Wire, WritesEachMethodForEachInterface) {
  struct Row {
    Method method;
    std::string_view params;
    Binding binding;
    ProtocolVersion version;
    std::string_view line;
    std::string_view body;
  };
  constexpr auto rpc = Binding::jsonrpc;
  constexpr auto rest = Binding::http_json;
  constexpr auto newer = ProtocolVersion::v1_0;
  constexpr auto older = ProtocolVersion::v0_3;
  const std::vector<Row> rows{
      {Method::get_task, R"({"id":"a/b","historyLength":2})", rest, newer, "GET /tasks/a%2Fb?historyLength=2",
       ""},
      {Method::get_task, R"({"id":"t","historyLength":2})", rpc, newer, "POST ",
       R"({"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t","historyLength":2}})"},
      {Method::get_task, R"({"id":"t"})", rpc, older, "POST ",
       R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"t"}})"},
      {Method::get_task, R"({"id":"t"})", rest, older, "GET /v1/tasks/t", ""},
      {Method::cancel_task, R"({"id":"t"})", rest, newer, "POST /tasks/t:cancel", "{}"},
      {Method::subscribe_to_task, R"({"id":"t"})", rest, newer, "GET /tasks/t:subscribe", ""},
      {Method::list_tasks, R"({"status":"TASK_STATE_WORKING","pageSize":5})", rest, newer,
       "GET /tasks?status=TASK_STATE_WORKING&pageSize=5", ""},
      {Method::send_message,
       R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"},{"data":[1]},
          {"url":"http://f","mediaType":"text/plain","filename":"f"}]},"configuration":{"returnImmediately":true}})",
       rpc, older, "POST ",
       R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"messageId":"m","role":"user","parts":[{"text":"x","kind":"text"},{"data":[1],"kind":"data"},{"file":{"uri":"http://f","mimeType":"text/plain","name":"f"},"kind":"file"}],"kind":"message"},"configuration":{"blocking":false}}})"},
      {Method::send_message,
       R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"raw":"AAA="},{"data":{"k":1}}]}})", rest,
       older, "POST /v1/message:send",
       R"({"message":{"messageId":"m","role":"ROLE_USER","content":[{"file":{"fileWithBytes":"AAA="}},{"data":{"data":{"k":1}}}]}})"},
      {Method::create_push_config,
       R"({"taskId":"t","id":"c","url":"http://w","authentication":{"scheme":"Bearer","credentials":"s"}})",
       rpc, older, "POST ",
       R"({"jsonrpc":"2.0","id":1,"method":"tasks/pushNotificationConfig/set","params":{"taskId":"t","pushNotificationConfig":{"id":"c","url":"http://w","authentication":{"credentials":"s","schemes":["Bearer"]}}}})"},
      {Method::delete_push_config, R"({"taskId":"t","id":"c"})", rest, newer,
       "DELETE /tasks/t/pushNotificationConfigs/c", ""},
      {Method::delete_push_config, R"({"taskId":"t","id":"c"})", rpc, older, "POST ",
       R"({"jsonrpc":"2.0","id":1,"method":"tasks/pushNotificationConfig/delete","params":{"id":"t","pushNotificationConfigId":"c"}})"},
      {Method::get_extended_card, "{}", rest, older, "GET /v1/card", ""},
  };
  for (const Row& row : rows) {
    const HttpCall call = encode(row.method, params_of(row.params), to(row.binding, row.version));
    std::string line = call.method + " " + call.path;
    char separator = '?';
    for (const auto& [name, value] : call.query) {
      line += separator + name + "=" + value;
      separator = '&';
    }
    EXPECT_EQ(line, row.line) << row.params;
    if (row.body.empty()) {
      EXPECT_EQ(call.body, "");
    } else {
      EXPECT_EQ(json::parse(call.body), json::parse(row.body)) << call.body;
    }
  }
}

TEST(Wire, PutsTheTenantWhereTheBindingHasIt) {
  AgentInterface shared = to(Binding::http_json, ProtocolVersion::v1_0);
  shared.tenant = "a b";
  EXPECT_EQ(encode(Method::get_task, params_of(R"({"id":"t"})"), shared).path, "/a%20b/tasks/t");
  shared.binding = Binding::jsonrpc;
  const json::value body = json::parse(encode(Method::get_task, params_of(R"({"id":"t"})"), shared).body);
  EXPECT_EQ(body.at("params").at("tenant"), "a b");
}

TEST(Wire, RefusesAMethodThatAVersionDoesNotHave) {
  try {
    (void)encode(Method::list_tasks, {}, to(Binding::jsonrpc, ProtocolVersion::v0_3));
    ADD_FAILURE();
  } catch (const Error& refused) {
    EXPECT_EQ(refused.code(), Errc::no_such_method);
    EXPECT_STREQ(refused.what(),
                 "version 0.3 of the protocol does not have ListTasks, and 'http://a/x' speaks no later one");
  }
}

TEST(Wire, FindsErrorsWhereverTheyStand) {
  struct Row {
    unsigned status;
    std::string_view body;
    Binding binding;
    Errc error;
  };
  constexpr auto rpc = Binding::jsonrpc;
  constexpr auto rest = Binding::http_json;
  const std::vector<Row> rows{
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no"}})", rpc, Errc::task_not_found},
      {500, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}})", rpc,
       Errc::internal_error},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-7,"message":"no"}})", rpc, Errc::other_error},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603.0}})", rpc, Errc::internal_error},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-3.2603e4}})", rpc, Errc::internal_error},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":"-32603"}})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603.5}})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":1e300}})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"error":{}})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-32603}})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":-32603}})", rpc, Errc::internal_error},
      {200, R"({"jsonrpc":"2.0","id":1})", rpc, Errc::malformed},
      {200, R"({"jsonrpc":"2.0","id":1,"error":"no"})", rpc, Errc::malformed},
      {200, "[]", rpc, Errc::malformed},
      {200, "<html>", rpc, Errc::malformed},
      {200, "", rpc, Errc::malformed},
      {502, "<html>", rpc, Errc::http_status},
      {404,
       R"({"error":{"code":404,"status":"NOT_FOUND","message":"no","details":[{"reason":"TASK_NOT_FOUND"}]}})",
       rest, Errc::task_not_found},
      {404, R"({"code":-32001,"message":"no"})", rest, Errc::task_not_found},
      {404, "Cannot GET", rest, Errc::http_status},
      {404, R"({"error":"no"})", rest, Errc::http_status},
      {200, R"({"error":{"code":500,"message":"no","details":[{"reason":"INVALID_AGENT_RESPONSE"}]}})", rest,
       Errc::invalid_agent_response},
      {200, R"({"error":{"code":500,"message":"no"}})", rest, Errc::internal_error},
      {200, "{", rest, Errc::malformed},
  };
  for (const Row& row : rows) {
    try {
      (void)decode({row.status, row.body, {}}, row.binding, "http://a");
      ADD_FAILURE() << row.body;
    } catch (const Error& failed) {
      EXPECT_EQ(failed.code(), row.error) << row.body << ": " << failed.what();
      EXPECT_EQ(failed.http_status(), row.status);
    }
  }
  EXPECT_EQ(decode({200, R"({"jsonrpc":"2.0","id":1,"result":{"id":"t"}})", {}}, rpc, "a").at("id"), "t");
  EXPECT_EQ(decode({204, "", {}}, rest, "a"), json::object());
}

TEST(Wire, TakesOnlyAResultThatTheMethodCanHave) {
  struct Row {
    Method method;
    std::string_view body;
    Binding binding;
    bool good;
  };
  constexpr auto rpc = Binding::jsonrpc;
  constexpr auto rest = Binding::http_json;
  const std::vector<Row> rows{
      {Method::get_task, R"({"id":"t","status":{"state":"TASK_STATE_OF_TOMORROW"}})", rest, true},
      {Method::get_task, R"({"task":{"id":"t","status":{"state":"working"}}})", rest, false},
      {Method::get_task, "{}", rest, false},
      {Method::get_task, "", rest, false},
      {Method::get_task, R"({"result":null})", rpc, false},
      {Method::send_message, R"({"result":{"kind":"message","messageId":"m","parts":[]}})", rpc, true},
      {Method::send_message, R"({"result":{"statusUpdate":{}}})", rpc, false},
      {Method::subscribe_to_task, R"({"statusUpdate":{"taskId":"t","status":{"state":"working"}}})", rest,
       true},
      {Method::list_tasks, "{}", rest, true},
      {Method::list_tasks, "[]", rest, false},
      {Method::list_tasks, "", rest, false},
      {Method::list_push_configs, R"({"result":[]})", rpc, true},
      {Method::create_push_config, R"({"url":"http://w"})", rest, true},
      {Method::create_push_config, R"({"token":"x"})", rest, false},
      {Method::delete_push_config, R"({"result":null})", rpc, true},
      {Method::delete_push_config, R"({"jsonrpc":"2.0"})", rpc, false},
      {Method::delete_push_config, "", rest, true},
      {Method::get_extended_card, R"({"result":{}})", rpc, false},
  };
  for (const Row& row : rows) {
    bool good = true;
    try {
      (void)decode_result(row.method, {200, row.body, {}}, row.binding, "http://a");
    } catch (const Error& failed) {
      good = false;
      EXPECT_TRUE(failed.code() == Errc::malformed || failed.code() == Errc::bad_card) << failed.what();
    }
    EXPECT_EQ(good, row.good) << row.body;
  }
}

TEST(Wire, ReadsATaskInEveryForm) {
  for (
      const std::string_view text :
      {R"({"task":{"id":"t","contextId":"c","status":{"state":"TASK_STATE_INPUT_REQUIRED","message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"which?"}]}}}})",
       R"({"kind":"task","id":"t","contextId":"c","status":{"state":"input-required","message":{"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"text","text":"which?"}]}}})",
       R"({"task":{"id":"t","contextId":"c","status":{"state":"TASK_STATE_INPUT_REQUIRED","message":{"messageId":"m","role":"ROLE_AGENT","content":[{"text":"which?"}]}}}})"}) {
    const SendMessageResponse answer = read_send_response(json::parse(text));
    const Task* const task = std::get_if<Task>(&answer);
    ASSERT_NE(task, nullptr) << text;
    EXPECT_EQ(task->id, "t");
    EXPECT_EQ(task->status.state, TaskState::input_required);
    ASSERT_TRUE(task->status.message);
    EXPECT_EQ(task->status.message->text(), "which?");
    EXPECT_EQ(task->status.message->role, Role::agent);
  }
}

TEST(Wire, SaysWhatCannotBeRead) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {R"({})", "result is neither a task nor a message"},
      {R"({"task":7})", "result.task is not an object"},
      {R"({"task":{"id":"t"}})", "result.task.status is missing"},
      {R"({"task":{"id":"t","status":{"state":7}}})", "result.task.status.state is not a string"},
      {R"({"message":{"messageId":"m","parts":[{"raw":"?"}]}})", "result.message.parts[0].raw is not base64"},
      {R"({"artifactUpdate":{"taskId":"t"}})", "result.artifactUpdate.artifact is missing"},
  };
  for (const auto& [text, expected] : rows) {
    try {
      (void)read_stream_response(json::parse(text));
      ADD_FAILURE() << text;
    } catch (const Malformed& wrong) {
      EXPECT_EQ(std::string_view(wrong.what()), expected);
    }
  }
}

TEST(Wire, WritesWhatItReads) {
  Message message("text");
  message.context_id = "c";
  message.parts.emplace_back(Raw{std::string("\0\xFF", 2)});
  message.parts.emplace_back(FileUrl{"http://f"});
  message.parts.back().filename = "f";
  message.parts.emplace_back(json::value{{"k", 1}});
  message.extensions = {"urn:x"};
  json::object event;
  event["message"] = write_message(message);
  const StreamResponse back = read_stream_response(event);
  ASSERT_TRUE(std::holds_alternative<Message>(back));
  EXPECT_EQ(json::value(write_message(std::get<Message>(back))), event["message"]);
  EXPECT_EQ(std::get<Raw>(std::get<Message>(back).parts[1].content).bytes, std::string("\0\xFF", 2));
}

TEST(Base64, IsItsOwnInverse) {
  std::string bytes;
  for (int length = 0; length != 20; ++length) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(length * 37);
  }
  EXPECT_EQ(to_base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(from_base64("YW55IGNhcm5hbCBwbGVhcw"), "any carnal pleas");
  EXPECT_FALSE(from_base64("a"));
  EXPECT_FALSE(from_base64("a b="));
}

TEST(TaskStates, AreReadInBothSpellings) {
  for (const TaskState state : task_states) EXPECT_EQ(parse_task_state(to_string(state)), state);
  EXPECT_EQ(parse_task_state("auth-required"), TaskState::auth_required);
  EXPECT_EQ(parse_task_state("TASK_STATE_CANCELLED"), TaskState::canceled);
  EXPECT_FALSE(parse_task_state("done"));
}

}  // namespace
}  // namespace switchgear::a2a::wire
