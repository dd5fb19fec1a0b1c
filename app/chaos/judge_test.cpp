// Expectations, judged on what was recorded.
#include "app/chaos/judge.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace switchgear::chaos {
namespace {

using namespace std::chrono_literals;
using Kind = Expectation::Kind;

/// Ten calls a second for 30 seconds: failed from 10s to 11s, refused to 20s, else served in 5 ms. The
/// breaker opens at 11s and closes at 20s.
Observations outage() {
  Observations seen;
  seen.duration = 30s;
  seen.paths = {"/payment/x"};
  seen.breakers = {"payment", "stock"};
  seen.initially = {{"payment", "closed"}, {"stock", "closed"}};
  for (int i = 0; i < 300; ++i) {
    Call call{.at = i * 100ms, .latency = 5ms};
    if (call.at >= 10s && call.at < 20s) call.kind = call.at < 11s ? Call::Kind::failed : Call::Kind::refused;
    if (call.kind == Call::Kind::failed) call.latency = 500ms;
    seen.calls.push_back(call);
  }
  seen.transitions = {{"payment", 11s, "closed", "open", "failure_rate", 0.5, 0.5},
                      {"payment", 19s, "open", "half_open", "open_duration", 0, 0},
                      {"payment", 20s, "half_open", "closed", "recovered", 0, 0}};
  seen.arrivals["payment"] = {{1s, 2s, 12s}, {13s}};
  return seen;
}

Expectation of(Kind kind) {
  Expectation expectation;
  expectation.kind = kind;
  expectation.breaker = "payment";
  return expectation;
}

TEST(Judge, OpensWithinCountsFromWhereItIsTold) {
  Expectation opens = of(Kind::opens_within);
  opens.after = 10s;
  opens.limit = 1s;
  const Verdict in_time = judge(opens, outage());
  EXPECT_TRUE(in_time.held);
  EXPECT_EQ(in_time.expected, "breaker payment opens within 1s after 10s");
  EXPECT_EQ(in_time.found, "it opened after 1.00s");
  opens.limit = 999ms;
  EXPECT_FALSE(judge(opens, outage()).held);
  opens.after = 12s;
  opens.limit = 10s;
  const Verdict never = judge(opens, outage());
  EXPECT_FALSE(never.held);
  EXPECT_EQ(never.found, "it did not; it was open at 12s");
}

TEST(Judge, ClosesWithin) {
  Expectation closes = of(Kind::closes_within);
  closes.after = 15s;
  closes.limit = 5s;
  EXPECT_TRUE(judge(closes, outage()).held);
  closes.limit = 4s;
  EXPECT_EQ(judge(closes, outage()).found, "it closed after 5.00s");
  EXPECT_FALSE(judge(closes, outage()).held);
}

TEST(Judge, NeverOpensLooksAtItsTimeAlone) {
  Expectation never = of(Kind::never_opens);
  EXPECT_FALSE(judge(never, outage()).held);
  EXPECT_EQ(judge(never, outage()).found, "it opened at 11.00s");
  never.until = 11s;
  EXPECT_TRUE(judge(never, outage()).held);
  never.until.reset();
  never.after = 12s;
  EXPECT_EQ(judge(never, outage()).found, "it was open at 12s");
  never.breaker = "stock";
  EXPECT_TRUE(judge(never, outage()).held);
}

TEST(Judge, ABreakerThatIsNotThereHoldsNothing) {
  for (const Kind kind :
       {Kind::opens_within, Kind::closes_within, Kind::never_opens, Kind::recovers_within}) {
    Expectation expectation = of(kind);
    expectation.breaker = "paymet";
    expectation.limit = 30s;
    EXPECT_FALSE(judge(expectation, outage()).held);
    EXPECT_EQ(judge(expectation, outage()).found,
              "the target has no breaker of this name; it has payment, stock");
  }
}

TEST(Judge, RecoversWhenCallersAreServedAndTheBreakerIsClosed) {
  Expectation recovers = of(Kind::recovers_within);
  recovers.share = 0.95;
  recovers.after = 15s;
  recovers.limit = 5s;
  EXPECT_TRUE(judge(recovers, outage()).held);
  EXPECT_EQ(judge(recovers, outage()).found, "after 5.00s");
  recovers.limit = 4s;
  EXPECT_FALSE(judge(recovers, outage()).held);
  Observations open = outage();
  open.transitions.pop_back();
  recovers.limit = 15s;
  EXPECT_EQ(judge(recovers, open).found, "it did not") << "callers are served, and the breaker is not closed";
}

TEST(Judge, SharesAreOfTheCallsInTheTime) {
  Expectation share = of(Kind::serves_at_least);
  share.share = 0.66;
  EXPECT_TRUE(judge(share, outage()).held);
  EXPECT_EQ(judge(share, outage()).found, "0.6667: 200 of 300 calls");
  share.share = 0.67;
  EXPECT_FALSE(judge(share, outage()).held);
  share.kind = Kind::refuses_at_most;
  share.share = 0.3;
  EXPECT_TRUE(judge(share, outage()).held);
  share.kind = Kind::fails_at_most;
  share.after = 10s;
  share.until = 12s;
  EXPECT_FALSE(judge(share, outage()).held);
  EXPECT_EQ(judge(share, outage()).expected, "at most 0.3 of the calls fail from 10s to 12s");
  share.path = "/other";
  EXPECT_EQ(judge(share, outage()).found, "there were no calls");
}

TEST(Judge, LatenciesAreWhatCallersFelt) {
  Expectation latency = of(Kind::p50_below);
  latency.limit = 6ms;
  EXPECT_TRUE(judge(latency, outage()).held);
  latency.kind = Kind::p99_below;
  EXPECT_FALSE(judge(latency, outage()).held);
  EXPECT_EQ(judge(latency, outage()).expected, "p99 below 6ms");
}

TEST(Judge, ReachesCountsTheRequestsOfAllInstances) {
  Expectation reaches = of(Kind::reaches_at_most);
  reaches.service = "payment";
  reaches.after = 11s;
  reaches.count = 2;
  EXPECT_TRUE(judge(reaches, outage()).held);
  reaches.count = 1;
  EXPECT_FALSE(judge(reaches, outage()).held);
  EXPECT_EQ(judge(reaches, outage()).found, "2 arrived");
}

}  // namespace
}  // namespace switchgear::chaos
