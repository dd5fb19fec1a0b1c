// Which instance a call goes to: the turns, the distributions within statistical bounds, and who is left out.
#include "switchgear/instances/balancer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "switchgear/instances/ejection_fixture.hpp"
#include "switchgear/policy/property_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;

constexpr std::array methods{Balance::round_robin, Balance::least_requests, Balance::hash};

/// Instances "0", "1", … with these weights, that one may eject.
class Instances {
 public:
  explicit Instances(std::vector<double> weights) : service(only_5xx(1), weights.size()) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      entries.push_back({service.instances.at(std::to_string(i)), weights[i]});
    }
  }
  [[nodiscard]] Balancer balancer(const BalanceOptions& options, std::uint64_t seed = 1) const {
    Balancer made{options, seed};
    made.set_instances(entries);
    return made;
  }
  void eject(std::size_t i) { service.answer(i, 500); }
  [[nodiscard]] const Instance* at(std::size_t i) const { return entries[i].instance.get(); }

  TestService service;
  std::vector<Balancer::Entry> entries;
};

std::size_t number(const std::shared_ptr<Instance>* picked) {
  return picked == nullptr ? std::numeric_limits<std::size_t>::max()
                           : static_cast<std::size_t>(std::stoul((*picked)->name()));
}

/// How often each of `count` instances is picked. Each call ends before the next begins.
std::vector<int> shares(Balancer& balancer, std::size_t count, int picks, Balancer::Pick how = {}) {
  std::vector<int> found(count);
  Random keys{99};
  for (int i = 0; i < picks; ++i) {
    how.key = keys.next();
    ++found[number(balancer.pick(how))];
  }
  return found;
}

/// Pearson's statistic against shares by weight.
double chi_square(const std::vector<int>& found, const std::vector<double>& weights) {
  const double picks = std::accumulate(found.begin(), found.end(), 0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double expected = picks * weights[i] / total;
    sum += (found[i] - expected) * (found[i] - expected) / expected;
  }
  return sum;
}

TEST(BalanceOptions, NameEveryProblemByItsKey) {
  EXPECT_TRUE(validate(BalanceOptions{}).empty());
  const auto problems = validate({.slow_start = -1s, .slow_start_from = 0, .bound = 0.9});
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(problems[0].key, "slow_start");
  EXPECT_EQ(problems[1].key, "slow_start_from");
  EXPECT_EQ(problems[2].key, "bound");
  EXPECT_THROW(Balancer({.bound = 0}, 1), std::invalid_argument);
  Instances of{{1, 1}};
  of.entries[1].weight = -1;
  EXPECT_THROW(static_cast<void>(of.balancer({})), std::invalid_argument);
}

TEST(Balancer, PicksNothingFromNothing) {
  for (const Balance method : methods) {
    Balancer balancer{{.method = method}, 1};
    EXPECT_EQ(balancer.pick({}), nullptr);
    balancer.set_instances({});
    EXPECT_EQ(balancer.pick({.panic = true}), nullptr);
  }
}

TEST(Balancer, SpreadsTheTurnsOfTheHeavyInARound) {
  Instances of{{5, 1, 1}};
  Balancer balancer = of.balancer({.method = Balance::round_robin});
  std::string turns;
  for (int i = 0; i < 14; ++i) turns += std::to_string(number(balancer.pick({})));
  // nginx's own example, from whatever turn the seed makes it begin.
  EXPECT_NE(std::string("001020000102000010200").find(turns.substr(0, 7)), std::string::npos) << turns;
  EXPECT_EQ(turns.substr(0, 7), turns.substr(7)) << "one round like the other";
}

TEST(Balancer, BeginsTheRoundOfEachWorkerElsewhere) {
  Instances of{{1, 1, 1, 1}};
  std::set<std::size_t> first;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Balancer balancer = of.balancer({.method = Balance::round_robin}, seed);
    first.insert(number(balancer.pick({})));
  }
  EXPECT_EQ(first.size(), 4U);
}

TEST(BalancerProperty, ARoundHasEachInstanceExactlyAsOftenAsItsWeight) {
  EXPECT_TRUE(holds(300, [] {
    const auto weights = *rc::gen::suchThat(
        rc::gen::container<std::vector<int>>(*rc::gen::inRange<std::size_t>(1, 8), rc::gen::inRange(1, 10)),
        [](const std::vector<int>& some) { return !some.empty(); });
    Instances of{std::vector<double>(weights.begin(), weights.end())};
    Balancer balancer = of.balancer({.method = Balance::round_robin}, *rc::gen::arbitrary<std::uint64_t>());
    const int round = std::accumulate(weights.begin(), weights.end(), 0);
    for (int n = 0; n < 3; ++n) RC_ASSERT(shares(balancer, weights.size(), round) == weights);
  }));
}

