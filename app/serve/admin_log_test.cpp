#include "app/serve/admin_log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace switchgear::serve {
namespace {

using namespace std::chrono_literals;

class AdminLogTest : public testing::Test {
 protected:
  AdminLogTest() { log_.set_pattern("%v"); }

  /// What was logged since the last time.
  std::string taken() {
    std::string text = out_.str();
    out_.str({});
    return text;
  }
  void refuse(int times) {
    for (int i = 0; i < times; ++i)
      admin_->command({"reset", "shop", "10.0.0.3", CommandResult::unauthorized}, now_);
  }

  std::ostringstream out_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)};
  TimePoint now_{1h};
  std::optional<AdminLog> admin_{std::in_place, log_};
};

TEST_F(AdminLogTest, SaysHowManyMoreWereRefusedThoughNoFurtherRequestComes) {
  refuse(300);
  EXPECT_EQ(taken().find("more requests"), std::string::npos);
  now_ += 9s;
  admin_->look_at_clock(now_);
  EXPECT_EQ(taken(), "");
  now_ += 1s;
  admin_->look_at_clock(now_);
  EXPECT_EQ(taken(), "admin: 200 more requests were refused, and not logged each\n");
  now_ += 10s;
  admin_->look_at_clock(now_);
  admin_.reset();
  EXPECT_EQ(taken(), "") << "once";
}

TEST_F(AdminLogTest, LogsRefusedReadsAmongTheRefusalsOfAWindow) {
  using Why = LoggedRefusal::Why;
  admin_->refusal({"GET /status", "10.0.0.3", Why::no_token}, now_);
  admin_->refusal({"GET /a\nb", "10.0.0.3", Why::wrong_token}, now_);
  admin_->refusal({"GET /status", "10.0.0.3", Why::foreign}, now_);
  EXPECT_EQ(taken(),
            "admin: \"GET /status\" by 10.0.0.3: refused: no token\n"
            "admin: \"GET /a\\nb\" by 10.0.0.3: refused: a wrong token\n"
            "admin: \"GET /status\" by 10.0.0.3: refused: sent to a foreign host\n");
  refuse(98);
  (void)taken();
  admin_.reset();
  EXPECT_EQ(taken(), "admin: 1 more requests were refused, and not logged each\n");
}

TEST_F(AdminLogTest, SaysItAtTheLatestWhenTheProgramEnds) {
  refuse(101);
  (void)taken();
  admin_.reset();
  EXPECT_EQ(taken(), "admin: 1 more requests were refused, and not logged each\n");
}

TEST_F(AdminLogTest, LogsEveryCommandThatWasDoneHoweverManyWereRefused) {
  refuse(200);
  (void)taken();
  admin_->command({"reset", "shop", "10.0.0.3", CommandResult::done}, now_);
  EXPECT_EQ(taken(), "admin: reset of \"shop\" by 10.0.0.3: done\n");
}

TEST_F(AdminLogTest, SaysWhoseEventStreamWasDisconnectedUnlessThereAreTooMany) {
  admin_->slow_client("10.0.0.3", now_);
  EXPECT_EQ(taken(), "admin: event stream of 10.0.0.3 disconnected: it reads too slowly\n");
  for (int i = 0; i < 104; ++i) admin_->slow_client("10.0.0.3", now_);
  (void)taken();
  now_ += 10s;
  admin_->look_at_clock(now_);
  EXPECT_EQ(taken(), "admin: 5 more event streams were disconnected, and not logged each\n");
}

TEST_F(AdminLogTest, SaysWhyATlsHandshakeFailedUnlessThereAreTooMany) {
  admin_->handshake("10.0.0.3", "its certificate has expired", now_);
  EXPECT_EQ(taken(), "admin: TLS with 10.0.0.3: its certificate has expired\n");
  for (int i = 0; i < 104; ++i) admin_->handshake("10.0.0.3", "its certificate has expired", now_);
  (void)taken();
  now_ += 10s;
  admin_->look_at_clock(now_);
  EXPECT_EQ(taken(), "admin: 5 more TLS handshakes failed, and were not logged each\n");
}

}  // namespace
}  // namespace switchgear::serve
