#include "switchgear/admin/event_stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/admin/program_fixture.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

struct Event {
  std::uint64_t id = 0;
  std::string type;
  json::value data;
};

/// Takes what is queued for a client, as a session would.
std::vector<Event> take(EventClient& client) {
  std::vector<Event> events;
  for (const auto& text : client.queue) {
    Event event;
    const auto line = [&](std::string_view field) {
      const auto at = text->find(field) + field.size();
      return text->substr(at, text->find('\n', at) - at);
    };
    event.id = std::stoull(line("id: "));
    event.type = line("event: ");
    event.data = json::parse(line("data: "));
    events.push_back(std::move(event));
  }
  client.queue.clear();
  client.queued_bytes = 0;
  return events;
}

class EventStreamTest : public testing::Test {
 protected:
  EventStream& stream() {
    if (!api_) {
      api_.emplace(options, breakers.registry, program_);
      stream_.emplace(*api_, options.limits);
      stream_->listen(breakers.events);
    }
    return *stream_;
  }
  void tick() {
    breakers.now += 250ms;
    stream().tick(breakers.now);
  }

  boost::asio::io_context context;
  ManualBreakers breakers;
  ServerOptions options = options_of(breakers);
  EventClient client{context.get_executor()};

 private:
  const Program program_ = program_of(breakers);
  std::optional<Api> api_;
  std::optional<EventStream> stream_;
};

TEST_F(EventStreamTest, BeginsWithASnapshotOfEverything) {
  breakers.add("a");
  breakers.fail("b", 4);
  ASSERT_TRUE(stream().join(client));
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "snapshot");
  EXPECT_EQ(events[0].data.at("health"), "unhealthy");
  EXPECT_EQ(events[0].data.at("circuit_breakers").as_array().size(), 2U);
  EXPECT_TRUE(events[0].data.at("circuit_breakers").as_array()[0].at("policy").is_object());
}

TEST_F(EventStreamTest, SendsNothingWhenNothingChanged) {
  breakers.fail("open", 4);
  ASSERT_TRUE(stream().join(client));
  for (int i = 0; i < 8; ++i) tick();  // rates fall back to zero
  take(client);
  for (int i = 0; i < 8; ++i) tick();
  EXPECT_TRUE(take(client).empty()) << "a clock that runs down is no change";
}

TEST_F(EventStreamTest, SendsOnlyTheBreakersThatChangedAndTheirPolicyOnce) {
  breakers.add("quiet");
  breakers.add("busy");
  ASSERT_TRUE(stream().join(client));
  take(client);
  breakers.succeed("busy", 3);
  tick();
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "delta");
  const json::array& changed = events[0].data.at("circuit_breakers").as_array();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].at("name"), "busy");
  EXPECT_EQ(changed[0].at("counters").at("calls"), 3U);
  EXPECT_FALSE(changed[0].as_object().contains("policy"));
}

TEST_F(EventStreamTest, SendsEachChangeThatIsNoCall) {
  CircuitBreaker& breaker = breakers.add("payment");
  ASSERT_TRUE(stream().join(client));
  for (int i = 0; i < 8; ++i) tick();
  take(client);
  const auto change = [&](const char* what, auto make) {
    make();
    tick();
    const auto events = take(client);
    ASSERT_FALSE(events.empty()) << what;
    EXPECT_EQ(events.back().type, "delta") << what;
    const auto& seen = events.back().data.at("circuit_breakers").at(0);
    EXPECT_EQ(seen.at("name"), "payment");
    for (int i = 0; i < 8; ++i) tick();
    take(client);
  };
  change("a tag", [&] { breakers.registry.tag("payment", {{"team", "shop"}}); });
  change("a mode", [&] { breaker.command(Command::metrics_only, breakers.now); });
  change("no mode", [&] { breaker.command(Command::reset, breakers.now); });
  change("a state", [&] { breaker.command(Command::force_open, breakers.now); });
  change("a refusal", [&] { EXPECT_FALSE(breaker.try_acquire(breakers.now)); });
  change("another generation", [&] { breaker.command(Command::force_open, breakers.now); });
}

TEST_F(EventStreamTest, ANewClientsPeersKnowOfTransitionsThatCameWhileThereWasNoClient) {
  breakers.add("payment");
  ASSERT_TRUE(stream().join(client));
  stream().leave(client);
  breakers.fail("payment", 4);
  tick();
  take(client);
  ASSERT_TRUE(stream().join(client));
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data.at("circuit_breakers").at(0).at("last_transition").at("to"), "open");
  for (int i = 0; i < 8; ++i) tick();
  for (const Event& each : take(client)) EXPECT_EQ(each.type, "delta") << "rates fall back to zero";
  tick();
  EXPECT_TRUE(take(client).empty());
}

