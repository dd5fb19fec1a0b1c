// The blocking caller, in manual time: a call that runs meanwhile runs inside the attempt of the one around
// it.
#include <system_error>

#include "switchgear/sync/call.hpp"
#include "switchgear/testing/manual_time.hpp"
#include "tests/scenarios/story.hpp"

namespace switchgear::scenarios {

namespace {

class BlockingCaller {
 public:
  explicit BlockingCaller(const Scenario& scenario) : story_(scenario, time_.now()) {}

  std::vector<Seen> play(const std::vector<Call>& calls) {
    for (const Call& call : calls) {
      time_.advance(call.pause);
      make(call);
    }
    return story_.seen;
  }

 private:
  void make(const Call& call) {
    CallReport report;
    const CallOptions options = Story::options_of(call, report);
    const auto pipeline =
        story_.policies->pipeline().classified_by(Classifier{}.results(Judge{story_.policy}));
    Seen seen;
    const auto attempt = [&](const Attempt& told) {
      if (++seen.attempts == 1) {
        for (const Call& other : call.meanwhile) make(other);
      }
      const Reply reply = story_.next_reply();
      // A well-behaved function returns when its time is over.
      time_.advance(std::min(reply.after, saturating_sub(told.deadline, time_.now())));
      if (reply.status == 0) throw std::system_error(make_error_code(std::errc::connection_reset));
      return Answer{reply.status, reply.retry_after};
    };
    try {
      auto answer = try_call(pipeline, options, attempt, time_);
      seen.decision = answer ? Story::decision(*answer, report) : Story::decision(answer.rejection());
    } catch (const std::system_error&) {
      seen.decision = "connection_error";
    }
    story_.seen.push_back(seen);
  }

  testing::ManualTime time_;
  Story story_;
};

}  // namespace

std::vector<Seen> play_blocking(const Scenario& scenario) {
  return BlockingCaller{scenario}.play(scenario.calls);
}

}  // namespace switchgear::scenarios
