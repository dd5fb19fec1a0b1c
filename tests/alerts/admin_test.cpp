// What operators see of alerts and do about them, and what a reload changes.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "switchgear/admin/answer_record_fixture.hpp"
#include "tests/alerts/alert_sink.hpp"
#include "tests/alerts/failing_shop.hpp"
#include "tests/house/program.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

std::string hook(const AlertSink& sink) {
  return "  channels: {hook: {webhook: {url: \"" + sink.url() + "\"}}}\n";
}

json::value alerts(const GatewayProcess& gateway) {
  return json::parse(gateway.admin("GET", "/alerts").body);
}

/// `fields`: lines of further header fields.
Message post(const GatewayProcess& gateway, const std::string& target, const std::string& body,
             const std::string& fields = "") {
  Socket client = Socket::connect(gateway.admin_port());
  client.send("POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(gateway.admin_port()) +
              "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n" + fields + "Connection: close\r\n\r\n" + body);
  Message answer = client.read_response().value_or(Message{});
  admin::record_answer("POST", target, answer.status(), answer.field("content-type"), answer.body);
  return answer;
}

/// The alert of that rule; null when there is none yet.
json::value alert_of(const GatewayProcess& gateway, std::string_view rule) {
  const json::value all = alerts(gateway);
  for (const json::value& each : all.at("alerts").as_array()) {
    if (each.at("rule") == json::value(rule)) return each;
  }
  return nullptr;
}

TEST(AlertsForOperators, AreShownWithoutAnyConfiguration) {
  FailingShop shop;
  const GatewayProcess gateway{shop.with_alerts("")};
  EXPECT_EQ(json::serialize(alerts(gateway).at("alerts")), "[]");
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(eventually([&] { return alert_of(gateway, "opened").is_object(); }));
  const json::value alert = alert_of(gateway, "opened");
  EXPECT_EQ(alert.at("circuit"), "payment");
  EXPECT_EQ(alert.at("state"), "firing");
  EXPECT_EQ(alert.at("message"), "payment opened by consecutive_failures (3, threshold 3)");
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_alerts_firing{rule=\"opened\",severity=\"info\"} 1"),
            std::string::npos);
}

TEST(AlertsForOperators, BeginWithTheWorst) {
  FailingShop shop;
  const GatewayProcess gateway{
      shop.with_alerts("  defaults: false\n  rules:\n"
                       "    - {name: a, when: {opened: true}, severity: info}\n"
                       "    - {name: b, when: {opened: true}, severity: critical}\n"
                       "    - {name: c, when: {state: [open, half_open]}, for: 1h, severity: critical}\n"
                       "    - {name: d, when: {opened: true}, severity: medium}\n")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  const auto order = [&] {
    std::string rules;
    const json::value all = alerts(gateway);
    for (const json::value& each : all.at("alerts").as_array()) rules += each.at("rule").as_string();
    return rules;
  };
  EXPECT_TRUE(eventually([&] { return order() == "bdac"; })) << order();
}

TEST(AlertsForOperators, AreNotToldWhileASilenceCoversThem) {
  const AlertSink sink;
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(sink))};
  const Message silenced = post(gateway, "/silences", R"({"circuit": "pay*", "for": "1h", "why": "moving"})");
  ASSERT_EQ(silenced.status(), 201U) << silenced.body;
  const std::string id{json::parse(silenced.body).at("id").as_string()};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(eventually([&] { return !alerts(gateway).at("alerts").as_array().empty(); }));
  EXPECT_EQ(alerts(gateway).at_pointer("/alerts/0/muted_by"), json::value(id));
  EXPECT_TRUE(sink.posts().empty());
  EXPECT_EQ(post(gateway, "/silences/" + id + "/end", "").status(), 200U);
  EXPECT_TRUE(sink.takes(1)) << "it still fires";
  EXPECT_TRUE(gateway.logs("admin: silence"));
}

TEST(AlertsForOperators, SayWhatIsWrongWithASilence) {
  FailingShop shop;
  const GatewayProcess gateway{shop.with_alerts("")};
  const auto refused = [&](const std::string& body, const std::string& detail) {
    const Message answer = post(gateway, "/silences", body);
    EXPECT_EQ(answer.status(), 400U) << body;
    EXPECT_EQ(json::parse(answer.body).at("detail"), json::value(detail)) << body;
  };
  refused("no JSON", "the body is not a JSON object");
  refused("{}", "\"for\" or \"until\" is missing");
  refused(R"({"for": 7})", "\"for\" is not a text of 1 to 500 bytes");
  refused(R"({"for": "7"})", "\"for\" is not a length of time of at most a year, such as 2h");
  refused(R"({"for": "8761h"})", "\"for\" is not a length of time of at most a year, such as 2h");
  refused(R"({"until": "2020-01-01T00:00:00Z"})", "\"until\" is over already");
  refused(R"({"until": "2200-01-01T00:00:00Z"})", "\"until\" is more than a year from now");
  refused(R"({"for": "1h", "until": "2100-01-01T00:00:00Z"})",
          "expected circuit, rule, why, and one of for and until");
}

