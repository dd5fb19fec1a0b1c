#include "switchgear/policy/breakers_by_value.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/policy/sip_hash.hpp"
#include "switchgear/policy/value_key.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1h};

CircuitBreakerOptions fragile() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 30s;
  return options;
}

/// Keeps the names of breakers, and what became of them.
class Notes final : public EventSink {
 public:
  void on_transition(const Transition& transition) override {
    transitions.push_back(std::string{transition.breaker} + " " + std::string{to_string(transition.to)});
  }
  void on_rejection(const RejectionEvent& rejection) override { rejections.emplace_back(rejection.breaker); }
  std::vector<std::string> transitions;
  std::vector<std::string> rejections;
};

struct Tenants {
  explicit Tenants(ByValueOptions limits = {}, const CircuitBreakerOptions& options = fragile())
      : by_value{"shop/tenant", options, limits, {.sink = &notes, .seed = 7, .created = start}} {}

  bool call(std::string_view tenant, TimePoint now, Verdict verdict = Verdict::success) {
    auto permit = by_value.try_acquire(tenant, now);
    if (permit) std::move(*permit).record(verdict, now);
    return permit.has_value();
  }
  void open(std::string_view tenant, TimePoint now) {
    for (int i = 0; i < 2; ++i) call(tenant, now, Verdict::failure);
    ASSERT_EQ(state(tenant, now), State::open);
  }
  [[nodiscard]] State state(std::string_view tenant, TimePoint now) const {
    return by_value.find(tenant, now).value().state;
  }
  [[nodiscard]] bool knows(std::string_view tenant, TimePoint now) const {
    return by_value.find(tenant, now).has_value();
  }

  Notes notes;
  BreakersByValue by_value;
};

TEST(BreakersByValue, OpenForTheValueThatFailsAndForNoOther) {
  Tenants tenants;
  tenants.call("good", start);
  tenants.open("bad", start);
  EXPECT_FALSE(tenants.call("bad", start + 1s));
  EXPECT_TRUE(tenants.call("good", start + 1s));
  EXPECT_TRUE(tenants.call("new", start + 1s));
  EXPECT_EQ(tenants.by_value.counts().values, 3U);
  EXPECT_EQ(tenants.by_value.counts().open, 1U);
  EXPECT_EQ(tenants.by_value.counts().rejected, 1U);
}

TEST(BreakersByValue, RefuseWithTheTimeThatIsLeftInTheNameOfAll) {
  Tenants tenants;
  tenants.open("bad", start);
  const auto refused = tenants.by_value.try_acquire("bad", start + 10s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().reason, Reason::open);
  EXPECT_EQ(refused.rejection().retry_after, 20s);
  EXPECT_EQ(refused.rejection().policy.data(), tenants.by_value.name().data())
      << "a name that is there after the value has retired";
}

TEST(BreakersByValue, RecoverThroughAProbe) {
  CircuitBreakerOptions options = fragile();
  options.half_open.permitted_calls = 1;
  Tenants tenants{{}, options};
  tenants.open("bad", start);
  EXPECT_TRUE(tenants.call("bad", start + 30s));
  EXPECT_EQ(tenants.state("bad", start + 30s), State::closed);
  EXPECT_EQ(tenants.by_value.counts().open, 0U);
  EXPECT_EQ(tenants.notes.transitions,
            (std::vector<std::string>{"shop/tenant=bad open", "shop/tenant=bad half_open",
                                      "shop/tenant=bad closed"}));
}

TEST(BreakersByValue, LetCallsWithoutAValuePassUnrecorded) {
  Tenants tenants;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(tenants.call("", start, Verdict::failure));
  auto permit = tenants.by_value.try_acquire("", start);
  ASSERT_TRUE(permit);
  EXPECT_FALSE(permit->counts());
  EXPECT_EQ(tenants.by_value.counts().values, 0U);
  EXPECT_EQ(tenants.by_value.counts().uncovered, 0U);
}

TEST(BreakersByValue, RememberTheSuccessesOfAQuietValueWhenItFails) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 10;
  Tenants tenants{{}, options};
  for (int i = 0; i < 6; ++i) tenants.call("a", start);
  for (int i = 0; i < 5; ++i) tenants.call("a", start, Verdict::failure);
  EXPECT_EQ(tenants.state("a", start), State::closed) << "5 of 11";
  tenants.call("a", start, Verdict::failure);
  EXPECT_EQ(tenants.state("a", start), State::open) << "6 of 12";
}

