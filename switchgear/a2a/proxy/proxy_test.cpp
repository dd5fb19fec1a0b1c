// What a proxy makes of calls to agents and of their cards.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/proxy/card_rewrite.hpp"
#include "switchgear/a2a/proxy/passed_call.hpp"

namespace switchgear::a2a {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using wire::Method;

TEST(PassedCall, IsToldByItsLineAndItsContent) {
  struct Row {
    std::string_view http_method, path, content;
    std::optional<Method> method;
    Again again = Again::harmless;
  };
  constexpr auto harmful = Again::harmful;
  const std::vector<Row> rows{
      {"POST", "/rpc", R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{}})", Method::send_message,
       harmful},
      {"POST", "/rpc", R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{}})", Method::get_task},
      {"POST", "/rpc", R"({"method":"unheard/of"})", std::nullopt, harmful},
      {"POST", "/rpc", R"({"method":7})", std::nullopt, harmful},
      {"POST", "/rpc", "{", std::nullopt, harmful},
      {"POST", "/rest/message:send", "{}", Method::send_message, harmful},
      {"POST", "/t/message:stream", "{}", Method::send_streaming_message, harmful},
      {"GET", "/tasks", "", Method::list_tasks},
      {"GET", "/rest/tasks/1", "", Method::get_task},
      {"POST", "/rest/tasks/1:cancel", "{}", Method::cancel_task},
      {"GET", "/v1/tasks/1:subscribe", "", Method::subscribe_to_task},
      {"POST", "/tasks/1/pushNotificationConfigs", "{}", Method::create_push_config, harmful},
      {"POST", "/tasks/1:cancel", R"({"method":"message/send"})", Method::send_message, harmful},
      {"POST", "/tasks/1:cancel", R"({"method":"unheard/of"})", Method::cancel_task, harmful},
      {"POST", "/message:send", R"({"method":"tasks/get"})", Method::get_task, harmful},
      {"GET", "/tasks/1", R"({"method":"SendMessage"})", Method::send_message, harmful},
      {"GET", "/tasks/1/pushNotificationConfigs", "", Method::list_push_configs},
      {"GET", "/tasks/1/pushNotificationConfigs/2", "", Method::get_push_config},
      {"DELETE", "/tasks/1/pushNotificationConfigs/2", "", Method::delete_push_config},
      {"GET", "/index.html", "", std::nullopt},
  };
  for (const Row& row : rows) {
    const PassedCall call = PassedCall::of(row.http_method, row.path, row.content);
    EXPECT_EQ(call.by_body ? call.by_body : call.by_path, row.method)
        << row.http_method << " " << row.path << " " << row.content;
    EXPECT_EQ(call.again(), row.again) << row.http_method << " " << row.path << " " << row.content;
    EXPECT_FALSE(call.wants_card);
  }
  EXPECT_TRUE(PassedCall::of("GET", "/.well-known/agent-card.json", "").wants_card);
  EXPECT_TRUE(PassedCall::of("GET", "/rest/extendedAgentCard", "").wants_card);
  const PassedCall extended =
      PassedCall::of("POST", "/", R"({"method":"agent/getAuthenticatedExtendedCard"})");
  EXPECT_TRUE(extended.wants_card);
  EXPECT_EQ(extended.card_form, CardForm::rpc);
}

