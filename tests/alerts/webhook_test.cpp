// From a breaker that opens in a real gateway to the receiver of a webhook.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <csignal>
#include <string>

#include "tests/alerts/alert_sink.hpp"
#include "tests/alerts/failing_shop.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

std::string hook(const AlertSink& sink) {
  return "  channels: {hook: {webhook: {url: \"" + sink.url() + "\"}}}\n";
}

std::string text_at(const json::value& value, std::string_view pointer) {
  return std::string{value.at_pointer(pointer).as_string()};
}

TEST(AlertWebhook, IsToldThatABreakerOpenedAndThatItClosedAgain) {
  const AlertSink sink;
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(sink))};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(sink.takes(1));
  const AlertSink::Post told = sink.taken()[0];
  EXPECT_EQ(told.target, "/hook");
  EXPECT_EQ(told.key.size(), 16U);
  EXPECT_EQ(text_at(told.body, "/version"), "4");
  EXPECT_EQ(text_at(told.body, "/status"), "firing");
  EXPECT_EQ(text_at(told.body, "/receiver"), "hook");
  EXPECT_EQ(
      json::serialize(told.body.at_pointer("/alerts/0/labels")),
      R"({"alertname":"opened","circuit":"payment","instance":"gw","policy":"guarded","scope":"service","service":"payment","severity":"info"})");
  EXPECT_EQ(text_at(told.body, "/alerts/0/annotations/summary"),
            "payment opened by consecutive_failures (3, threshold 3)");
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  ASSERT_TRUE(sink.takes(2));
  EXPECT_EQ(text_at(sink.taken()[1].body, "/status"), "resolved");
  EXPECT_NE(sink.taken()[1].key, told.key);
}

TEST(AlertWebhook, IsToldAgainUnderTheSameKeyWhenItsAnswerWasLostOrItIsBroken) {
  const AlertSink sink{[](int n, const AlertSink::Post&) -> std::string {
    if (n == 1) return "";
    if (n == 2) return "500 Internal Server Error\r\n";
    if (n == 3) return "429 Too Many Requests\r\nRetry-After: 1\r\n";
    return "200 OK\r\n";
  }};
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(sink))};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(sink.takes(1));
  const auto posts = sink.posts();
  ASSERT_EQ(posts.size(), 4U);
  for (const AlertSink::Post& post : posts) {
    EXPECT_EQ(post.key, posts[0].key);
    EXPECT_EQ(json::serialize(post.body), json::serialize(posts[0].body));
  }
  EXPECT_TRUE(gateway.logs("warning alerts: channel 'hook' does not work, and is tried again"));
  EXPECT_TRUE(eventually(
      [&] { return gateway.log().find("info alerts: channel 'hook' works again") != std::string::npos; }));
}

TEST(AlertWebhook, HasGotAMessageHoweverLongItsAnswerIs) {
  const AlertSink sink{[](int, const AlertSink::Post&) { return "200 OK\r\n"; }, std::string(1'000'000, 'x')};
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(sink))};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(sink.takes(1));
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  ASSERT_TRUE(eventually([&] { return sink.posts().size() >= 2; }));
  EXPECT_EQ(text_at(sink.posts()[0].body, "/status"), "firing");
  EXPECT_EQ(text_at(sink.posts()[1].body, "/status"), "resolved") << "not the first message once more";
  EXPECT_EQ(gateway.log().find("does not work"), std::string::npos);
}

TEST(AlertWebhook, LosesAMessageThatItRefusesAndTheGatewaySaysSo) {
  const AlertSink sink{
      [](int n, const AlertSink::Post&) { return n == 1 ? "400 Bad Request\r\n" : "200 OK\r\n"; }};
  FailingShop shop;
  const GatewayProcess gateway{shop.config(hook(sink))};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  ASSERT_TRUE(sink.takes(1));
  EXPECT_EQ(text_at(sink.taken()[0].body, "/status"), "resolved") << "those behind it are told";
  EXPECT_TRUE(gateway.logs(
      "channel 'hook' refuses a message (firing opened payment), which is dropped: status 400: ok"));
  EXPECT_NE(gateway.admin("GET", "/metrics")
                .body.find("switchgear_alert_deliveries_total{channel=\"hook\",result=\"refused\"} 1"),
            std::string::npos);
}

}  // namespace
}  // namespace switchgear::wire
