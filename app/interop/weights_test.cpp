// Weights of instances between a policy file and a mesh, which has whole numbers from 1 and no reserve.
#include <gtest/gtest.h>

#include <string>
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
  const std::vector<double> read = back(Mesh::envoy, {"0.3333333", "0.0123457"});
  ASSERT_EQ(read.size(), 2U);
  EXPECT_NEAR(read[0] / read[1], 0.3333333 / 0.0123457, 0.2);
  const Ran ran = run_export_of(Mesh::envoy, file_with({"0.3333333", "0.0123457"}));
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