TEST(BreakersByValue, ForgetTheSuccessesThatAreTooOldForATimeWindow) {
  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  options.minimum_calls = 4;
  options.window = TimeWindowOptions{10s, 10};
  Tenants tenants{{}, options};
  for (int i = 0; i < 6; ++i) tenants.call("a", start);
  for (int i = 0; i < 4; ++i) tenants.call("a", start + 11s, Verdict::failure);
  EXPECT_EQ(tenants.state("a", start + 11s), State::open);
}

TEST(BreakersByValue, CountCallsThatWereUnderWayWhenAnotherOneFailed) {
  Tenants tenants;
  auto first = tenants.by_value.try_acquire("a", start);
  auto second = tenants.by_value.try_acquire("a", start);
  auto third = tenants.by_value.try_acquire("a", start);
  std::move(*first).record(Verdict::failure, start + 1s);
  std::move(*second).record(Verdict::failure, start + 2s);
  EXPECT_EQ(tenants.state("a", start + 2s), State::open);
  std::move(*third).record(Verdict::success, start + 3s);
  const BreakerSnapshot seen = tenants.by_value.find("a", start + 3s).value();
  EXPECT_EQ(seen.state, State::open);
  EXPECT_EQ(seen.totals.late, 1U);
  EXPECT_EQ(seen.totals.calls, 3U);
}

TEST(BreakersByValue, RetireWhenIdleAndBeginAnew) {
  Tenants tenants{{.max = 10, .idle = 1min}};
  tenants.call("a", start, Verdict::failure);
  tenants.by_value.retire_idle(start + 1min - 1ns);
  EXPECT_TRUE(tenants.knows("a", start + 1min - 1ns));
  EXPECT_FALSE(tenants.knows("a", start + 1min));
  tenants.call("a", start + 1min, Verdict::failure);
  EXPECT_EQ(tenants.state("a", start + 1min), State::closed) << "the first of its two failures is forgotten";
  EXPECT_EQ(tenants.by_value.counts().retired, 1U);
  tenants.by_value.retire_idle(start + 1h);
  EXPECT_EQ(tenants.by_value.counts().values, 0U);
}

TEST(BreakersByValue, DoNotRetireWithACallInFlight) {
  Tenants tenants{{.max = 10, .idle = 1min}};
  auto quiet = tenants.by_value.try_acquire("quiet", start);
  tenants.call("awake", start, Verdict::failure);
  auto awake = tenants.by_value.try_acquire("awake", start);
  tenants.by_value.retire_idle(start + 1h);
  EXPECT_EQ(tenants.by_value.counts().values, 2U);
  std::move(*quiet).record(Verdict::failure, start + 1h);
  std::move(*awake).record(Verdict::failure, start + 1h);
  EXPECT_EQ(tenants.state("quiet", start + 1h), State::closed);
  EXPECT_EQ(tenants.state("awake", start + 1h), State::open);
}

TEST(BreakersByValue, NeverRetireWhileTheirOpeningLasts) {
  CircuitBreakerOptions options = fragile();
  options.open_duration = 1h;
  options.max_open_duration = 1h;
  Tenants tenants{{.max = 10, .idle = 1min}, options};
  tenants.open("bad", start);
  tenants.by_value.retire_idle(start + 59min);
  EXPECT_FALSE(tenants.call("bad", start + 59min));
}

// Or a stranger could take up every place for good, by opening breakers that are not called again.
TEST(BreakersByValue, RetireWhenTheyWereDueToProbeForAsLongAsIdle) {
  Tenants tenants{{.max = 10, .idle = 1min}};
  tenants.open("bad", start);
  tenants.by_value.retire_idle(start + 30s + 1min - 1ns);
  EXPECT_EQ(tenants.by_value.counts().open, 1U);
  tenants.by_value.retire_idle(start + 30s + 2min);
  EXPECT_EQ(tenants.by_value.counts().open, 0U);
  EXPECT_EQ(tenants.by_value.counts().values, 0U);
}

TEST(BreakersByValue, WhenAllPlacesAreTakenTheOneUsedLeastRecentlyGoes) {
  Tenants tenants{{.max = 3, .idle = 1h}};
  for (const char* name : {"a", "b", "c", "a", "d"}) tenants.call(name, start);
  EXPECT_TRUE(tenants.knows("a", start));
  EXPECT_FALSE(tenants.knows("b", start));
  EXPECT_TRUE(tenants.knows("c", start));
  EXPECT_TRUE(tenants.knows("d", start));
  EXPECT_EQ(tenants.by_value.counts().evicted, 1U);
}

