// Scenarios as users write them: what is read, and what a wrong one is told.
#include "app/chaos/scenario_file.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "app/chaos/shapes.hpp"

namespace switchgear::chaos {
namespace {

using namespace std::chrono_literals;

/// A scenario of twenty seconds whose last keys are `rest`, from line 8 on.
std::string with(const std::string& rest) {
  return "version: 1\nscenario: a drill\nseed: 7\nchaos: {enabled: true}\ngateway: shop.yaml\n"
         "services: {payment: {instances: 3}, stock: {}}\n"
         "load: {rate: 50, path: /payment/x, duration: 20s}\n" +
         rest;
}

std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const config::Diagnostic& error : read_scenario(text, "f.yaml").errors) lines.push_back(error.text());
  return lines;
}

Scenario scenario_of(const std::string& rest) {
  const ReadScenario read = read_scenario(with(rest), "f.yaml");
  for (const auto& error : read.errors) ADD_FAILURE() << error.text();
  return read.scenario.value_or(Scenario{});
}

TEST(ScenarioFile, ReadsWhatFailsWhenAndWhatIsExpected) {
  const Scenario read = scenario_of(
      "phases:\n"
      "  - {at: 5s, for: 4s, service: payment, instance: 2, errors: {from: 0, to: 0.6}, status: 502, share: "
      "0.5}\n"
      "  - {at: 9s, service: payment, latency: {from: 2s, to: 0s}, flapping: 4s}\n"
      "expect:\n"
      "  - {breaker: payment, opens_within: 3s, after: 5s}\n"
      "  - {serves_at_least: 0.7, until: 10s, path: /payment/}\n"
      "  - {service: stock, reaches_at_most: 3}\n");
  EXPECT_EQ(read.name, "a drill");
  EXPECT_EQ(read.seed, 7U);
  EXPECT_EQ(read.services.at("payment").ports.size(), 3U);
  ASSERT_EQ(read.phases.size(), 2U);
  EXPECT_EQ(read.phases[0].errors, (Ramp{0, 0.6}));
  EXPECT_EQ(read.phases[0].status, 502U);
  EXPECT_EQ(read.phases[0].instance, 2U);
  EXPECT_EQ(read.phases[1].length, 11s) << "without `for`, to the end of the load";
  EXPECT_EQ(read.phases[1].latency, (Ramp{2, 0}));
  ASSERT_EQ(read.expectations.size(), 3U);
  EXPECT_EQ(read.expectations[0].limit, 3s);
  EXPECT_EQ(read.expectations[0].line, 12U);
  EXPECT_EQ(read.expectations[1].share, 0.7);
  EXPECT_EQ(read.expectations[2].service, "stock");
}

TEST(ScenarioFile, IsRefusedUnlessItSaysThatChaosIsEnabled) {
  const std::string load = "load: {rate: 1, path: /, duration: 2s}\n";
  const std::string begin = "version: 1\nscenario: x\ngateway: g.yaml\n" + load;
  const std::string why = "; no fault is played without it; write \"chaos: {enabled: true}\"";
  EXPECT_EQ(errors_of(begin), std::vector{"f.yaml:1:1: chaos.enabled: is missing" + why});
  EXPECT_EQ(errors_of(begin + "chaos: {}\n"), std::vector{"f.yaml:5:1: chaos.enabled: is missing" + why});
  EXPECT_EQ(errors_of(begin + "chaos: {enabled: false}\n"),
            std::vector{"f.yaml:5:18: chaos.enabled: is false" + why});
}

struct Wrong {
  const char* name;
  const char* rest;
  const char* error;  ///< after the file's name
};

