// Weights of instances between a policy file and a mesh, which has whole numbers from 1 and no reserve.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

std::string file_with(const std::vector<std::string>& weights) {
  std::string upstreams;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    upstreams += (i == 0 ? "" : ", ") +
                 ("{url: \"http://10.0.0." + std::to_string(i + 1) + ":80\", weight: ") + weights[i] + "}";
  }
  return "version: 1\npolicies: {p: {timeout: 1s}}\nservices:\n  shop: {upstreams: [" + upstreams +
         "], policy: p, routes: [{prefix: /}]}\n";
}

std::vector<double> back(Mesh mesh, const std::vector<std::string>& weights) {
  const Ran out = run_export_of(mesh, file_with(weights));
  EXPECT_EQ(out.code, 0) << out.err;
  const Ran in = run_import_of(mesh, out.out);
  EXPECT_EQ(in.code, 0) << in.err;
  std::vector<double> read;
  const config::Config config = config::config_of(in.out);
  if (config.services.empty()) return read;
  for (const config::Upstream& each : config.services.begin()->second.upstreams) read.push_back(each.weight);
  return read;
}

bool says(const Ran& ran, const std::string& line) { return ran.err.find(line) != std::string::npos; }

TEST(Weights, FractionsBecomeWholeNumbersInTheSameProportion) {
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio}) {
    EXPECT_EQ(back(mesh, {"1.5", "1"}), (std::vector<double>{3, 2}));
    EXPECT_EQ(back(mesh, {"0.25", "0.5", "2"}), (std::vector<double>{1, 2, 8}));
    EXPECT_EQ(back(mesh, {"2", "4"}), (std::vector<double>{2, 4})) << "as it was";
    const Ran ran = run_export_of(mesh, file_with({"1.5", "1"}));
    EXPECT_TRUE(says(ran, "exported: services.shop.upstreams[0].weight → ")) << ran.err;
    EXPECT_TRUE(says(ran, "(whole numbers in the same proportion)\n")) << ran.err;
  }
}

TEST(Weights, WithoutACommonMeasureTheProportionIsAlmostTheSame) {
  const std::vector<double> read = back(Mesh::envoy, {"0.333333333333", "0.012345678901"});
  ASSERT_EQ(read.size(), 2U);
  EXPECT_NEAR(read[0] / read[1], 0.333333333333 / 0.012345678901, 0.2);
  const Ran ran = run_export_of(Mesh::envoy, file_with({"0.333333333333", "0.012345678901"}));
  EXPECT_TRUE(
      says(ran,
           "approximated: services.shop.upstreams[1].weight → load_balancing_weight (whole numbers in "
           "almost the same proportion)\n"))
      << ran.err;
}

TEST(Weights, AReserveHasALowerPriorityInEnvoyAndComesBack) {
  EXPECT_EQ(back(Mesh::envoy, {"3", "0"}), (std::vector<double>{3, 0}));
  const Ran ran = run_export_of(Mesh::envoy, file_with({"3", "0"}));
  EXPECT_NE(ran.out.find("priority: 1"), std::string::npos) << ran.out;
  EXPECT_TRUE(says(ran, "approximated: services.shop.upstreams[1].weight → priority (")) << ran.err;
}

TEST(Weights, AReserveIsLeftOutOfIstioRatherThanCalled) {
  EXPECT_EQ(back(Mesh::istio, {"3", "0", "1"}), (std::vector<double>{3, 1}));
  const Ran ran = run_export_of(Mesh::istio, file_with({"3", "0", "1"}));
  EXPECT_TRUE(says(ran, "no counterpart: services.shop.upstreams[1].weight (left out: ")) << ran.err;
}

TEST(Weights, AreKeptInProportionWhenAMeshHasGreaterOnesThanAPolicyFile) {
  EXPECT_EQ(back(Mesh::envoy, {"999999.5", "1"}), (std::vector<double>{199999.9, 0.2}));
  const std::string cluster =
      "clusters:\n- name: shop\n  type: STATIC\n  load_assignment:\n    endpoints:\n    - lb_endpoints:\n";
  const auto endpoint = [](const std::string& address, const std::string& weight) {
    return "      - {load_balancing_weight: " + weight +
           ", endpoint: {address: {socket_address: {address: " + address + ", port_value: 80}}}}\n";
  };
  const Ran ran =
      run_import_of(Mesh::envoy, cluster + endpoint("10.0.0.1", "4000000000") + endpoint("10.0.0.2", "1"));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto upstreams = config::config_of(ran.out).services.at("shop").upstreams;
  EXPECT_EQ(upstreams.at(0).weight, 400'000);
  EXPECT_EQ(upstreams.at(1).weight, 0.0001);
  EXPECT_TRUE(says(ran, "load_balancing_weight → weight (divided by 10000, as those of all instances)\n"))
      << ran.err;
}

TEST(Weights, OfZeroOrBeyondThirtyTwoBitsAreErrorsInEnvoyWhichDoesNotStartWithThem) {
  for (const auto& [weight, problem] :
       {std::pair{"0", "0 found; expected a weight of at least 1"},
        std::pair{"4294967296", "\"4294967296\" found; expected a whole number from 0 to 4294967295"}}) {
    const Ran ran = run_import_of(
        Mesh::envoy,
        std::string("clusters:\n- name: shop\n  type: STATIC\n  load_assignment:\n    endpoints:\n    - "
                    "lb_endpoints:\n      - {load_balancing_weight: ") +
            weight + ", endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}\n");
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(
        says(ran, std::string("mesh.yaml:7:33: clusters[0].load_assignment.endpoints[0].lb_endpoints[0]."
                              "load_balancing_weight: ") +
                      problem + "\n"))
        << ran.err;
  }
}

TEST(Weights, OfZeroIsNoWeightInIstioAndNoReserve) {
  const Ran ran =
      run_import_of(Mesh::istio,
                    "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: shop}\nspec:\n"
                    "  hosts: [shop.example.com]\n  ports: [{number: 80, name: http, protocol: HTTP}]\n"
                    "  resolution: STATIC\n  endpoints:\n  - {address: 10.0.0.1, weight: 0}\n  - {address: "
                    "10.0.0.2, weight: 3}\n"
                    "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: shop}\n"
                    "spec: {host: shop.example.com, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}\n");
  ASSERT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  ASSERT_EQ(config.services.size(), 1U) << ran.out;
  EXPECT_EQ(config.services.begin()->second.upstreams.at(0).weight, 1);
  EXPECT_TRUE(says(ran,
                   "endpoints[0].weight (1: to Istio, 0 is no weight; in a policy file it would make a "
                   "reserve)\n"))
      << ran.err;
}

TEST(Weights, TooFarApartForWholeNumbersSayWhatBecomesOfThem) {
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio}) {
    const Ran ran = run_export_of(mesh, file_with({"1000000", "1e-9"}));
    EXPECT_TRUE(says(ran, "approximated: services.shop.upstreams[1].weight → ")) << ran.err;
    EXPECT_TRUE(says(ran, "(1, the least there is: its share becomes 4.88e+05 times what it was)\n"))
        << ran.err;
  }
}