TEST(BreakersByValue, AMillionOtherValuesDoNotEvictAValueInTrouble) {
  Tenants tenants{{.max = 100, .idle = 1h}};
  tenants.open("open", start);
  tenants.call("failed once", start, Verdict::failure);
  for (int i = 0; i < 1'000'000; ++i) tenants.call("t" + std::to_string(i), start + i * 1us);
  EXPECT_EQ(tenants.by_value.counts().values, 100U);
  EXPECT_FALSE(tenants.call("open", start + 2s));
  tenants.call("failed once", start + 2s, Verdict::failure);
  EXPECT_EQ(tenants.state("failed once", start + 2s), State::open);
}

TEST(BreakersByValue, NewValuesHaveNoneWhileAllPlacesAreHeldByThoseInTrouble) {
  Tenants tenants{{.max = 20, .idle = 1min}};
  for (int i = 0; i < 20; ++i) tenants.open("bad" + std::to_string(i), start);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(tenants.call("new", start + 1s, Verdict::failure));
  EXPECT_FALSE(tenants.knows("new", start + 1s));
  EXPECT_EQ(tenants.by_value.counts().uncovered, 5U);
  EXPECT_EQ(tenants.by_value.counts().open, 20U);
  EXPECT_TRUE(tenants.call("new", start + 5min)) << "by now the others have retired";
  EXPECT_TRUE(tenants.knows("new", start + 5min));
}