TEST(AlertsForOperators, TakeCommandsOnlyFromThoseWhoMayGiveThem) {
  FailingShop shop;
  const GatewayProcess gateway{shop.config("", "", "token: s3cret")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(eventually([&] { return alert_of(gateway, "opened").is_object(); }));
  const std::string id{alert_of(gateway, "opened").at("id").as_string()};
  const std::string silence = R"({"circuit": "payment", "for": "1h"})";
  const std::string token = "Authorization: Bearer s3cret\r\n";
  for (const std::string& target :
       {"/alerts/" + id + "/acknowledge", std::string{"/silences"}, std::string{"/silences/0/end"}}) {
    EXPECT_EQ(post(gateway, target, silence).status(), 401U) << target;
    EXPECT_EQ(post(gateway, target, silence, token + "Origin: http://elsewhere.example\r\n").status(), 403U)
        << target;
  }
  EXPECT_TRUE(alerts(gateway).at("silences").as_array().empty());
  EXPECT_TRUE(alert_of(gateway, "opened").at("acknowledged").is_null());
  EXPECT_EQ(post(gateway, "/alerts/" + id + "/acknowledge", "", token).status(), 200U);
  EXPECT_EQ(alert_of(gateway, "opened").at("acknowledged").at("by"), "127.0.0.1");
  EXPECT_EQ(post(gateway, "/alerts/none/acknowledge", "", token).status(), 404U);
  EXPECT_EQ(post(gateway, "/silences", silence, token).status(), 201U);
  EXPECT_EQ(post(gateway, "/silences/none/end", "", token).status(), 404U);
}

TEST(AlertsForOperators, GoOnAfterAReloadAndAreToldToANewChannel) {
  const AlertSink first;
  const AlertSink second;
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(first))};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(first.takes(1));
  const std::string id{alerts(gateway).at_pointer("/alerts/0/id").as_string()};
  gateway.rewrite(shop.config("  channels:\n    hook: {webhook: {url: \"" + first.url() +
                                  "\"}}\n    more: {webhook: {url: \"" + second.url() + "\"}}\n",
                              "hook, more"));
  ASSERT_TRUE(second.takes(1)) << gateway.log();
  EXPECT_EQ(alerts(gateway).at_pointer("/alerts/0/id"), json::value(id));
  EXPECT_EQ(first.posts().size(), 1U) << "and not told again where it is known";
}

TEST(AlertsForOperators, ReachAChannelThatAReloadMends) {
  const AlertSink sink;
  const DeafPort deaf;
  FailingShop shop;
  const auto told_at = [&](std::uint16_t port) {
    return shop.config("  channels: {hook: {webhook: {url: \"http://127.0.0.1:" + std::to_string(port) +
                       "/\"}}}\n");
  };
  const GatewayProcess gateway{told_at(deaf.port())};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(
      eventually([&] { return gateway.log().find("channel 'hook' does not work") != std::string::npos; }));
  gateway.rewrite(told_at(sink.port()));
  EXPECT_TRUE(sink.takes(1)) << "what waited for it is delivered";
}

/// How `switchgear check --test-alerts` ends, and what it prints.
struct Checked {
  int exit_code = -1;
  std::string output;
};
Checked check(const std::string& config, const std::string& input, const std::string& more = "") {
  std::string file = (std::filesystem::temp_directory_path() / "switchgear-check-XXXXXX").string();
  ::close(::mkstemp(file.data()));
  std::ofstream{file} << config;
  house::Program program{
      {"/bin/sh", "-c",
       "printf '" + input + "' | " SWITCHGEAR_BINARY " check --test-alerts " + more + " " + file}};
  Checked checked;
  checked.exit_code = program.wait(patience).value_or(-1);
  checked.output = program.output();
  std::filesystem::remove(file);
  return checked;
}

TEST(TestAlerts, AreSentToEachChannelAfterAsking) {
  const AlertSink sink;
  const DeafPort deaf;
  FailingShop shop;
  const std::string config = shop.config(
      "  channels:\n    hook: {webhook: {url: \"" + sink.url() +
      "\"}}\n    lost: {webhook: {url: \"http://127.0.0.1:" + std::to_string(deaf.port()) + "/s3cret\"}}\n");
  const Checked no = check(config, "n\\n");
  EXPECT_EQ(no.exit_code, 1) << no.output;
  EXPECT_NE(no.output.find(
                "Send a test alert, and its end, to hook (webhook), lost (webhook)? [y/N] nothing was sent"),
            std::string::npos)
      << no.output;
  EXPECT_TRUE(sink.posts().empty());
  const Checked yes = check(config, "y\\n");
  EXPECT_EQ(yes.exit_code, 3) << "one could not be told";
  EXPECT_NE(
      yes.output.find("hook: firing: delivered\nhook: resolved: delivered\nlost: firing: not delivered: "
                      "Connection refused\n"),
      std::string::npos)
      << yes.output;
  EXPECT_EQ(yes.output.find("s3cret"), std::string::npos);
  EXPECT_EQ(sink.posts().size(), 2U);
  const Checked script = check(shop.config(hook(sink)), "", "--yes");
  EXPECT_EQ(script.exit_code, 0) << script.output;
  EXPECT_EQ(sink.posts().size(), 4U);
}

}  // namespace
}  // namespace switchgear::wire
