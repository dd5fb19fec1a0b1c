#include "switchgear/a2a/agent_card.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/error.hpp"

namespace switchgear::a2a {
namespace {

constexpr std::string_view from = "http://a/card";

TEST(AgentCard, ReadsTheFormOf10) {
  const AgentCard card = AgentCard::parse(R"({"name":"P","version":"7","supportedInterfaces":[
      {"url":"https://a/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"},
      {"url":"https://a:9/grpc","protocolBinding":"GRPC","protocolVersion":"1.0"},
      {"url":"https://a/rest","protocolBinding":"HTTP+JSON","protocolVersion":"1.0.1","tenant":"t"},
      {"url":"https://a/rest","protocolBinding":"HTTP+JSON","protocolVersion":"2.0"}],
      "capabilities":{"streaming":true,"extendedAgentCard":true},
      "skills":[{"id":"plan","name":"Plan","tags":["trips"]}],"unknown":{}})",
                                          from);
  ASSERT_EQ(card.interfaces.size(), 2U);
  EXPECT_EQ(card.interfaces[0],
            (AgentInterface{"https://a/rpc", Binding::jsonrpc, ProtocolVersion::v1_0, ""}));
  EXPECT_EQ(card.interfaces[1],
            (AgentInterface{"https://a/rest", Binding::http_json, ProtocolVersion::v1_0, "t"}));
  EXPECT_EQ(card.passed_over,
            (std::vector<std::string>{"GRPC 1.0 at https://a:9/grpc", "HTTP+JSON 2.0 at https://a/rest"}));
  EXPECT_TRUE(card.capabilities.streaming);
  EXPECT_FALSE(card.capabilities.push_notifications);
  EXPECT_TRUE(card.capabilities.extended_agent_card);
  ASSERT_NE(card.skill("plan"), nullptr);
  EXPECT_EQ(card.skill("plan")->tags, std::vector<std::string>{"trips"});
  EXPECT_EQ(card.skill("other"), nullptr);
}

TEST(AgentCard, ReadsTheFormOf03) {
  const AgentCard card = AgentCard::parse(R"({"name":"P","protocolVersion":"0.3.0","url":"http://a/rpc",
      "additionalInterfaces":[{"url":"http://a/rpc","transport":"JSONRPC"},{"url":"http://a/rest","transport":"HTTP+JSON"}],
      "supportsAuthenticatedExtendedCard":true})",
                                          from);
  ASSERT_EQ(card.interfaces.size(), 2U) << "the first one is listed twice";
  EXPECT_EQ(card.interfaces[0].binding, Binding::jsonrpc);
  EXPECT_EQ(card.interfaces[1].binding, Binding::http_json);
  EXPECT_EQ(card.interfaces[1].version, ProtocolVersion::v0_3);
  EXPECT_TRUE(card.capabilities.extended_agent_card);
}

TEST(AgentCard, SaysWhatIsWrongWithOne) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {"<html>", "http://a/card: is not JSON: syntax error at byte 0"},
      {"[]", "http://a/card: card is not an object"},
      {R"({"supportedInterfaces":[]})", "http://a/card: card.name is missing"},
      {R"({"name":"P"})", "http://a/card: card.supportedInterfaces is missing"},
      {R"({"name":"P","supportedInterfaces":{}})", "http://a/card: card.supportedInterfaces is not a list"},
      {R"({"name":"P","supportedInterfaces":[{"protocolBinding":"JSONRPC"}]})",
       "http://a/card: card.supportedInterfaces[0].url is missing"},
      {R"({"name":7,"url":"http://a"})", "http://a/card: card.name is not a string"},
  };
  for (const auto& [text, expected] : rows) {
    try {
      (void)AgentCard::parse(text, from);
      ADD_FAILURE() << text;
    } catch (const Error& bad) {
      EXPECT_EQ(bad.code(), Errc::bad_card);
      EXPECT_EQ(std::string_view(bad.what()), expected);
    }
  }
  try {
    (void)AgentCard::parse(R"({"name":"P","url":"ftp://a/"})", from);
    ADD_FAILURE();
  } catch (const Error& bad) {
    EXPECT_TRUE(std::string_view(bad.what()).starts_with("http://a/card: card.url: ")) << bad.what();
  }
}

}  // namespace
}  // namespace switchgear::a2a