TEST(BreakersByValue, AMillionValuesThatFailEvictNoneThatIsOpenAndKeepNoNewcomerWithoutABreaker) {
  Tenants tenants{{.max = 20'000, .idle = 1h}};
  ASSERT_LT(tenants.by_value.most_whole(), 20'000U) << "or they would all have a whole breaker";
  tenants.open("open", start);
  for (int i = 0; i < 1'000'000; ++i) {
    const TimePoint now = start + i * 1us;
    tenants.call("attacker" + std::to_string(i), now, Verdict::failure);
    if (i % 100'000 != 50'000) continue;
    const std::string newcomer = "newcomer" + std::to_string(i);
    tenants.open(newcomer, now);
    EXPECT_FALSE(tenants.call(newcomer, now));
  }
  EXPECT_FALSE(tenants.call("open", start + 2s));
  const ByValueCounts counts = tenants.by_value.counts();
  EXPECT_EQ(counts.open, 11U);
  EXPECT_EQ(counts.uncovered, 0U);
  EXPECT_LE(counts.values, 20'000U);
}

TEST(BreakersByValue, AValueInUseKeepsItsFailuresThoughStrangersFailByTheThousand) {
  Tenants tenants{{.max = 20'000, .idle = 1h}};
  tenants.call("acme", start, Verdict::failure);
  for (int i = 0; i < 50'000; ++i) {
    const TimePoint now = start + i * 1us;
    tenants.call("attacker" + std::to_string(i), now, Verdict::failure);
    if (i % 1'000 == 0) {
      auto looked = tenants.by_value.try_acquire("acme", now);
    }
  }
  tenants.call("acme", start + 1s, Verdict::failure);
  EXPECT_EQ(tenants.state("acme", start + 1s), State::open);
}

TEST(BreakersByValue, ThoseWhoseRuleNeedsAWholeBreakerAreEvictedInTheirTurnToo) {
  CircuitBreakerOptions options = fragile();
  options.stuck_calls = StuckCallsRule{2s, 2};
  Tenants tenants{{.max = 20'000, .idle = 1h}, options};
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(tenants.call("t" + std::to_string(i), start));
  EXPECT_EQ(tenants.by_value.counts().uncovered, 0U);
  EXPECT_LE(tenants.by_value.counts().values, tenants.by_value.most_whole());
}

TEST(BreakersByValue, OnceRecoveredTheyMayBeEvicted) {
  CircuitBreakerOptions options = fragile();
  options.half_open.permitted_calls = 1;
  Tenants tenants{{.max = 1, .idle = 1h}, options};
  tenants.open("bad", start);
  tenants.call("bad", start + 30s);
  tenants.call("new", start + 31s);
  EXPECT_TRUE(tenants.knows("new", start + 31s));
}

TEST(BreakersByValue, TellTheSinkOfAHundredAtATimeAndCountTheOthers) {
  Tenants tenants;
  for (int i = 0; i < 250; ++i) tenants.open("bad" + std::to_string(i), start);
  EXPECT_EQ(tenants.notes.transitions.size(), BreakersByValue::most_told);
  EXPECT_EQ(tenants.by_value.counts().untold, 150U);
  EXPECT_EQ(tenants.by_value.counts().open, 250U);
  tenants.call("bad0", start);
  tenants.call("bad200", start);
  EXPECT_EQ(tenants.notes.rejections, std::vector<std::string>{"shop/tenant=bad0"});
}

TEST(BreakersByValue, ListThoseThatAreOpenUpToABound) {
  Tenants tenants;
  for (int i = 0; i < 5; ++i) tenants.open("bad" + std::to_string(i), start + i * 1s);
  const auto opened = tenants.by_value.opened(2, start + 10s);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].breaker, "shop/tenant=bad0");
  EXPECT_EQ(opened[0].snapshot.retry_after, 20s);
  EXPECT_EQ(opened[1].breaker, "shop/tenant=bad1");
}

TEST(BreakersByValue, ObeyAnOperatorWhoKnowsTheValue) {
  Tenants tenants{{.max = 10, .idle = 1min}};
  EXPECT_FALSE(tenants.by_value.command("a", Command::force_open, start));
  tenants.call("a", start);
  EXPECT_TRUE(tenants.by_value.command("a", Command::force_open, start));
  tenants.by_value.retire_idle(start + 1h);
  EXPECT_FALSE(tenants.call("a", start + 1h));
  EXPECT_TRUE(tenants.by_value.command("a", Command::reset, start + 1h));
  EXPECT_TRUE(tenants.call("a", start + 1h));
}

TEST(BreakersByValue, ObeyAnOperatorWhoKnowsOnlyWhatTheNameShowsOfALongValue) {
  Tenants tenants;
  const std::string value(10'000, 'x');
  tenants.open(value, start);
  const std::string name = tenants.by_value.breaker_name(value);
  const std::string known_by = name.substr(name.find('=') + 1);
  tenants.call(known_by, start);  // a stranger's value of just that text is another one
  EXPECT_EQ(tenants.by_value.find(known_by, start).value().state, State::open);
  EXPECT_EQ(tenants.by_value.found_name(known_by, start), name);
  EXPECT_TRUE(tenants.by_value.command(known_by, Command::reset, start));
  EXPECT_EQ(tenants.state(value, start), State::closed);
  std::string other = known_by;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_FALSE(tenants.by_value.command(other, Command::reset, start));
  EXPECT_EQ(tenants.by_value.found_name(other, start), tenants.by_value.breaker_name(other));
}

TEST(BreakersByValue, TellLongValuesApartAndKeepNoMoreThanTheirBeginning) {
  Tenants tenants;
  const std::string long_one(10'000, 'x');
  tenants.open(long_one + "a", start);
  EXPECT_FALSE(tenants.call(long_one + "a", start));
  EXPECT_TRUE(tenants.call(long_one + "b", start));
  const std::string name = tenants.by_value.breaker_name(long_one + "a");
  EXPECT_EQ(name.size(), std::string{"shop/tenant="}.size() + 48 + 1 + 16);
  EXPECT_TRUE(tenants.call(name.substr(name.find('=') + 1), start)) << "a short value is not taken for it";
}

TEST(BreakersByValue, ShowWhatStrangersWroteAsVisibleText) {
  EXPECT_EQ(shown_value("acme-7.eu"), "acme-7.eu");
  EXPECT_EQ(shown_value(std::string_view{"a\0b\n\x1b[2J 100%\xff", 14}), "a%00b%0A%1B[2J%20100%25%FF");
}

TEST(BreakersByValue, SayAtWhichLevelTheBreakerOfTheValueRefuses) {
  CircuitBreakerOptions options = fragile();
  LevelsOptions levels;
  levels.escalate_above = 0.5;
  options.levels = levels;
  Tenants tenants{{}, options};
  tenants.open("acme", start);
  const auto refused = tenants.by_value.try_acquire("acme", start);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.rejection().level, BreakerLevel::critical);
}

TEST(BreakersByValue, ForgetAValueThatWasLeftAloneInItsControlledRamp) {
  CircuitBreakerOptions options = fragile();
  options.half_open.permitted_calls = 1;
  options.ramp = RampOptions{.duration = 40s, .from = 0.5, .controller = RampControllerOptions{}};
  Tenants tenants{{.idle = 60s}, options};
  tenants.open("acme", start);
  ASSERT_TRUE(tenants.call("acme", start + 30s));
  ASSERT_EQ(tenants.state("acme", start + 30s), State::closed);
  EXPECT_TRUE(tenants.knows("acme", start + 30s + 60s)) << "its ramp may go on for 40s";
  EXPECT_FALSE(tenants.knows("acme", start + 30s + 100s))
      << "no call ends it, so that it would stay for good";
  tenants.by_value.retire_idle(start + 30s + 100s);
  EXPECT_EQ(tenants.by_value.counts().retired, 1U);
}

TEST(BreakersByValue, KeepAValueThatAnOperatorOnlyMeasuresThoughItWouldBeOpen) {
  Tenants tenants{{.idle = 60s}};
  tenants.call("acme", start);
  ASSERT_TRUE(tenants.by_value.command("acme", Command::metrics_only, start));
  for (int i = 0; i < 2; ++i) tenants.call("acme", start, Verdict::failure);
  ASSERT_EQ(tenants.state("acme", start), State::open);
  ASSERT_TRUE(tenants.knows("acme", start + 24h));
  EXPECT_TRUE(tenants.by_value.find("acme", start + 24h)->metrics_only);
}

class Heard final : public ValueCallSink {
 public:
  void on_value_call(const ValueCall& call) noexcept override { calls.push_back(call); }
  std::vector<ValueCall> calls;
};

TEST(BreakersByValue, TellOfEachCallThatBeginsWhileSomeoneListens) {
  Tenants tenants;
  auto before = tenants.by_value.try_acquire("acme", start);
  const auto heard = std::make_shared<Heard>();
  tenants.by_value.tell_calls(heard);
  std::move(*before).record(Verdict::success, start + 1s);
  EXPECT_TRUE(heard->calls.empty()) << "it had begun";

  std::move(*tenants.by_value.try_acquire("acme", start)).record(Verdict::failure, start + 2s);
  std::move(*tenants.by_value.try_acquire("globex", start)).record(Verdict::success, start + 3s);
  std::move(*tenants.by_value.try_acquire("", start)).record(Verdict::success, start + 4s);
  { const auto dropped = tenants.by_value.try_acquire("globex", start + 5s); }
  ASSERT_EQ(heard->calls.size(), 4U);
  EXPECT_EQ(heard->calls[0].verdict, Verdict::failure);
  EXPECT_EQ(heard->calls[0].latency, 2s);
  EXPECT_EQ(heard->calls[0].at, start + 2s);
  EXPECT_TRUE(heard->calls[1].value);
  EXPECT_NE(heard->calls[0].value, heard->calls[1].value);
  EXPECT_FALSE(heard->calls[2].value) << "made for none";
  EXPECT_EQ(heard->calls[3].verdict, Verdict::ignored);
  EXPECT_EQ(heard->calls[3].value, heard->calls[1].value);

  tenants.open("acme", start + 6s);
  EXPECT_FALSE(tenants.call("acme", start + 7s));
  EXPECT_TRUE(heard->calls.back().refused);
  EXPECT_EQ(heard->calls.back().value, heard->calls[0].value);

  const std::size_t known = heard->calls.size();
  auto last = tenants.by_value.try_acquire("globex", start + 8s);
  tenants.by_value.tell_calls(nullptr);
  std::move(*last).record(Verdict::success, start + 9s);
  EXPECT_EQ(heard->calls.size(), known);
}

TEST(BreakersByValue, RefuseOptionsThatMakeNoSense) {
  EXPECT_TRUE(validate(ByValueOptions{}).empty());
  EXPECT_EQ(validate(ByValueOptions{.max = 0, .idle = 0s}).size(), 2U);
  EXPECT_THROW((BreakersByValue{"x", fragile(), {.max = 0}}), std::invalid_argument);
  CircuitBreakerOptions wrong;
  wrong.failure_rate = 2;
  EXPECT_THROW((BreakersByValue{"x", wrong}), std::invalid_argument);
}

// The vectors of the reference implementation: the key 00…0f, the texts 00, 00 01, … without end.
TEST(SipHash, IsThatOfTheReferenceImplementation) {
  const SipKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  std::string text;
  EXPECT_EQ(sip_hash(key, text), 0x726fdb47dd0e0e31U);
  text += '\0';
  EXPECT_EQ(sip_hash(key, text), 0x74f839c593dc67fdU);
  for (char i = 1; i < 15; ++i) text += i;
  EXPECT_EQ(sip_hash(key, text), 0xa129ca6149be45e5U);
}

}  // namespace
}  // namespace switchgear
