#include "switchgear/policy/event_fanout.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

class Counting : public EventSink {
 public:
  void on_transition(const Transition&) override { ++transitions; }
  void on_rejection(const RejectionEvent&) override { ++rejections; }

  std::atomic<int> transitions{0};
  std::atomic<int> rejections{0};
};

class Throwing : public EventSink {
 public:
  void on_transition(const Transition&) override { throw std::runtime_error{"a listener's own trouble"}; }
  void on_rejection(const RejectionEvent&) override { throw std::runtime_error{"a listener's own trouble"}; }
  void on_call(const CallEvent&) override { throw std::runtime_error{"a listener's own trouble"}; }
};

TEST(EventFanout, CallsEveryListenerEvenAfterOneThrew) {
  EventFanout fanout;
  const auto counting = std::make_shared<Counting>();
  fanout.subscribe(std::make_shared<Throwing>(), Interest::transitions_and_rejections);
  fanout.subscribe(counting, Interest::transitions_and_rejections);
  fanout.on_transition({});
  fanout.on_rejection({});
  EXPECT_EQ(counting->transitions, 1);
  EXPECT_EQ(counting->rejections, 1);
}

TEST(EventFanout, SendsRejectionsOnlyToThoseWhoAskedForThem) {
  EventFanout fanout;
  const auto plain = std::make_shared<Counting>();
  const auto curious = std::make_shared<Counting>();
  fanout.subscribe(plain);
  fanout.subscribe(curious, Interest::transitions_and_rejections);
  fanout.on_rejection({});
  EXPECT_EQ(plain->rejections, 0);
  EXPECT_EQ(curious->rejections, 1);
  fanout.unsubscribe(curious);
  fanout.on_rejection({});
  EXPECT_EQ(curious->rejections, 1);
}

TEST(EventFanout, SendsCallsByTheirVerdictToThoseWhoAskedForIt) {
  class Calls : public EventSink {
   public:
    void on_transition(const Transition&) override { seen += 't'; }
    void on_call(const CallEvent& call) override { seen += "sfi"[static_cast<std::size_t>(call.verdict)]; }
    std::string seen;
  };
  EventFanout fanout;
  const auto successes = std::make_shared<Calls>();
  const auto failures = std::make_shared<Calls>();
  const auto all = std::make_shared<Calls>();
  EXPECT_FALSE(fanout.wants(Interest::calls));
  fanout.subscribe(successes, Interest::successes);
  fanout.subscribe(failures, Interest::failures | Interest::transitions);
  fanout.subscribe(std::make_shared<Throwing>(), Interest::everything);
  fanout.subscribe(all, Interest::everything);
  EXPECT_TRUE(fanout.wants(Interest::calls));
  for (const Verdict verdict : {Verdict::success, Verdict::failure, Verdict::ignored}) {
    CallEvent call;
    call.verdict = verdict;
    fanout.on_call(call);
  }
  fanout.on_transition({});
  EXPECT_EQ(successes->seen, "s");
  EXPECT_EQ(failures->seen, "ft");
  EXPECT_EQ(all->seen, "sfit");
}

TEST(EventFanout, SaysWhatItWantsWhenThatChanges) {
  class Watching final : public EventFanout::Watcher {
   public:
    explicit Watching(EventFanout& fanout) : fanout_(fanout) {}
    void on_wish_changed() noexcept override { seen.push_back(fanout_.wanted()); }
    std::vector<Interest> seen;

   private:
    EventFanout& fanout_;
  };
  EventFanout fanout;
  Watching watching{fanout};
  fanout.watch(watching);
  const auto first = std::make_shared<Counting>();
  const auto second = std::make_shared<Counting>();
  fanout.subscribe(first);
  fanout.subscribe(first, Interest::failures);
  fanout.subscribe(second, Interest::everything);
  fanout.unsubscribe(first);
  fanout.unsubscribe(second);
  EXPECT_EQ(watching.seen, (std::vector{Interest::nothing, Interest::transitions, Interest::failures,
                                        Interest::everything, Interest::nothing}));
  fanout.unwatch(watching);
  fanout.subscribe(second, Interest::calls);
  EXPECT_EQ(watching.seen.size(), 5U);
}

TEST(EventFanout, ChangesAnInterestWithoutMovingTheListener) {
  EventFanout fanout;
  const auto listener = std::make_shared<Counting>();
  const auto stranger = std::make_shared<Counting>();
  fanout.subscribe(listener, Interest::nothing);
  fanout.on_transition({});
  EXPECT_EQ(fanout.wanted(), Interest::nothing);
  fanout.set_interest(listener, Interest::transitions);
  fanout.set_interest(stranger, Interest::everything);
  fanout.on_transition({});
  fanout.on_rejection({});
  EXPECT_EQ(fanout.wanted(), Interest::transitions);
  fanout.set_interest(listener, Interest::nothing);
  fanout.on_transition({});
  EXPECT_EQ(listener->transitions, 1);
  EXPECT_EQ(listener->rejections + stranger->transitions, 0);
}

TEST(EventFanout, CallsAListenerOnceHoweverOftenItSubscribed) {
  EventFanout fanout;
  const auto listener = std::make_shared<Counting>();
  fanout.subscribe(listener);
  fanout.subscribe(listener, Interest::transitions_and_rejections);
  fanout.on_transition({});
  fanout.on_rejection({});
  EXPECT_EQ(listener->transitions, 1);
  EXPECT_EQ(listener->rejections, 1);
}

TEST(EventFanout, LetsAListenerUnsubscribeItselfWhileItIsCalled) {
  class Once : public EventSink, public std::enable_shared_from_this<Once> {
   public:
    explicit Once(EventFanout& fanout) : fanout_(fanout) {}
    void on_transition(const Transition&) override {
      ++calls;
      fanout_.unsubscribe(shared_from_this());
    }
    int calls = 0;

   private:
    EventFanout& fanout_;
  };
  EventFanout fanout;
  const auto once = std::make_shared<Once>(fanout);
  fanout.subscribe(once);
  fanout.on_transition({});
  fanout.on_transition({});
  EXPECT_EQ(once->calls, 1);
}

TEST(EventFanout, SurvivesSubscribingWhileEventsArrive) {
  EventFanout fanout;
  const auto steady = std::make_shared<Counting>();
  fanout.subscribe(steady);
  constexpr int events = 2'000;
  {
    const std::jthread sender{[&] {
      for (int i = 0; i < events; ++i) fanout.on_transition({});
    }};
    for (int i = 0; i < 200; ++i) {
      const auto passing = std::make_shared<Counting>();
      fanout.subscribe(passing, Interest::transitions_and_rejections);
      fanout.unsubscribe(passing);
    }
  }
  EXPECT_EQ(steady->transitions, events);
}

}  // namespace
}  // namespace switchgear
