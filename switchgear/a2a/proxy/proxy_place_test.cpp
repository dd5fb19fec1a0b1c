// What a proxy makes of an agent's addresses, and what it knows of its paths.
#include "switchgear/a2a/proxy/proxy_place.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "switchgear/a2a/proxy/known_agent.hpp"

namespace switchgear::a2a {
namespace {

TEST(PassageOfRedirect, LeadsThroughTheProxyOrNowhere) {
  ProxyPlace place{{"http://planner:9000"}, "/v2", "https://gw:8443", "/planner", {}};
  place.leads_to_agent = [](std::string_view path) { return path.starts_with("/planner"); };
  struct Row {
    std::string_view location, url, why_not;
  };
  const std::vector<Row> rows{
      {"http://planner:9000/v2/card.json", "https://gw:8443/planner/card.json", ""},
      {"/v2/card.json?a=/../b", "https://gw:8443/planner/card.json?a=/../b", ""},
      {"card.json", "https://gw:8443/planner/.well-known/card.json", ""},
      {"../card.json", "https://gw:8443/planner/card.json", ""},
      {"https://gw:8443/planner/card.json", "https://gw:8443/planner/card.json", ""},
      {"http://gw/v2/card.json", "https://gw:8443/planner/card.json", ""},
      {"http://gw:9000/v2/card.json", "https://gw:8443/planner/card.json", ""},
      {"http://gw:9001/v2/card.json", "", "http://gw:9001/v2/card.json is of another origin"},
      {"http://planner:9001/v2/card.json", "", "http://planner:9001/v2/card.json is of another origin"},
      {"https://planner:9000/v2/card.json", "", "https://planner:9000/v2/card.json is of another origin"},
      {"//thief/v2/card.json", "", "//thief/v2/card.json is of another origin"},
      {"/card.json", "", "/card.json is outside of the path /v2"},
      {"/v2/a%2fx", "", "/v2/a%2fx has dots or encoded slashes in its path"},
  };
  for (const Row& row : rows) {
    const Passage found = passage_of_redirect(row.location, "/v2/.well-known/agent-card.json", place);
    EXPECT_EQ(found.url, row.url) << row.location << ": " << found.why_not;
    EXPECT_EQ(found.why_not, row.why_not) << row.location;
  }
  for (const std::string_view odd :
       {"javascript:alert(1)", "../../../card.json", "/v2/..%2fx", "ftp://planner:9000/v2",
        "http://u:p@planner:9000/v2", "http://[", "\x01"})
    EXPECT_EQ(passage_of_redirect(odd, "/v2/card", place).url, "") << odd;
}

TEST(KnownAgent, SpeaksTheProtocolWhereItsCardSays) {
  KnownAgent agent;
  EXPECT_TRUE(agent.may_take_rpc_at("/anywhere")) << "no card is known";
  EXPECT_FALSE(agent.takes_http_json_at("/tasks/1"));
  EXPECT_FALSE(agent.has_card_at("/card"));
  agent.learn_card("/card", {{Binding::jsonrpc, ProtocolVersion::v1_0, "/rpc", ""},
                             {Binding::http_json, ProtocolVersion::v1_0, "/rest", "acme"},
                             {Binding::http_json, ProtocolVersion::v0_3, "", ""},
                             {Binding::http_json, ProtocolVersion::v0_3, "/own/v1", ""}});
  EXPECT_TRUE(agent.has_card_at("/card"));
  EXPECT_FALSE(agent.has_card_at("/other"));
  EXPECT_TRUE(agent.may_take_rpc_at("/rpc"));
  EXPECT_TRUE(agent.may_take_rpc_at("/rpc/"));
  EXPECT_FALSE(agent.may_take_rpc_at("/anywhere"));
  for (const std::string_view path :
       {"/rest/tasks", "/rest/tasks/1", "/rest/tasks/1:cancel", "/rest/tasks/1/pushNotificationConfigs",
        "/rest/tasks/1/pushNotificationConfigs/2", "/rest/message:send", "/rest/message:stream",
        "/rest/extendedAgentCard", "/rest/acme/tasks/1", "/rest/tasks/", "/v1/tasks/1", "/v1/card",
        "/own/v1/message:send"})
    EXPECT_TRUE(agent.takes_http_json_at(path)) << path;
  for (const std::string_view path :
       {"/tasks/1", "/restful/tasks/1", "/rest/v1/tasks/1", "/rest/other/tasks/1", "/rest/tasks/1/2", "/rest",
        "/rest/tasksx", "/rest/tasks/1/pushNotificationConfigs/2/3", "/rest/card", "/v1/extendedAgentCard",
        "/x/v1/tasks/1", "/own/message:send", "/rest/acme/acme/tasks"})
    EXPECT_FALSE(agent.takes_http_json_at(path)) << path;
  agent.learn_card("/card", {});
  EXPECT_FALSE(agent.takes_http_json_at("/rest/tasks")) << "the latest card counts";
}

}  // namespace
}  // namespace switchgear::a2a