TEST(Weights, AsSmallAsNumbersGetSayWhatBecomesOfThemToo) {
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio}) {
    for (const std::string most : {"1", "1000000"}) {
      const Ran ran = run_export_of(mesh, file_with({most, "4.9e-324"}));
      EXPECT_TRUE(says(ran, "(1, the least there is: its share becomes ")) << ran.err;
      EXPECT_TRUE(says(ran, "e+31")) << "that is how much 1 of 2^31 is more: " << ran.err;
      EXPECT_FALSE(says(ran, "inf")) << ran.err;
    }
  }
}

std::string any_weight() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return std::to_string(*rc::gen::inRange(1, 1'000'001));
    case 1:
      return "999999.5";
    case 2:
      return "1e-" + std::to_string(*rc::gen::inRange(1, 20));
    case 3:
      return std::to_string(*rc::gen::inRange(0, 1000)) + "." + std::to_string(*rc::gen::inRange(1, 100'000));
    default:
      return std::to_string(*rc::gen::inRange(1, 6));
  }
}

/// How often as much as in the file, relative to the heaviest, the instance is called; from the report.
double told(const Ran& ran, std::size_t instance) {
  const std::string from = "services.shop.upstreams[" + std::to_string(instance) + "].weight → ";
  const std::size_t line = ran.err.find("approximated: " + from);
  if (line == std::string::npos) return 1;
  const std::string_view rest = std::string_view(ran.err).substr(line, ran.err.find('\n', line) - line);
  constexpr std::string_view mark = "its share becomes ";
  const std::size_t at = rest.find(mark);
  return at == std::string_view::npos ? 1 : std::stod(std::string(rest.substr(at + mark.size())));
}

/// Whatever the weights are: they come back in proportion, or the report has the difference.
void keep_or_tell(Mesh mesh) {
  std::vector<std::string> weights;
  const int count = *rc::gen::inRange(2, 6);
  for (int i = 0; i < count; ++i) weights.push_back(any_weight());
  const Ran out = run_export_of(mesh, file_with(weights));
  const std::vector<double> read = back(mesh, weights);
  RC_ASSERT(read.size() == weights.size());
  std::vector<double> wanted;
  for (const std::string& each : weights) wanted.push_back(std::stod(each));
  const auto heaviest = static_cast<std::size_t>(std::ranges::max_element(wanted) - wanted.begin());
  const bool exact = out.err.find("approximated: services.shop.upstreams") == std::string::npos;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double times = read[i] / read[heaviest] / (wanted[i] / wanted[heaviest]);
    RC_ASSERT(std::abs(times / told(out, i) - 1) < (exact ? 1e-9 : 0.02));
  }
}

TEST(Weights, OfEveryKindComeBackInProportionOrTheReportHasTheDifference) {
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio})
    EXPECT_TRUE(rc::check("weights to a mesh and back", [mesh] { keep_or_tell(mesh); }));
}

TEST(Weights, OfZeroAloneAreAlike) {
  for (const Mesh mesh : {Mesh::envoy, Mesh::istio})
    EXPECT_EQ(back(mesh, {"0", "0"}), (std::vector<double>{1, 1}));
}

TEST(Weights, InstancesOfALowerPriorityAreAReserve) {
  const Ran ran = run_import_of(
      Mesh::envoy,
      "clusters:\n- name: shop\n  type: STATIC\n  load_assignment:\n    endpoints:\n"
      "    - {lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}\n"
      "    - {priority: 2, lb_endpoints: [{load_balancing_weight: 7, endpoint: {address: {socket_address: "
      "{address: "
      "10.0.0.2, port_value: 80}}}}]}\n");
  ASSERT_EQ(ran.code, 0) << ran.err;
  const config::Config config = config::config_of(ran.out);
  EXPECT_EQ(config.services.at("shop").upstreams.at(1).weight, 0);
  EXPECT_TRUE(says(ran, "approximated: cluster shop: clusters[0].load_assignment.endpoints[1].priority → "))
      << ran.err;
}

}  // namespace
}  // namespace switchgear::interop