TEST_F(EventStreamTest, SendsWhatHappenedToAnInstanceAtOnceAndNothingElse) {
  breakers.add("shop");
  ASSERT_TRUE(stream().join(client));
  take(client);
  breakers.events->publish(LoggedInstance{"shop", "10.0.0.1:80", "ejected", "instance \"1\" is left out\n",
                                          breakers.now, breakers.registry.anchor().to_wall(breakers.now)});
  breakers.events->publish(LoggedInstance{"shop", "", "panic_began", "all are used", breakers.now,
                                          breakers.registry.anchor().to_wall(breakers.now)});
  stream().announce_transitions(breakers.now);
  const auto events = take(client);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, "instance");
  EXPECT_EQ(events[0].data.at("service"), "shop");
  EXPECT_EQ(events[0].data.at("instance"), "10.0.0.1:80");
  EXPECT_EQ(events[0].data.at("what"), "ejected");
  EXPECT_EQ(events[0].data.at("text"), "instance \"1\" is left out\n");
  EXPECT_EQ(events[0].data.at("at").as_string(), iso8601(breakers.registry.anchor().to_wall(breakers.now)));
  EXPECT_TRUE(events[1].data.at("instance").is_null());
  EXPECT_EQ(events[1].id, events[0].id + 1);
}

TEST_F(EventStreamTest, SendsWhatTheControllerOfARampDecides) {
  ASSERT_TRUE(stream().join(client));
  take(client);
  breakers.events->on_ramp(
      {{"payment", PolicyKind::circuit_breaker, breakers.now}, RampChange::fell, 0.2, 0.2, 2, 9, 3});
  stream().announce_transitions(breakers.now);
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "ramp");
  EXPECT_EQ(events[0].data.at("circuit"), "payment");
  EXPECT_EQ(events[0].data.at("change"), "fell");
  EXPECT_EQ(events[0].data.at("share"), 0.2);
  EXPECT_EQ(events[0].data.at("hold"), 2U);
  EXPECT_EQ(events[0].data.at("failed"), 3U);
  EXPECT_EQ(events[0].data.at("text"), "falls back to 20% of the calls for 2 steps: 3 of 9 failed");
}

TEST_F(EventStreamTest, SendsWhyAMultiLevelBreakerMoves) {
  ASSERT_TRUE(stream().join(client));
  take(client);
  LevelEvent level{{"payment", PolicyKind::circuit_breaker, breakers.now}, State::open, 2, {}};
  level.change = {
      BreakerLevel::warning, BreakerLevel::critical, LevelCause::escalated, breakers.now, 12, 9, 0.6};
  breakers.events->on_level(level);
  stream().announce_transitions(breakers.now);
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, "level");
  EXPECT_EQ(events[0].data.at("circuit"), "payment");
  EXPECT_EQ(events[0].data.at("to"), "critical");
  EXPECT_EQ(events[0].data.at("failure_rate"), 0.75);
  EXPECT_EQ(events[0].data.at("text"), "goes from warning to critical: 9 of 12 failed, 75% is above 60%");
}

TEST_F(EventStreamTest, SendsTransitionsAtOnceWithTheBreakerThatChanged) {
  breakers.add("payment");
  ASSERT_TRUE(stream().join(client));
  take(client);
  breakers.fail("payment", 4);
  stream().announce_transitions(breakers.now);
  const auto events = take(client);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, "transition");
  EXPECT_EQ(events[0].data.at("circuit"), "payment");
  EXPECT_EQ(events[0].data.at("to"), "open");
  EXPECT_EQ(events[0].data.at("rule"), "failure_rate");
  EXPECT_EQ(events[1].type, "delta");
  EXPECT_EQ(events[1].data.at("health"), "unhealthy");
  EXPECT_EQ(events[1].data.at("circuit_breakers").as_array()[0].at("state"), "open");
  EXPECT_EQ(events[1].data.at("circuit_breakers").as_array()[0].at("health_score"), 20)
      << "as in GET /status";
  tick();
  for (const Event& later : take(client)) EXPECT_NE(later.type, "transition") << "announced twice";
}

TEST_F(EventStreamTest, DoesNotGrowByEveryTenantThatEverFailed) {
  breakers.registry.apply({{"tenant", ManualBreakers::sensitive()}, {"kept", ManualBreakers::sensitive()}},
                          breakers.now);
  breakers.fail("tenant", 4);
  breakers.fail("kept", 4);
  tick();
  breakers.registry.apply({{"kept", ManualBreakers::sensitive()}}, breakers.now);
  EXPECT_EQ(breakers.log->of("tenant").size(), 1U);
  breakers.now += 1min;
  tick();
  EXPECT_TRUE(breakers.log->of("tenant").empty());
  EXPECT_EQ(breakers.log->of("kept").size(), 1U);
}

