#include "app/serve/event_log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <sstream>
#include <string>

#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::serve {
namespace {

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() { log.set_pattern("%l %v"); }

  /// What was logged since the last time, once the loop has done what waits.
  std::string logged() {
    loop.restart();
    loop.poll();
    std::string text = out.str();
    out.str({});
    return text;
  }

  std::ostringstream out;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)};
  boost::asio::io_context loop;
  ManualBreakers breakers;
  EventLog events{loop, breakers.events, log};
};

TEST_F(EventLogTest, SaysWhatABreakerDidAndWhoMadeItDoSo) {
  breakers.fail("payment", 4);
  breakers.registry.command("payment", Command::reset, breakers.now);
  breakers.events->publish(LoggedCommand{"reset", "payment", "10.0.0.3", CommandResult::done});
  breakers.events->publish(LoggedSlowClient{"10.0.0.4"});
  EXPECT_EQ(out.str(), "") << "not on the path of a call";
  EXPECT_EQ(logged(),
            "warning breaker 'payment': closed -> open by failure_rate (1, threshold 0.5)\n"
            "info breaker 'payment': open -> closed by operator\n"
            "info admin: reset of \"payment\" by 10.0.0.3: done\n"
            "warning admin: event stream of 10.0.0.4 disconnected: it reads too slowly\n");
}

TEST_F(EventLogTest, WarnsOfAnInstanceThatIsOutAndSaysWhenItIsBack) {
  breakers.events->publish(LoggedInstance{.service = "payment",
                                          .instance = "10.0.0.1:80",
                                          .what = "ejected",
                                          .text = "instance 10.0.0.1:80 is left out",
                                          .weight = LoggedInstance::Weight::warning});
  breakers.events->publish(LoggedInstance{.service = "payment",
                                          .instance = "10.0.0.1:80",
                                          .what = "returned",
                                          .text = "instance 10.0.0.1:80 is used again"});
  EXPECT_EQ(logged(),
            "warning service 'payment': instance 10.0.0.1:80 is left out\n"
            "info service 'payment': instance 10.0.0.1:80 is used again\n");
}

TEST_F(EventLogTest, SaysWhyAMultiLevelBreakerMoves) {
  LevelEvent level{{"payment", PolicyKind::circuit_breaker, breakers.now}, State::open, 2, {}};
  level.change = {
      BreakerLevel::warning, BreakerLevel::critical, LevelCause::escalated, breakers.now, 12, 9, 0.6};
  breakers.events->on_level(level);
  level.change = {BreakerLevel::critical, BreakerLevel::warning, LevelCause::calm, breakers.now};
  level.change.calm = std::chrono::seconds{30};
  breakers.events->on_level(level);
  level.change.cause = LevelCause::operator_command;
  breakers.events->on_level(level);
  EXPECT_EQ(logged(),
            "warning breaker 'payment': goes from warning to critical: 9 of 12 failed, 75% is above 60%\n"
            "info breaker 'payment': comes down from critical to warning: it was closed for 30s\n"
            "info breaker 'payment': goes back from critical to warning: by an operator\n");
}

TEST_F(EventLogTest, SaysWhatTheControllerOfARampDecidesAndWhy) {
  RampEvent ramp{
      {"payment", PolicyKind::circuit_breaker, breakers.now}, RampChange::grew, 0.15, 0.1, 0, 7, 0};
  breakers.events->on_ramp(ramp);
  ramp.change = RampChange::fell;
  ramp.hold = 2;
  ramp.failed = 3;
  breakers.events->on_ramp(ramp);
  ramp.change = RampChange::over;
  ramp.failed = 0;
  breakers.events->on_ramp(ramp);
  EXPECT_EQ(logged(),
            "info breaker 'payment': admits 15% of the calls: 0 of 7 failed at the share before\n"
            "info breaker 'payment': falls back to 15% of the calls for 2 steps: 3 of 7 failed\n"
            "info breaker 'payment': admits all calls again: 0 of 7 failed\n");
}

TEST_F(EventLogTest, SaysHowManyEventsCameTooFastForIt) {
  for (int i = 0; i < 1030; ++i) breakers.events->publish(LoggedCommand{"reset", "a", "10.0.0.3"});
  const std::string text = logged();
  EXPECT_TRUE(text.starts_with("warning 6 events came too fast, and are not in this log\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 1024);
}

}  // namespace
}  // namespace switchgear::serve