TEST(PassedCall, MayBeAMessageIfAgentsReadItsBodyInDifferentWays) {
  for (const std::string_view content :
       {R"({"jsonrpc":"2.0","method":"message/send","method":"tasks/get"})",
        R"({"jsonrpc":"2.0","method":"tasks/get","method":"message/send"})",
        R"({"\u006dethod":"message/send","method":"tasks/get"})",
        R"({"method":"tasks/get","Method":"message/send"})",
        R"({"METHOD":"message/send","id":1,"method":"tasks/get"})",
        R"({"method":"tasks/get","params":{"id":"a"},"params":{"id":"b"}})"}) {
    const PassedCall call = PassedCall::of("POST", "/rpc", content);
    EXPECT_EQ(call.content, PassedCall::Content::unknown) << content;
    EXPECT_EQ(call.by_body, std::nullopt) << content;
    EXPECT_EQ(call.again(), Again::harmful) << content;
  }
  for (const std::string_view content :
       {R"({"method":"tasks/get","params":{"method":"x","method":"y"},"id":[{"a":1,"a":2}]})",
        R"( { "method" : "tasks/get" , "id" : "\"}:,{\\" , "x:\"" : ":" } )"})
    EXPECT_EQ(PassedCall::of("POST", "/rpc", content).by_body, Method::get_task) << content;
}

TEST(PassedCall, KnowsTheCardByEachOfItsNamesAndSpellings) {
  for (const std::string_view path :
       {"/.well-known/agent-card.json", "/.well-known/agent.json", "/.well-known/agent%2Dcard.json",
        "/.well-known/agent-card%2ejson", "/v2/.well-known%2fagent.json", "/.well-known/agent-card.json/",
        "/.well-known/agent.json%2F", "/.Well-Known/Agent-Card.json", "/rest/extended%41gentCard",
        "/v1/card/"}) {
    const PassedCall call = PassedCall::of("GET", path, "");
    EXPECT_TRUE(call.wants_card) << path;
    EXPECT_EQ(call.card_form, CardForm::plain) << path;
  }
  for (const std::string_view path :
       {"/", "", "/agent.json", "/agent-card.json%", "/agent-card.json%2", "/x%zz"})
    EXPECT_FALSE(PassedCall::of("GET", path, "").wants_card) << path;
}

TEST(PassedCall, NotifiesWithoutAnId) {
  for (const std::string_view id : {"", R"("id":null,)"})
    EXPECT_TRUE(PassedCall::of("POST", "/", "{" + std::string(id) + R"("method":"message/send"})").notifies);
  for (const std::string_view id : {R"("id":0,)", R"("id":"",)"})
    EXPECT_FALSE(PassedCall::of("POST", "/", "{" + std::string(id) + R"("method":"message/send"})").notifies);
}

TEST(PassedCall, IsNoEvidenceWhereTheAgentNeedNotSpeakTheProtocol) {
  const PassedCall get = PassedCall::of("GET", "/tasks/t", "");
  const auto verdict = [&](Expects expects, unsigned status, std::string_view body) {
    return outcome_of_answer(FailureClassifier(), get, expects, {status, body, {}}, Again::harmless, 1s)
        .verdict;
  };
  for (const std::string_view page : {"<html>", "", "{}", "7", R"({"error":"not found"})"}) {
    EXPECT_EQ(verdict(Expects::protocol, 200, page), Verdict::failure) << page;
    EXPECT_EQ(verdict(Expects::unsure, 200, page), Verdict::ignored) << page;
    EXPECT_EQ(verdict(Expects::anything, 200, page), Verdict::success) << page;
  }
  EXPECT_EQ(verdict(Expects::unsure, 200, R"({"code":-32603})"), Verdict::failure);
  EXPECT_EQ(verdict(Expects::unsure, 200, R"({"id":"t","status":{"state":"working"}})"), Verdict::success);
  EXPECT_EQ(verdict(Expects::unsure, 502, "<html>"), Verdict::failure);
}