TEST_F(EventStreamTest, TellsWhichBreakersAreGoneAndSendsThePolicyOfAReplacedOne) {
  breakers.registry.apply({{"gone", ManualBreakers::sensitive()}, {"new", ManualBreakers::sensitive()}},
                          breakers.now);
  ASSERT_TRUE(stream().join(client));
  take(client);
  CircuitBreakerOptions other = ManualBreakers::sensitive();
  other.failure_rate = 0.9;
  breakers.registry.apply({{"new", other}}, breakers.now);
  tick();
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data.at("removed"), json::value(json::array{"gone"}));
  EXPECT_EQ(events[0].data.at("circuit_breakers").as_array()[0].at("policy").at("failure_rate"), 0.9);
}

TEST_F(EventStreamTest, NumbersEventsWithoutGapsForAllClientsAlike) {
  breakers.add("payment");
  EventClient other{context.get_executor()};
  ASSERT_TRUE(stream().join(client));
  ASSERT_TRUE(stream().join(other));
  const std::uint64_t joined = take(other).at(0).id;
  take(client);
  for (int i = 0; i < 3; ++i) {
    breakers.succeed("payment", 1);
    tick();
  }
  const auto mine = take(client);
  const auto theirs = take(other);
  ASSERT_EQ(mine.size(), 3U);
  ASSERT_EQ(theirs.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(mine[i].id, joined + 1 + i);
    EXPECT_EQ(theirs[i].id, mine[i].id);
  }
}

TEST_F(EventStreamTest, DropsAClientThatDoesNotReadAndKeepsTheOthers) {
  options.limits.events_queued = std::size_t{8} * 1024;
  breakers.add("payment");
  EventClient slow{context.get_executor()};
  ASSERT_TRUE(stream().join(slow));
  ASSERT_TRUE(stream().join(client));
  for (int i = 0; i < 100; ++i) {
    breakers.succeed("payment", 1);
    tick();
    EXPECT_FALSE(take(client).empty());
  }
  EXPECT_TRUE(slow.dropped);
  EXPECT_TRUE(slow.queue.empty()) << "unread data of a dropped client is not kept";
  EXPECT_FALSE(client.dropped);
  EXPECT_EQ(stream().dropped(), 1U);
}

TEST_F(EventStreamTest, LetsAClientLagBySomeDeltasHoweverLargeTheyAre) {
  options.limits.events_queued = 1;
  breakers.add("payment");
  ASSERT_TRUE(stream().join(client));
  take(client);
  for (int i = 0; i < 3; ++i) {
    breakers.succeed("payment", 1);
    tick();
  }
  EXPECT_FALSE(client.dropped);
  EXPECT_EQ(take(client).size(), 3U);
  for (int i = 0; i < 10; ++i) {
    breakers.succeed("payment", 1);
    tick();
  }
  EXPECT_TRUE(client.dropped);
}

TEST_F(EventStreamTest, TakesNoMoreClientsThanItsLimit) {
  options.limits.events_clients = 1;
  EventClient second{context.get_executor()};
  ASSERT_TRUE(stream().join(client));
  EXPECT_FALSE(stream().join(second));
  stream().leave(client);
  EXPECT_TRUE(stream().join(second));
}

TEST_F(EventStreamTest, SaysHowManyTransitionsAreMissingWhenMoreCameThanItsQueueHolds) {
  breakers.add("payment");
  ASSERT_TRUE(stream().join(client));
  take(client);
  CircuitBreaker& payment = breakers.add("payment");
  for (int i = 0; i < 1100; ++i)
    payment.command(i % 2 == 0 ? Command::force_open : Command::reset, breakers.now);
  stream().announce_transitions(breakers.now);
  const auto events = take(client);
  ASSERT_EQ(events.size(), 1U + 1024U + 1U);
  EXPECT_EQ(events.front().type, "lost");
  EXPECT_EQ(events.front().data.at("events"), 76U);
  EXPECT_EQ(events.back().type, "delta") << "it shows how things stand in any case";
}

TEST_F(EventStreamTest, DoesNotRepeatTransitionsFromBeforeAClientCame) {
  breakers.fail("payment", 4);
  ASSERT_TRUE(stream().join(client));
  take(client);
  tick();
  for (const Event& event : take(client)) EXPECT_NE(event.type, "transition");
}

}  // namespace
}  // namespace switchgear::admin
