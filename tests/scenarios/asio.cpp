// The awaited and the callback caller, in manual time.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>

#include "switchgear/async/async_call.hpp"
#include "switchgear/testing/manual_asio_time.hpp"
#include "tests/scenarios/story.hpp"

namespace switchgear::scenarios {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using testing::ManualAsioTime;
using testing::ManualSchedule;

/// A dependency that answers after manual time, and reacts to its cancellation.
struct Dependency {
  Story& story;
  ManualSchedule& schedule;
  asio::io_context& context;

  template <class Token>
  auto answer(Token&& token) const {
    return asio::async_initiate<Token, void(error_code, Answer)>(
        [this](auto handler) {
          using Handler = decltype(handler);
          struct Waiting {
            Handler handler;
            ManualAsioTime::Timer<asio::io_context::executor_type> timer;
            Reply reply;
            bool over = false;

            Waiting(Handler h, asio::io_context& io, ManualSchedule& time, Reply r)
                : handler(std::move(h)), timer(io.get_executor(), ManualAsioTime{time}), reply(r) {}
            void end(error_code code) {
              if (std::exchange(over, true)) return;
              timer.cancel();
              if (!code && reply.status == 0) code = asio::error::connection_reset;
              std::move(handler)(code, Answer{reply.status, reply.retry_after});
            }
          };
          auto slot = asio::get_associated_cancellation_slot(handler);
          const auto waiting =
              std::make_shared<Waiting>(std::move(handler), context, schedule, story.next_reply());
          if (slot.is_connected()) {
            slot.assign([waiting, this](asio::cancellation_type) {
              asio::post(context, [waiting] { waiting->end(asio::error::operation_aborted); });
            });
          }
          waiting->timer.wait(schedule.now() + waiting->reply.after,
                              [waiting](const error_code&) { waiting->end(error_code{}); });
        },
        token);
  }
};

class AsioCaller {
 public:
  explicit AsioCaller(const Scenario& scenario)
      : scenario_(scenario), story_(scenario, schedule_.now()), dependency_{story_, schedule_, context_} {}

  std::vector<Seen> play(bool awaited) {
    for (const Call& call : scenario_.calls) {
      if (call.pause > Duration::zero()) schedule_.run_for(context_, call.pause);
      awaited ? make_awaited(call) : make_with_callback(call);
      while (open_ != 0) schedule_.run_for(context_, std::chrono::milliseconds{10});
    }
    return story_.seen;
  }

 private:
  struct Making {
    explicit Making(const Call& what) : call(what), options(Story::options_of(what, report)) {}
    const Call& call;
    CallReport report;
    CallOptions options;
    Seen seen;
  };

  [[nodiscard]] auto pipeline() const {
    return story_.policies->racing_pipeline().classified_by(Classifier{}.results(Judge{story_.policy}));
  }
  void begin_others(const Call& call, void (AsioCaller::*make)(const Call&)) {
    for (const Call& other : call.meanwhile) (this->*make)(other);
  }
  void end(Making& making, const std::string& decision) {
    making.seen.decision = decision;
    story_.seen.push_back(making.seen);
    --open_;
  }

  void make_with_callback(const Call& call) {
    ++open_;
    const auto making = std::make_shared<Making>(call);
    const auto attempt = [this, making](const AsyncAttempt&, auto&& token) {
      if (++making->seen.attempts == 1) begin_others(making->call, &AsioCaller::make_with_callback);
      return dependency_.answer(std::forward<decltype(token)>(token));
    };
    async_try_call<Answer, ManualAsioTime>(
        context_.get_executor(), pipeline(), making->options, attempt,
        [this, making](error_code code, Result<Answer> answer) {
          if (code) return end(*making, "connection_error");
          end(*making,
              answer ? Story::decision(*answer, making->report) : Story::decision(answer.rejection()));
        },
        ManualAsioTime{schedule_});
  }

  void make_awaited(const Call& call) {
    ++open_;
    asio::co_spawn(context_, awaited(call), asio::detached);
  }
  asio::awaitable<void> awaited(const Call& call) {
    Making making{call};
    const auto attempt = [this, &making](const AsyncAttempt&) -> asio::awaitable<Answer> {
      if (++making.seen.attempts == 1) begin_others(making.call, &AsioCaller::make_awaited);
      const Answer answer = co_await dependency_.answer(asio::use_awaitable);
      co_return answer;
    };
    const auto guarded = pipeline();
    const ManualAsioTime time{schedule_};
    const AsyncCallOptions options{making.options};
    std::string decision = "connection_error";
    try {
      Result<Answer> answer = co_await async_try_call<Answer, ManualAsioTime>(
          context_.get_executor(), guarded, options, attempt, asio::use_awaitable, time);
      decision = answer ? Story::decision(*answer, making.report) : Story::decision(answer.rejection());
    } catch (const boost::system::system_error&) {
      decision = "connection_error";
    }
    end(making, decision);
  }

  ManualSchedule schedule_;
  asio::io_context context_{1};
  const Scenario& scenario_;
  Story story_;
  Dependency dependency_;
  int open_ = 0;
};

}  // namespace

std::vector<Seen> play_awaited(const Scenario& scenario) { return AsioCaller{scenario}.play(true); }
std::vector<Seen> play_callback(const Scenario& scenario) { return AsioCaller{scenario}.play(false); }

}  // namespace switchgear::scenarios