class WrongScenario : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongScenario, IsToldWhereAndWhatIsWrong) {
  const auto errors = errors_of(with(GetParam().rest));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.front(), std::string("f.yaml:") + GetParam().error);
  EXPECT_EQ(errors.size(), 1U) << errors.back();
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongScenario,
    ::testing::Values(
        Wrong{"key", "phase: []\n", R"(8:1: phase: unknown key; did you mean "phases"?)"},
        Wrong{
            "service", "phases: [{service: paymet, errors: 1}]\n",
            R"(8:20: phases[0].service: service "paymet" is not played; expected payment or stock; did you mean "payment"?)"},
        Wrong{"no_service", "phases: [{errors: 1}]\n",
              R"(8:10: phases[0].service: is missing; write "service: payment")"},
        Wrong{"percentage", "phases: [{service: stock, errors: 50%}]\n",
              R"(8:35: phases[0].errors: "50%" is a percentage; write the ratio 0.5)"},
        Wrong{"instance", "phases: [{service: payment, instance: 4, errors: 1}]\n",
              R"(8:39: phases[0].instance: "4" is out of range; expected a whole number from 1 to 3)"},
        Wrong{"nothing", "phases: [{service: stock}]\n",
              "8:10: phases[0]: nothing fails; expected errors, latency, hang, reset, capacity, refuse or "
              "shape"},
        Wrong{"too_late", "phases: [{service: stock, at: 19s, for: 2s, errors: 1}]\n",
              "8:41: phases[0].for: ends at 21s, after the load (20s)"},
        Wrong{"too_much", "phases: [{service: stock, errors: 0.7, hang: 0.4}]\n",
              "8:10: phases[0]: errors, hang and reset add up to more than 1"},
        Wrong{"half_a_ramp", "phases: [{service: stock, errors: {from: 0.1}}]\n",
              R"(8:27: phases[0].errors.to: is missing; write "{from: 0, to: 0.6}")"},
        Wrong{
            "shape", "phases: [{service: stock, shape: slow_querry}]\n",
            "8:34: phases[0].shape: \"slow_querry\" is not known; expected error_spike_20, error_spike_100, "
            "gradual_increase, near_target_error_rate, one_of_many_services_degradation, oscillating_errors, "
            "slow_query, sudden_error_spikes or sustained_load; did you mean \"slow_query\"?"},
        Wrong{"no_expectation", "expect: [{breaker: payment}]\n",
              "8:10: expect[0]: nothing is expected; write opens_within, closes_within, recovers_within, "
              "never_opens, serves_at_least, refuses_at_most, fails_at_most, reaches_at_most, p50_below, "
              "p95_below or p99_below"},
        Wrong{"two_expectations", "expect: [{serves_at_least: 0.5, p99_below: 1s}]\n",
              "8:44: expect[0].p99_below: a second expectation in one entry; write an entry for each"},
        Wrong{"no_breaker", "expect: [{opens_within: 1s}]\n",
              R"(8:10: expect[0].breaker: is missing; write "breaker: payment")"},
        Wrong{"no_unit", "expect: [{p99_below: 200}]\n",
              R"(8:22: expect[0].p99_below: "200" has no unit; write "200s")"},
        Wrong{"after_the_end", "expect: [{breaker: p, opens_within: 5s, after: 18s}]\n",
              "8:37: expect[0].opens_within: ends at 23s, after the load (20s)"}),
    [](const auto& wrong) { return std::string{wrong.param.name}; });

TEST(ScenarioFile, TakesAGatewayOrATargetAndNotBoth) {
  const std::string begin =
      "version: 1\nscenario: x\nchaos: {enabled: true}\nload: {rate: 1, path: /, duration: 2s}\n";
  const std::string target = "target: {url: \"http://127.0.0.1:1\", admin: \"http://127.0.0.1:2\"}\n";
  EXPECT_EQ(errors_of(begin + target), std::vector<std::string>{});
  EXPECT_EQ(errors_of(begin).size(), 1U);
  EXPECT_EQ(errors_of(begin + "gateway: g.yaml\n" + target).size(), 1U);
  EXPECT_EQ(errors_of(begin + target + "services: {payment: {}}\n"),
            std::vector<std::string>{
                "f.yaml:6:1: services.payment: has no ports; a target that runs calls its "
                "services at ports of its own, so write them here, as in ports: [9001, 9002]"});
  EXPECT_EQ(errors_of(begin + target + "services: {payment: {ports: [9001]}}\n"), std::vector<std::string>{});
}

TEST(ScenarioFile, HasLimits) {
  const std::string begin = "version: 1\nscenario: x\nchaos: {enabled: true}\ngateway: g.yaml\n";
  EXPECT_EQ(errors_of(begin + "load: {rate: 5000, path: /, duration: 1h}\n"),
            std::vector<std::string>{"f.yaml:5:1: load: rate and duration make more than a million calls; "
                                     "expected at most that many"});
  std::string phases = "phases:\n";
  for (int i = 0; i < 501; ++i) phases += "  - {service: stock, errors: 1}\n";
  EXPECT_EQ(
      errors_of(with(phases)),
      std::vector<std::string>{"f.yaml:509:5: phases[500]: is one too many; expected at most 500 phases"});
  EXPECT_EQ(errors_of(std::string(2'000'000, '#')),
            std::vector<std::string>{"f.yaml:1:1: is larger than 1048576 bytes"});
}

/// A scenario for a program, with this service and this load.
std::string of_program(const std::string& service, const std::string& load, const std::string& phase) {
  return "version: 1\nscenario: a drill\nchaos: {enabled: true}\n"
         "target: {url: \"http://127.0.0.1:8000\", admin: \"http://127.0.0.1:9090\"}\n"
         "services: {mail: " +
         service + "}\nload: {rate: 50, duration: 20s, " + load + "}\nphases: [" + phase + "]\n";
}

