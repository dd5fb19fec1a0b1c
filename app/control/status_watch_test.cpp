#include "app/control/status_watch.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

namespace switchgear::control {
namespace {

std::string breaker(const std::string& name, const std::string& state, const std::string& more = "") {
  return R"({"name": ")" + name + R"(", "state": ")" + state + R"(", "mode": "normal", "retry_after": null)" +
         more + "}";
}
ServerEvent snapshot(const std::string& breakers) {
  return {"snapshot", R"({"at": "2026-03-01T12:00:00.000Z", "circuit_breakers": [)" + breakers + "]}"};
}
ServerEvent delta(const std::string& breakers, const std::string& removed = "") {
  return {"delta", R"({"at": "2026-03-01T12:00:01.000Z", "circuit_breakers": [)" + breakers +
                       R"(], "removed": [)" + removed + "]}"};
}
ServerEvent transition(const std::string& name, const std::string& from, const std::string& to) {
  return {"transition", R"({"circuit": ")" + name + R"(", "from": ")" + from + R"(", "to": ")" + to +
                            R"(", "at": "2026-03-01T12:00:00.900Z", "rule": "failure_rate"})"};
}

TEST(StatusWatch, BeginsWithALineForEachBreaker) {
  StatusWatch watch{"", LineFormat::text};
  const auto lines = watch.on(snapshot(breaker("inventory", "closed") + "," + breaker("pay", "open")));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].rfind("2026-03-01T12:00:00.000Z  inventory  closed ", 0), 0U) << lines[0];
  EXPECT_EQ(lines[1].rfind("2026-03-01T12:00:00.000Z  pay        open ", 0), 0U) << lines[1];
}

TEST(StatusWatch, SaysNothingWhenOnlyFiguresMove) {
  StatusWatch watch{"", LineFormat::text};
  (void)watch.on(snapshot(breaker("payment", "closed")));
  EXPECT_TRUE(watch.on(delta(breaker("payment", "closed", R"(, "rates": {"calls_per_second": 7})"))).empty());
  ASSERT_EQ(watch.sample("now").size(), 1U);
  EXPECT_NE(watch.sample("now")[0].find("7.0 calls/s"), std::string::npos);
}

TEST(StatusWatch, HasALineForEachOfSeveralTransitionsWithinOneDelta) {
  StatusWatch watch{"", LineFormat::text};
  (void)watch.on(snapshot(breaker("payment", "closed")));
  EXPECT_TRUE(watch.on(transition("payment", "closed", "open")).empty());
  EXPECT_TRUE(watch.on(transition("payment", "open", "half_open")).empty());
  const auto lines = watch.on(delta(breaker("payment", "half_open")));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].rfind("2026-03-01T12:00:00.900Z  payment  open ", 0), 0U) << lines[0];
  EXPECT_EQ(lines[1].rfind("2026-03-01T12:00:00.900Z  payment  half_open ", 0), 0U) << lines[1];
}

TEST(StatusWatch, TellsAChangeWhoseTransitionWasLost) {
  StatusWatch watch{"", LineFormat::text};
  (void)watch.on(snapshot(breaker("payment", "closed")));
  EXPECT_EQ(watch.on(delta(breaker("payment", "open"))).size(), 1U);
  EXPECT_EQ(watch.on(snapshot(breaker("payment", "closed"))).size(), 1U) << "after a lost connection";
  EXPECT_TRUE(watch.on(snapshot(breaker("payment", "closed"))).empty());
}

TEST(StatusWatch, TellsNewAndRemovedBreakers) {
  StatusWatch watch{"", LineFormat::text};
  (void)watch.on(snapshot(breaker("payment", "closed")));
  EXPECT_EQ(watch.on(delta(breaker("new", "closed"))).size(), 1U);
  const auto lines = watch.on(delta("", R"("payment")"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "2026-03-01T12:00:01.000Z  payment  removed");
  EXPECT_EQ(watch.on(snapshot("")).size(), 1U) << "gone while the connection was lost";
}

TEST(StatusWatch, WatchesOneBreakerAlone) {
  StatusWatch watch{"payment", LineFormat::text};
  EXPECT_EQ(watch.on(snapshot(breaker("inventory", "closed") + "," + breaker("payment", "closed"))).size(),
            1U);
  EXPECT_FALSE(watch.misses_its_breaker());
  EXPECT_TRUE(watch.on(delta(breaker("inventory", "open"))).empty());
  EXPECT_EQ(watch.on(delta(breaker("payment", "open"))).size(), 1U);
  StatusWatch other{"paymnet", LineFormat::text};
  (void)other.on(snapshot(breaker("payment", "closed")));
  EXPECT_TRUE(other.misses_its_breaker());
}

TEST(StatusWatch, MakesALineOfJsonThatHasTheWholeBreaker) {
  StatusWatch watch{"", LineFormat::json};
  (void)watch.on(snapshot(breaker("payment", "closed", R"(, "policy": {"open_duration": 6})")));
  const auto lines = watch.on(delta(breaker("payment", "open")));
  ASSERT_EQ(lines.size(), 1U);
  const auto line = boost::json::parse(lines[0]);
  EXPECT_EQ(line.at("at"), "2026-03-01T12:00:01.000Z");
  EXPECT_EQ(line.at("event"), "change");
  EXPECT_EQ(line.at("circuit_breaker").at("state"), "open");
  EXPECT_EQ(line.at("circuit_breaker").at("policy").at("open_duration"), 6)
      << "deltas leave the policy out, lines do not";
}

TEST(StatusWatch, DoesNotLetANameSteerTheTerminal) {
  StatusWatch watch{"", LineFormat::text};
  const auto lines = watch.on(snapshot(breaker(R"(\u001b[2J)", "closed")));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find('\x1b'), std::string::npos);
}

TEST(StatusWatch, ThrowsForDataThatIsNotAnAdminApis) {
  StatusWatch watch{"", LineFormat::text};
  EXPECT_THROW((void)watch.on({"snapshot", "not JSON"}), std::exception);
  EXPECT_THROW((void)watch.on({"snapshot", "[]"}), std::exception);
  EXPECT_THROW((void)watch.on({"snapshot", R"({"circuit_breakers": [{}]})"}), std::exception);
}

}  // namespace
}  // namespace switchgear::control