TEST(PassedCall, IsJudgedByItsBody) {
  const FailureClassifier rules;
  const PassedCall get = PassedCall::of("GET", "/tasks/t", "");
  const auto verdict_of = [&](const PassedCall& call, unsigned status, std::string_view body) {
    return outcome_of_answer(rules, call, Expects::protocol, {status, body, {}}, Again::harmless, 1s).verdict;
  };
  const auto verdict = [&](unsigned status, std::string_view body) { return verdict_of(get, status, body); };
  EXPECT_EQ(verdict(200, "{}"), Verdict::failure);
  EXPECT_EQ(verdict(200, ""), Verdict::failure);
  EXPECT_EQ(
      outcome_of_answer(rules, get, Expects::anything, {200, R"({"id":7})", {}}, Again::harmless, 1s).verdict,
      Verdict::success)
      << "a page of the agent's own";
  const PassedCall forget = PassedCall::of("DELETE", "/tasks/t/pushNotificationConfigs/c", "");
  EXPECT_EQ(verdict_of(forget, 204, ""), Verdict::success);
  EXPECT_EQ(verdict_of(PassedCall::of("POST", "/", R"({"method":"unheard/of"})"), 200,
                       R"({"jsonrpc":"2.0","id":1,"result":7})"),
            Verdict::success);
  EXPECT_EQ(verdict(200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603}})"), Verdict::failure);
  EXPECT_EQ(verdict(200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001}})"), Verdict::ignored);
  EXPECT_EQ(verdict(200, R"({"id":"t","status":{"state":"TASK_STATE_FAILED"}})"), Verdict::success);
  EXPECT_EQ(verdict(200, "{"), Verdict::failure);
  EXPECT_EQ(verdict(404, R"({"error":{"code":404,"details":[{"reason":"TASK_NOT_FOUND"}]}})"),
            Verdict::ignored);
  EXPECT_EQ(verdict(502, "<html>"), Verdict::failure);
  EXPECT_EQ(verdict(429, ""), Verdict::failure);
  FailureRules strict;
  strict.task_states = {TaskState::failed};
  EXPECT_EQ(outcome_of_answer(FailureClassifier(strict), get, Expects::protocol,
                              {200, R"({"kind":"task","id":"t","status":{"state":"failed"}})", {}},
                              Again::harmless, 1s)
                .verdict,
            Verdict::failure);
}

TEST(ProxyPlace, IsFoundByWhatTwoFormsOfAPathHaveInCommon) {
  const auto differ = [](std::string_view callers, std::string_view agents) {
    const Prefixes found = differing_prefixes(callers, agents);
    return std::string(found.callers) + " " + std::string(found.agents);
  };
  EXPECT_EQ(differ("/planner/.well-known/agent-card.json", "/.well-known/agent-card.json"), "/planner ");
  EXPECT_EQ(differ("/planner/.well-known/agent-card.json", "/v2/.well-known/agent-card.json"),
            "/planner /v2");
  EXPECT_EQ(differ("/card", "/card"), " ");
  EXPECT_EQ(differ("/a", "/b"), "/a /b");
  EXPECT_EQ(differ("/xcard", "/card"), "/xcard /card") << "whole segments only";
}

const ProxyPlace place{
    {"http://planner:9000", "https://planner.example"}, "/v2", "https://gw:8443", "/planner"};

