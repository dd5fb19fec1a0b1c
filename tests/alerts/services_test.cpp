// Slack and PagerDuty as far as their documentation describes them: what they refuse, and how they slow a
// sender down.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/alerts/alert_sink.hpp"
#include "tests/alerts/failing_shop.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// What Slack would refuse it for; empty: nothing.
std::string slack_objection(const json::value& body) {
  if (!body.is_object() || !body.as_object().contains("text")) return "no_text";
  const json::array& blocks = body.at("blocks").as_array();
  if (blocks.empty() || blocks.size() > 50) return "invalid_blocks";
  std::size_t together = 0;
  for (const json::value& block : blocks) {
    const std::string text{block.at_pointer("/text/text").as_string()};
    together += text.size();
    if (text.empty() || text.size() > (block.at("type") == "header" ? 150U : 3000U)) return "invalid_blocks";
  }
  return together > 13'000 ? "msg_blocks_too_long" : "";
}

std::string pagerduty_objection(const json::value& event) {
  const auto text = [&](std::string_view pointer) {
    boost::system::error_code error;
    const json::value* const found = event.find_pointer(pointer, error);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
  };
  if (text("/routing_key").size() != 32) return "routing_key";
  if (text("/dedup_key").empty() || text("/dedup_key").size() > 255) return "dedup_key";
  const std::string action = text("/event_action");
  if (action == "resolve" || action == "acknowledge") return "";
  if (action != "trigger") return "event_action";
  if (text("/payload/summary").empty() || text("/payload/summary").size() > 1024) return "summary";
  if (text("/payload/source").empty()) return "source";
  const std::string severity = text("/payload/severity");
  return severity == "critical" || severity == "error" || severity == "warning" || severity == "info"
             ? ""
             : "severity";
}

TEST(AlertInSlack, ComesAtMostOnceASecondAndWaitsWhenItIsToldTo) {
  std::vector<std::chrono::steady_clock::time_point> times;
  std::string objection;
  const AlertSink slack{[&](int n, const AlertSink::Post& post) {
    times.push_back(std::chrono::steady_clock::now());
    if (objection.empty()) objection = slack_objection(post.body);
    return n == 2 ? "429 Too Many Requests\r\nRetry-After: 2\r\n" : "200 OK\r\n";
  }};
  FailingShop shop;
  const GatewayProcess gateway{shop.config(
      "  channels: {oncall: {slack: {webhook: \"" + slack.url("/services/T0/B0/s3cret") + "\"}}}\n",
      "oncall")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  ASSERT_TRUE(slack.takes(2));
  EXPECT_EQ(objection, "");
  EXPECT_EQ(slack.posts()[0].target, "/services/T0/B0/s3cret");
  ASSERT_EQ(slack.posts().size(), 3U);
  EXPECT_GE(times[1] - times[0], std::chrono::milliseconds{990});
  EXPECT_GE(times[2] - times[1], std::chrono::milliseconds{1990});
  EXPECT_EQ(gateway.admin("GET", "/alerts").body.find("s3cret"), std::string::npos);
  EXPECT_EQ(gateway.log().find("s3cret"), std::string::npos);
}

TEST(AlertInPagerDuty, IsTriggeredAcknowledgedAndResolvedUnderOneKey) {
  std::string objection;
  const AlertSink pager{[&](int n, const AlertSink::Post& post) {
                          if (objection.empty()) objection = pagerduty_objection(post.body);
                          return n == 1 ? "500 Internal Server Error\r\n" : "202 Accepted\r\n";
                        },
                        R"({"status":"success","message":"Event processed","dedup_key":"k"})"};
  FailingShop shop;
  const GatewayProcess gateway{shop.config(
      "  channels: {pager: {pagerduty: {routing_key: \"0123456789abcdef0123456789abcdef\", url: \"" +
          pager.url("/v2/enqueue") + "\"}}}\n",
      "pager")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(pager.takes(1));
  const std::string all = gateway.admin("GET", "/alerts").body;
  const std::size_t at = all.find("\"id\":\"") + 6;
  const std::string id = all.substr(at, 16);
  EXPECT_EQ(gateway.admin("POST", "/alerts/" + id + "/acknowledge").status(), 200U);
  EXPECT_EQ(gateway.admin("POST", "/alerts/0000000000000000/acknowledge").status(), 404U);
  ASSERT_TRUE(pager.takes(2));
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  ASSERT_TRUE(pager.takes(3));
  EXPECT_EQ(objection, "");
  std::vector<std::string> actions;
  for (const AlertSink::Post& post : pager.taken()) {
    actions.emplace_back(post.body.at("event_action").as_string());
    EXPECT_EQ(post.body.at("dedup_key"), "switchgear/gw/opened/payment");
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"trigger", "acknowledge", "resolve"}));
  EXPECT_TRUE(gateway.logs("info admin: acknowledge of \"" + id + "\" by 127.0.0.1: done"));
}

}  // namespace
}  // namespace switchgear::wire
