#include "app/gateway/service/incident_log.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace switchgear::gateway {
namespace {

class IncidentLogTest : public ::testing::Test {
 protected:
  /// What was logged since the last time.
  std::string taken() {
    std::string text = out_.str();
    out_.str({});
    return text;
  }
  static std::shared_ptr<spdlog::logger> logger_to(std::ostream& out) {
    auto log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    log->set_pattern("%v");
    return log;
  }

  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> log_ = logger_to(out_);
  http::EventLoop loop_;
};

TEST_F(IncidentLogTest, SaysTheFirstAtOnceAndThenHowManyMoreThereWere) {
  IncidentLog incidents{loop_, *log_};
  for (int i = 0; i < 14'822; ++i) incidents.note("service 'shop': 502");
  EXPECT_EQ(taken(), "service 'shop': 502\n");
  incidents.report_repetitions();
  EXPECT_EQ(taken(), "service 'shop': 502 (and 14821 more)\n");
}

TEST_F(IncidentLogTest, SaysItAnewOnceItHasBeenQuiet) {
  IncidentLog incidents{loop_, *log_};
  incidents.note("a");
  incidents.report_repetitions();
  EXPECT_EQ(taken(), "a\n") << "no repetition, no word of any";
  incidents.note("a");
  EXPECT_EQ(taken(), "a\n");
}

TEST_F(IncidentLogTest, DoesNotLetOneKindHideAnother) {
  IncidentLog incidents{loop_, *log_};
  for (int i = 0; i < 3; ++i) incidents.note("a");
  incidents.note("b");
  EXPECT_EQ(taken(), "a\nb\n");
}

TEST_F(IncidentLogTest, KeepsNoCountToItselfWhenTheGatewayEnds) {
  {
    IncidentLog incidents{loop_, *log_};
    incidents.note("a");
    incidents.note("a");
  }
  EXPECT_EQ(taken(), "a\na (and 1 more)\n");
}

}  // namespace
}  // namespace switchgear::gateway