TEST(RewrittenCard, LeadsToTheProxy) {
  const std::string text =
      rewritten_card(R"({"name":"P","iconUrl":"https://cdn/x.png","signatures":[{}],"supportedInterfaces":[
      {"url":"http://planner:9000/v2/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"http://planner:9000/v2/grpc","protocolBinding":"GRPC","protocolVersion":"1.0"},
      {"url":"https://planner.example/v2","protocolBinding":"HTTP+JSON","protocolVersion":"1.0","tenant":"t"},
      {"url":"https://thief.example/v2/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"http://planner:9000/v22/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})",
                     place);
  EXPECT_EQ(json::parse(text),
            json::parse(R"({"name":"P","iconUrl":"https://cdn/x.png","supportedInterfaces":[
      {"url":"https://gw:8443/planner/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"https://gw:8443/planner","protocolBinding":"HTTP+JSON","protocolVersion":"1.0","tenant":"t"}]})"))
      << text;
}

TEST(RewrittenCard, OfAnOlderVersionHasAnInterfaceInFront) {
  const std::string text =
      rewritten_card(R"({"name":"P","url":"https://thief.example/","preferredTransport":"JSONRPC",
      "additionalInterfaces":[{"url":"https://thief.example/","transport":"JSONRPC"},
                              {"url":"http://planner:9000/v2/rest","transport":"HTTP+JSON"}]})",
                     place);
  EXPECT_EQ(json::parse(text),
            json::parse(R"({"name":"P","url":"https://gw:8443/planner/rest","preferredTransport":"HTTP+JSON",
      "additionalInterfaces":[{"url":"https://gw:8443/planner/rest","transport":"HTTP+JSON"}]})"))
      << text;
}

TEST(RewrittenCard, OfBothVersionsLeadsNoCallerPastTheProxy) {
  const std::string interfaces =
      R"("supportedInterfaces":[{"url":"http://planner:9000/v2/rpc","protocolBinding":"JSONRPC"}])";
  const std::string rewritten =
      R"("supportedInterfaces":[{"url":"https://gw:8443/planner/rpc","protocolBinding":"JSONRPC"}])";
  const std::vector<std::pair<std::string, std::string>> rows{
      {R"(,"url":"http://planner:9000/v2/old","preferredTransport":"JSONRPC",
          "additionalInterfaces":[{"url":"http://planner:9000/v2/rest","transport":"HTTP+JSON"}])",
       R"(,"url":"https://gw:8443/planner/old","preferredTransport":"JSONRPC",
          "additionalInterfaces":[{"url":"https://gw:8443/planner/rest","transport":"HTTP+JSON"}])"},
      {R"(,"url":"http://planner:9000/v2/grpc","preferredTransport":"GRPC",
          "additionalInterfaces":[{"url":"http://thief/","transport":"HTTP+JSON"}])",
       ""},
      {R"(,"preferredTransport":"JSONRPC","additionalInterfaces":[])", ""},
      {R"(,"url":"","preferredTransport":null,"additionalInterfaces":null)", ""},
      {R"(,"url":"http://thief/","supported_interfaces":[{"url":"http://thief/"}],
          "additional_interfaces":[{"url":"http://thief/"}],"preferred_transport":"JSONRPC")",
       ""}};
  for (const auto& [more, expected] : rows) {
    const std::string text = rewritten_card("{" + interfaces + more + "}", place);
    EXPECT_EQ(json::parse(text), json::parse("{" + rewritten + expected + "}")) << text;
  }
  const std::string older = rewritten_card(
      R"({"url":"http://planner:9000/v2","supportedInterfaces":[{"url":"http://thief/","protocolBinding":"JSONRPC"}]})",
      place);
  EXPECT_EQ(older, R"({"url":"https://gw:8443/planner"})");
}

TEST(RewrittenCard, HasNoKeyThatACallerMayTakeForAnAddress) {
  const std::string interface =
      R"("url":"http://planner:9000/v2/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0")";
  const std::string rewritten =
      R"({"supportedInterfaces":[{"url":"https://gw:8443/planner/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})";
  for (const std::string_view name : {"URL", "Url", "SupportedInterfaces", "supported_interfaces",
                                      "\xC5\xBFupportedInterfaces", "Additional_Interfaces", "SIGNATURES"}) {
    const std::string text = rewritten_card("{\"" + std::string(name) + R"(":[{"url":"http://thief/"}],)" +
                                                R"("supportedInterfaces":[{)" + interface + "}]}",
                                            place);
    EXPECT_EQ(text, rewritten) << name;
  }
  for (const std::string_view name : {"URL", "uRL", "PROTOCOLBINDING", "protocol_binding", "Tenant"}) {
    const std::string text = rewritten_card(
        R"({"supportedInterfaces":[{)" + interface + ",\"" + std::string(name) + R"(":"http://thief/"}]})",
        place);
    EXPECT_EQ(text, rewritten) << name;
  }
}