TEST(Balancer, FollowsTheWeightsWhileNothingIsInFlight) {
  const std::vector<double> weights{1, 2, 3, 4, 0.5};
  for (const Balance method : {Balance::least_requests, Balance::hash}) {
    Instances of{weights};
    Balancer balancer = of.balancer({.method = method});
    // Four degrees of freedom: once in 10⁴ seeds it is above 23.5.
    EXPECT_LT(chi_square(shares(balancer, 5, 50'000), weights), 23.5) << static_cast<int>(method);
  }
}

TEST(Balancer, PicksTheLessLoadedOfTwo) {
  Instances of{{1, 1}};
  Balancer balancer = of.balancer({.method = Balance::least_requests});
  const InstanceCall busy{of.entries[0].instance};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(number(balancer.pick({})), 1U);
}

TEST(Balancer, ReckonsTheLoadPerWeight) {
  Instances of{{3, 1}};
  Balancer balancer = of.balancer({.method = Balance::least_requests});
  std::vector<InstanceCall> calls;
  for (int i = 0; i < 4'000; ++i) calls.emplace_back(*balancer.pick({}));
  EXPECT_NEAR(of.at(0)->in_flight(), 3'000, 4);
}

TEST(Balancer, KeepsTheLoadsTogetherWithTwoChoices) {
  Instances of{std::vector<double>(50, 1.0)};
  Balancer balancer = of.balancer({.method = Balance::least_requests});
  std::vector<InstanceCall> calls;
  for (int i = 0; i < 5'000; ++i) calls.emplace_back(*balancer.pick({}));
  for (std::size_t i = 0; i < 50; ++i) {
    // ln ln 50 / ln 2 ≈ 2 above the mean; one choice alone would be ± 30.
    EXPECT_NEAR(of.at(i)->in_flight(), 100, 8);
  }
}

TEST(Balancer, LeavesOutTheEjectedUnlessThereIsPanic) {
  for (const Balance method : methods) {
    Instances of{{1, 1, 1}};
    of.eject(1);
    Balancer balancer = of.balancer({.method = method});
    EXPECT_EQ(shares(balancer, 3, 300)[1], 0);
    EXPECT_GT(shares(balancer, 3, 300, {.panic = true})[1], 0);
    of.service.ejection.on_health(of.service.at(0), Ejection::Health::bad, of.service.now);
    EXPECT_EQ(shares(balancer, 3, 300)[2], 300);
    of.eject(2);
    EXPECT_EQ(balancer.pick({}), nullptr);
    EXPECT_NE(balancer.pick({.panic = true}), nullptr);
  }
}

TEST(Balancer, AvoidsWhereTheEarlierAttemptsWentIfItCan) {
  for (const Balance method : methods) {
    Instances of{{1, 1, 1}};
    Balancer balancer = of.balancer({.method = method});
    const std::array avoid{of.at(0), of.at(2)};
    EXPECT_EQ(shares(balancer, 3, 100, {.avoid = avoid})[1], 100);
    of.eject(1);
    const auto left = shares(balancer, 3, 300, {.avoid = avoid});
    EXPECT_EQ(left[1], 0) << "the same instance again is better than an ejected one";
    EXPECT_EQ(left[0] + left[2], 300);
  }
}

TEST(Balancer, UsesAnInstanceOfWeightZeroOnlyWhenThereIsNoOther) {
  for (const Balance method : methods) {
    Instances of{{1, 0}};
    Balancer balancer = of.balancer({.method = method});
    EXPECT_EQ(shares(balancer, 2, 100)[1], 0);
    of.eject(0);
    EXPECT_EQ(shares(balancer, 2, 100)[1], 100);
  }
}

TEST(Balancer, BringsANewInstanceUpSlowly) {
  for (const Balance method : {Balance::round_robin, Balance::least_requests}) {
    Instances of{{1, 1, 1}};
    of.service.pass(1h);
    of.service.add("3");
    of.entries.push_back({of.service.instances.at("3"), 1});
    Balancer balancer = of.balancer({.method = method, .slow_start = 30s, .slow_start_from = 0.1});
    const auto share = [&](Duration after) {
      return shares(balancer, 4, 20'000, {.now = of.service.now + after})[3] / 20'000.0;
    };
    EXPECT_NEAR(share(0s), 0.1 / 3.1, 0.01);
    EXPECT_NEAR(share(15s), 0.5 / 3.5, 0.012);
    EXPECT_NEAR(share(30s), 0.25, 0.015);
    EXPECT_NEAR(share(10h), 0.25, 0.015);
  }
}

TEST(Balancer, BringsAnInstanceThatReturnsUpSlowlyToo) {
  Instances of{{1, 1}};
  of.service.pass(1h);
  of.eject(0);
  of.service.pass(30s);
  Balancer balancer = of.balancer({.method = Balance::round_robin, .slow_start = 10s});
  EXPECT_NEAR(shares(balancer, 2, 1'100, {.now = of.service.now})[0], 100, 2);
}

TEST(Balancer, SendsAKeyToTheSameInstanceInEveryProcess) {
  Instances of{{1, 2, 3}};
  Balancer one = of.balancer({.method = Balance::hash}, 1);
  std::reverse(of.entries.begin(), of.entries.end());
  Balancer other = of.balancer({.method = Balance::hash}, 2);
  for (std::uint64_t key = 0; key < 1'000; ++key) {
    EXPECT_EQ(*one.pick({.key = key}), *other.pick({.key = key})) << "whatever the order and the seed";
  }
  EXPECT_EQ(balance_key(""), 0xcbf29ce484222325U);
  EXPECT_EQ(balance_key("foobar"), 0x85944171f73967e8U) << "the published test vector of FNV-1a";
}

TEST(Balancer, MovesOnlyTheKeysOfTheInstanceThatLeft) {
  constexpr std::size_t count = 10;
  constexpr std::uint64_t keys = 20'000;
  Instances of{std::vector<double>(count, 1.0)};
  Balancer balancer = of.balancer({.method = Balance::hash});
  std::vector<std::size_t> before;
  for (std::uint64_t key = 0; key < keys; ++key) before.push_back(number(balancer.pick({.key = key})));
  of.eject(3);
  std::vector<int> taken(count);
  for (std::uint64_t key = 0; key < keys; ++key) {
    const std::size_t after = number(balancer.pick({.key = key}));
    if (before[key] == 3) {
      ++taken[after];
    } else {
      ASSERT_EQ(after, before[key]);
    }
  }
  const int moved = std::accumulate(taken.begin(), taken.end(), 0);
  EXPECT_NEAR(moved, 2'000, 4 * std::sqrt(1'800));
  for (std::size_t i = 0; i < count; ++i) {
    const double fair = i == 3 ? 0 : moved / 9.0;
    EXPECT_NEAR(taken[i], fair, 5 * std::sqrt(fair)) << "spread over all others";
  }
  of.service.pass(30s);
  for (std::uint64_t key = 0; key < keys; ++key) ASSERT_EQ(number(balancer.pick({.key = key})), before[key]);
}

TEST(BalancerProperty, NoInstanceGetsMoreThanItsBoundOfTheCallsInFlight) {
  EXPECT_TRUE(holds(100, [] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto whole = *rc::gen::container<std::vector<int>>(count, rc::gen::inRange(1, 6));
    const std::vector<double> weights(whole.begin(), whole.end());
    const double bound = 1 + *rc::gen::inRange(0, 100) / 50.0;
    const auto distinct_keys = *rc::gen::inRange<std::uint64_t>(1, 20);
    Instances of{weights};
    Balancer balancer = of.balancer({.method = Balance::hash, .bound = bound});
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    Random random{*rc::gen::arbitrary<std::uint64_t>()};
    std::vector<InstanceCall> calls;
    for (int i = 0; i < 400; ++i) {
      if (!calls.empty() && random.uniform() < 0.3) {
        std::swap(calls[random.next() % calls.size()], calls.back());
        calls.pop_back();
        continue;
      }
      const auto* picked = balancer.pick({.key = random.next() % distinct_keys});
      RC_ASSERT(picked != nullptr);
      calls.emplace_back(*picked);
      const double fair = static_cast<double>(calls.size()) * weights[number(picked)] / total;
      RC_ASSERT((*picked)->in_flight() <= std::ceil(bound * fair + 1e-9));
    }
  }));
}

TEST(Balancer, SendsAKeyBackToItsInstanceWhenThatHasRoomAgain) {
  Instances of{{1, 1, 1}};
  Balancer balancer = of.balancer({.method = Balance::hash, .bound = 1.5});
  const std::size_t own = number(balancer.pick({.key = 7}));
  std::optional<InstanceCall> one{InstanceCall{of.entries[own].instance}};
  EXPECT_NE(number(balancer.pick({.key = 7})), own)
      << "it would have both calls, its bound is ⌈1.5 × 2 / 3⌉ = 1";
  one.reset();
  EXPECT_EQ(number(balancer.pick({.key = 7})), own);
}

TEST(Balancer, RepeatsItselfWithTheSameSeed) {
  for (const Balance method : methods) {
    Instances of{{1, 2, 3}};
    Balancer one = of.balancer({.method = method}, 5);
    Balancer other = of.balancer({.method = method}, 5);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(*one.pick({}), *other.pick({}));
  }
}

TEST(Balancer, GoesOnWithItsRoundWhenInstancesAreAdded) {
  Instances of{{1, 1}};
  Balancer balancer = of.balancer({.method = Balance::round_robin});
  const std::size_t last = number(balancer.pick({}));
  of.service.add("2");
  of.entries.push_back({of.service.instances.at("2"), 1});
  balancer.set_instances(of.entries);
  EXPECT_NE(number(balancer.pick({})), last);
  EXPECT_EQ(balancer.size(), 3U);
}

}  // namespace
}  // namespace switchgear::instances
