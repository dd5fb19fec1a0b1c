#include "app/alert/channel/http_formats.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "app/alert/channel/message_fixture.hpp"
#include "app/alert/channel/shortened.hpp"

namespace switchgear::alert {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& value, std::string_view pointer) {
  return std::string{value.at_pointer(pointer).as_string()};
}

/// Characters of all blocks of a message for Slack, which holds itself to Slack's limits.
std::size_t checked_length(const json::value& body) {
  std::size_t together = 0;
  EXPECT_LE(body.at("blocks").as_array().size(), 50U);
  EXPECT_FALSE(body.at("text").as_string().empty()) << "what notifications show";
  for (const json::value& block : body.at("blocks").as_array()) {
    const std::string text = text_at(block, "/text/text");
    EXPECT_LE(text.size(), text_at(block, "/type") == "header" ? 150U : 3'000U);
    EXPECT_FALSE(text.empty()) << "Slack refuses an empty text";
    together += text.size();
  }
  return together;
}

TEST(SlackFormat, SaysWhatFiresSinceWhenAndWhatToDo) {
  const json::value body = json::parse(slack_body(message_of(Telling::firing), "https://gw/dashboard"));
  EXPECT_EQ(text_at(body, "/text"), "[FIRING] c0 has been open for 5m");
  EXPECT_EQ(text_at(body, "/blocks/1/text/text"),
            "*high* c0 has been open for 5m\nopen for 5m\nsince 2026-03-01T00:00:00.000Z\nwhat to do: "
            "https://wiki/open");
  EXPECT_EQ(text_at(body, "/blocks/2/text/text"), "Switchgear gw https://gw/dashboard");
}

TEST(SlackFormat, EscapesTheThreeLettersThatMeanSomething) {
  Message message = message_of(Telling::firing);
  message.alerts[0].text = "<!channel> a & b";
  const json::value body = json::parse(slack_body(message, ""));
  EXPECT_NE(text_at(body, "/blocks/1/text/text").find("&lt;!channel&gt; a &amp; b"), std::string::npos);
  EXPECT_EQ(text_at(body, "/text"), "[FIRING] &lt;!channel&gt; a &amp; b");
}

TEST(SlackFormat, StaysWithinSlacksLimitsAndCountsWhatIsLeftOut) {
  Message message = message_of(Telling::firing, 50);
  EXPECT_LE(checked_length(json::parse(slack_body(message, ""))), 13'000U);
  for (Alert& alert : message.alerts) {
    alert.text = std::string(2'000, '&');
    alert.evidence = std::string(2'000, '<');
    alert.runbook = "https://wiki/" + std::string(480, '>');
  }
  message.instance = std::string(400, 'x');
  const json::value body = json::parse(slack_body(message, "https://" + std::string(400, 'y')));
  EXPECT_LE(checked_length(body), 13'000U);
  EXPECT_NE(json::serialize(body).find("more. Switchgear"), std::string::npos);
}

TEST(PagerDutyFormat, TriggersAndResolvesUnderOneKey) {
  const json::value event =
      json::parse(pagerduty_body(message_of(Telling::firing), "key", "https://gw/dashboard"));
  EXPECT_EQ(text_at(event, "/event_action"), "trigger");
  EXPECT_EQ(text_at(event, "/routing_key"), "key");
  EXPECT_EQ(text_at(event, "/dedup_key"), "switchgear/gw/open_too_long/c0");
  EXPECT_EQ(text_at(event, "/payload/summary"), "c0 has been open for 5m");
  EXPECT_EQ(text_at(event, "/payload/severity"), "error") << "PagerDuty has no high";
  EXPECT_EQ(text_at(event, "/payload/source"), "gw");
  EXPECT_EQ(text_at(event, "/links/0/href"), "https://wiki/open");
  EXPECT_EQ(pagerduty_body(message_of(Telling::resolved), "key", ""),
            R"({"routing_key":"key","dedup_key":"switchgear/gw/open_too_long/c0","event_action":"resolve"})");
  EXPECT_EQ(
      text_at(json::parse(pagerduty_body(message_of(Telling::acknowledged), "key", "")), "/event_action"),
      "acknowledge");
}

TEST(PagerDutyFormat, StaysWithinPagerDutysLimits) {
  Message message = message_of(Telling::firing);
  message.alerts[0].circuit = std::string(500, 'c');
  message.alerts[0].text = std::string(2'000, 't');
  message.instance = std::string(500, 'i');
  const json::value event = json::parse(pagerduty_body(message, "key", ""));
  EXPECT_LE(text_at(event, "/dedup_key").size(), 255U);
  EXPECT_LE(text_at(event, "/payload/summary").size(), 1024U);
  Message other = message;
  other.alerts[0].circuit.back() = 'd';
  EXPECT_NE(pagerduty_key(message.instance, message.alerts[0]),
            pagerduty_key(other.instance, other.alerts[0]))
      << "two circuits are two alerts, however long their names";
}

TEST(AlertmanagerFormat, HasLabelsThatPrometheusTakesAndNoValuesAmongThem) {
  const json::value alerts = json::parse(alertmanager_body(message_of(Telling::firing), ""));
  EXPECT_EQ(
      json::serialize(alerts.at_pointer("/0/labels")),
      R"({"alertname":"open_too_long","circuit":"c0","instance":"gw","service":"c0","severity":"high","team_name":"checkout"})");
  EXPECT_EQ(text_at(alerts, "/0/startsAt"), "2026-03-01T00:00:00.000Z");
  EXPECT_FALSE(alerts.at(0).as_object().contains("endsAt")) << "Alertmanager's resolve_timeout counts";
  EXPECT_EQ(text_at(json::parse(alertmanager_body(message_of(Telling::resolved), "")), "/0/endsAt"),
            "2026-03-01T00:10:00.000Z");
}

TEST(WebhookFormat, IsAlertmanagersVersion4) {
  const json::value body =
      json::parse(webhook_body(message_of(Telling::resolved, 2), "https://gw/dashboard"));
  EXPECT_EQ(text_at(body, "/version"), "4");
  EXPECT_EQ(text_at(body, "/groupKey"), R"({}:{alertname="open_too_long"})");
  EXPECT_EQ(json::serialize(body.at("groupLabels")), R"({"alertname":"open_too_long"})");
  EXPECT_EQ(json::serialize(body.at("commonLabels")),
            R"({"alertname":"open_too_long","instance":"gw","severity":"high","team_name":"checkout"})");
  EXPECT_EQ(text_at(body, "/alerts/1/status"), "resolved");
  EXPECT_EQ(text_at(json::parse(webhook_body(message_of(Telling::firing), "")), "/alerts/0/endsAt"),
            "0001-01-01T00:00:00Z");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("äöü", 6), "äöü");
  EXPECT_EQ(shortened("äöü!", 6), "ä…");
  EXPECT_EQ(shortened("abc\xFF", 10), "abc\xEF\xBF\xBD");
  EXPECT_EQ(shortened("abcdef", 2).size(), 0U);
  EXPECT_EQ(one_line("a\nb\tc", 10), "a b c");
  EXPECT_EQ(one_line("a\xc2\x9b"
                     "2Jb\u202ec",
                     20),
            "a 2Jb c");
}

}  // namespace
}  // namespace switchgear::alert