TEST(RewrittenCard, KeepsEachNumberAsItWasWritten) {
  const std::string numbers =
      R"("a":1e999,"b":-1E+999,"c":12345678901234567890123,"d":0.1000000000000000055511151231257827,"e":1.0,)"
      R"("f":-0,"g":[1,2.50],"h":"##1e999#","i":"\"12\\","j":"\u0023\u0023\u0023")";
  const std::string text = rewritten_card(R"({"url":"http://planner:9000/v2",)" + numbers + "}", place);
  EXPECT_EQ(text,
            R"({"url":"https://gw:8443/planner",)"
            R"("a":1e999,"b":-1E+999,"c":12345678901234567890123,"d":0.1000000000000000055511151231257827,)"
            R"("e":1.0,"f":-0,"g":[1,2.50],"h":"##1e999#","i":"\"12\\","j":"###"})");
  for (const std::string_view wrong : {"01", "1.", "--1", "1e", "+1", ".5"})
    EXPECT_THROW(
        (void)rewritten_card(R"({"url":"http://planner:9000/v2","a":)" + std::string(wrong) + "}", place),
        Error)
        << wrong;
}

TEST(RewrittenCard, MayBeAmongOtherAnswers) {
  const std::string text = rewritten_card(
      R"([{"jsonrpc":"2.0","id":1,"result":{"id":"t"}},
          {"jsonrpc":"2.0","id":2,"result":{"url":"http://planner:9000/v2","skills":[]},"x":"http://thief/"}])",
      place, CardForm::rpc_list);
  EXPECT_EQ(text, R"([{"jsonrpc":"2.0","id":1,"result":{"id":"t"}},)"
                  R"({"jsonrpc":"2.0","id":2,"result":{"url":"https://gw:8443/planner","skills":[]}}])");
}

TEST(RewrittenCard, TellsWhichInterfacesAreLeft) {
  std::vector<OfferedInterface> offered;
  (void)rewritten_card(R"({"supportedInterfaces":[
      {"url":"http://planner:9000/v2/rpc/","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"https://thief/","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"http://planner:9000/v2","protocolBinding":"HTTP+JSON","protocolVersion":"0.3","tenant":"t"}],
      "url":"http://planner:9000/v2/old"})",
                       place, CardForm::plain, &offered);
  ASSERT_EQ(offered.size(), 3U);
  EXPECT_EQ(offered[0].path, "/v2/rpc");
  EXPECT_EQ(offered[0].version, ProtocolVersion::v1_0);
  EXPECT_EQ(offered[1].binding, Binding::http_json);
  EXPECT_EQ(offered[1].version, ProtocolVersion::v0_3);
  EXPECT_EQ(offered[1].tenant, "t");
  EXPECT_EQ(offered[2].path, "/v2/old");
  EXPECT_EQ(offered[2].version, ProtocolVersion::v0_3);
}

TEST(RewrittenCard, IsAllThatIsLeftOfAnAnswerOfJsonRpc) {
  const std::string text = rewritten_card(
      R"({"jsonrpc":"2.0","id":1,"url":"http://thief/","result":{"name":"P","url":"http://planner:9000/v2"},
          "error":null,"supportedInterfaces":[{"url":"http://thief/"}]})",
      place, CardForm::rpc);
  EXPECT_EQ(text, R"({"jsonrpc":"2.0","id":1,"result":{"name":"P","url":"https://gw:8443/planner"}})");
  EXPECT_EQ(rewritten_card(R"({"jsonrpc":"2.0","id":1,"url":"http://thief/","error":{"code":-32007}})", place,
                           CardForm::rpc),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32007}})");
  const std::string card = R"({"jsonrpc":"2.0","id":1,"url":"http://thief/","result":7})";
  EXPECT_THROW((void)rewritten_card(card, place, CardForm::rpc), Error);
  EXPECT_THROW((void)rewritten_card(card, place), Error) << "a key `jsonrpc` does not make a card an answer";
  EXPECT_THROW((void)rewritten_card(R"({"jsonrpc":"2.0","result":{"url":"http://planner:9000/v2"}})", place),
               Error);
}