TEST(ScenarioFile, APathMayBeCalledWithPost) {
  const std::string load = R"(path: ["POST /orders", /users/7], body: '{"sku": 1}')";
  const ReadScenario read = read_scenario(of_program("{ports: [9025]}", load, "{refuse: true}"), "f.yaml");
  for (const auto& error : read.errors) ADD_FAILURE() << error.text();
  ASSERT_TRUE(read.scenario);
  EXPECT_EQ(read.scenario->load.paths, (std::vector<std::string>{"/orders", "/users/7"}));
  EXPECT_EQ(read.scenario->load.posts, (std::vector<bool>{true, false}));
  EXPECT_EQ(read.scenario->load.body, R"({"sku": 1})");

  EXPECT_EQ(
      errors_of(of_program("{ports: [9025]}", "path: /users/7, body: x", "{refuse: true}")),
      std::vector<std::string>{"f.yaml:6:55: load.body: a body, and no path that is called with POST; write "
                               "\"POST /orders\" for one"});
  EXPECT_EQ(
      errors_of(of_program("{ports: [9025]}", "path: POST orders", "{refuse: true}")),
      std::vector<std::string>{"f.yaml:6:39: load.path: \"POST orders\" is not a path; expected one such as "
                               "/payment/x or \"POST /orders\""});
}

TEST(ScenarioFile, ARelayKnowsTwoFaultsAndAServerOfThisMachine) {
  const std::string relay = "{ports: [9025], relay: \"127.0.0.1:2525\"}";
  EXPECT_EQ(errors_of(of_program(relay, "path: /x", "{refuse: true}, {hang: 1.0}")),
            std::vector<std::string>{});
  EXPECT_EQ(errors_of(of_program(relay, "path: /x", "{errors: 0.5}")),
            std::vector<std::string>{
                "f.yaml:7:10: phases[0]: service \"mail\" is a relay, which only knows refuse and hang"});
  EXPECT_EQ(
      errors_of(
          of_program("{ports: [9025], relay: \"127.0.0.1:2525\", errors: 0.5}", "path: /x", "{hang: 1}")),
      std::vector<std::string>{"f.yaml:5:67: services.mail.errors: of a relay, which answers nothing itself; "
                               "leave it out"});
  for (const char* const elsewhere : {"10.0.0.5:5432", "localhost:5432", "db", "unix:/run/x.sock"}) {
    const auto errors = errors_of(
        of_program("{ports: [9025], relay: \"" + std::string(elsewhere) + "\"}", "path: /x", "{hang: 1}"));
    ASSERT_EQ(errors.size(), 1U) << elsewhere;
    EXPECT_NE(errors[0].find("is not an address of this machine"), std::string::npos) << errors[0];
  }
}

TEST(ScenarioFile, EachShapeStaysWithinItsFrame) {
  Phase frame;
  frame.at = 3s;
  frame.length = 70s;
  frame.service = "payment";
  for (std::size_t i = 0; i < shape_names.size(); ++i) {
    const auto phases = phases_of(static_cast<Shape>(i), frame);
    EXPECT_FALSE(phases.empty()) << shape_names[i];
    Duration end = frame.at;
    for (const Phase& phase : phases) {
      EXPECT_GE(phase.at, end) << shape_names[i];
      end = phase.at + phase.length;
      EXPECT_TRUE(phase.errors || phase.latency) << shape_names[i];
    }
    EXPECT_LT(end, frame.at + frame.length) << shape_names[i] << " ends healthy";
  }
  const auto spike = phases_of(Shape::error_spike_20, frame);
  ASSERT_EQ(spike.size(), 1U);
  EXPECT_EQ(spike[0].at, 33s);
  EXPECT_EQ(spike[0].length, 10s);
  EXPECT_EQ(spike[0].errors, (Ramp{0.2, 0.2}));
}

TEST(ScenarioFile, EachExampleIsRightAndEachShapeHasOne) {
  std::set<std::string> left(shape_names.begin(), shape_names.end());
  std::size_t read = 0;
  for (const auto& each : std::filesystem::directory_iterator(SWITCHGEAR_SOURCE_DIR "/examples/chaos")) {
    if (each.path().filename() == "shop.yaml") continue;
    const ReadScenario scenario = load_scenario(each.path().string());
    for (const auto& error : scenario.errors) ADD_FAILURE() << error.text();
    ASSERT_TRUE(scenario.scenario);
    EXPECT_FALSE(scenario.scenario->expectations.empty()) << each.path();
    left.erase(each.path().stem().string());
    ++read;
  }
  EXPECT_EQ(read, shape_names.size() + 1);
  EXPECT_EQ(left, std::set<std::string>{});
}

TEST(ScenarioFile, EachScenarioOfTheManualIsRight) {
  std::ifstream page(SWITCHGEAR_SOURCE_DIR "/docs/chaos.md");
  std::string block;
  bool inside = false;
  std::size_t read = 0;
  for (std::string line; std::getline(page, line);) {
    if (line == "```yaml") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      EXPECT_EQ(errors_of(block), std::vector<std::string>{}) << block;
      ++read;
    } else {
      block += line + "\n";
    }
  }
  EXPECT_EQ(read, 2U);
}

}  // namespace
}  // namespace switchgear::chaos