TEST(RewrittenCard, HasNoInterfaceWhosePathCouldLeadElsewhere) {
  ProxyPlace same = place;
  same.agents_prefix = same.proxy_prefix = "";
  for (const std::string_view path :
       {"/../billing/rpc", "/%2e%2E/billing", "/.%2e/billing", "/a/..", "/a/%2E", "/./rpc", "/..%2fbilling",
        "/..%5Cbilling", "/a%2Frpc", "/a/..?x=1"}) {
    const std::string card = R"({"url":"http://planner:9000)" + std::string(path) + "\"}";
    EXPECT_THROW((void)rewritten_card(card, same), Error) << path;
  }
  EXPECT_EQ(rewritten_card(R"({"url":"http://planner:9000/a.b/..c/%2e%2ed?to=/../x"})", same),
            R"({"url":"https://gw:8443/a.b/..c/%2e%2ed?to=/../x"})");
}

TEST(RewrittenCard, HasNoInterfaceThatTheProxyLeadsElsewhere) {
  ProxyPlace same = place;
  same.agents_prefix = same.proxy_prefix = "";
  same.leads_to_agent = [](std::string_view path) { return path.starts_with("/planner/"); };
  EXPECT_EQ(rewritten_card(R"({"url":"http://planner:9000/planner/rpc?to=1"})", same),
            R"({"url":"https://gw:8443/planner/rpc?to=1"})");
  try {
    (void)rewritten_card(R"({"url":"http://planner:9000/billing/rpc"})", same);
    ADD_FAILURE();
  } catch (const Error& bad) {
    EXPECT_NE(std::string_view(bad.what()).find("/billing/rpc here, which does not lead to this agent"),
              std::string_view::npos)
        << bad.what();
  }
}

TEST(CardForm, IsToldByKeys) {
  EXPECT_EQ(card_form_of(R"({"supportedInterfaces":[]})"), CardForm::plain);
  EXPECT_EQ(card_form_of(R"({"supported_interfaces":[]})"), CardForm::plain);
  EXPECT_EQ(card_form_of(R"({"url":"x","skills":[]})"), CardForm::plain);
  EXPECT_EQ(card_form_of(R"({"jsonrpc":"2.0","result":{"url":"x","skills":[]}})"), CardForm::rpc);
  EXPECT_EQ(card_form_of(R"([{"result":7},{"result":{"url":"x","skills":[]}}])"), CardForm::rpc_list);
  EXPECT_EQ(card_form_of(R"({"SupportedInterfaces":[]})"), CardForm::plain);
  for (const std::string_view other : {"", "{", "7", "[]", "{}", R"({"url":"x"})", R"({"result":7})",
                                       R"({"result":{"id":"t","skills":[]}})"})
    EXPECT_EQ(card_form_of(other), std::nullopt) << other;
}

TEST(RewrittenCard, IsRefusedWhenNothingOfItLeadsThroughTheProxy) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {R"({"name":"P","url":"https://thief.example/"})",
       "the card has no interface that leads through the gateway; https://thief.example/ is of another "
       "origin"},
      {R"({"supportedInterfaces":[{"url":"http://planner:9000/x","protocolBinding":"JSONRPC"}]})",
       "the card has no interface that leads through the gateway; http://planner:9000/x is outside of the "
       "path /v2"},
      {R"({"supportedInterfaces":7})", "the card cannot be read: card.supportedInterfaces is not a list"},
      {"<html>", "the card cannot be read: is not JSON: syntax error at byte 0"},
      {"{}", "the card cannot be read: card.supportedInterfaces is missing"},
  };
  for (const auto& [text, expected] : rows) {
    try {
      (void)rewritten_card(text, place);
      ADD_FAILURE() << text;
    } catch (const Error& bad) {
      EXPECT_EQ(bad.code(), Errc::bad_card);
      EXPECT_EQ(std::string_view(bad.what()), expected);
    }
  }
}

}  // namespace
}  // namespace switchgear::a2a
