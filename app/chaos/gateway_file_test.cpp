// The policy file of a run's own gateway.
#include "app/chaos/gateway_file.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::chaos {
namespace {

config::Config played(const std::string& text,
                      const std::map<std::string, std::vector<std::uint16_t>>& ports) {
  const config::TemporaryDirectory directory;
  std::vector<config::Diagnostic> errors;
  const auto file = GatewayFile::load(directory.write("g.yaml", text), errors);
  EXPECT_EQ(config::lines_of(errors), std::vector<std::string>{});
  return file ? config::config_of(file->played_at(ports)) : config::Config{};
}

TEST(GatewayFile, PoliciesStayAndServicesArePlayed) {
  const config::Config config = played(
      "version: 1\ngateway: {listen: \"0.0.0.0:80\", token: secret, threads: 2}\n"
      "policies:\n  p:\n    circuit_breaker: {failure_rate: 0.25, minimum_calls: 7}\n"
      "    failure_when: {status: [500-599, 429]}\n"
      "services:\n  shop:\n    upstreams: [{url: \"https://10.0.0.1\", weight: 3}, {url: "
      "\"https://10.0.0.2\"}]\n"
      "    policy: p\n    routes: [{prefix: /shop/, headers: {x-beta: \"1\"}}]\n"
      "alerts: {channels: {hook: {webhook: {url: \"https://pager.example\"}}}}\n",
      {{"shop", {9101, 9102}}});
  EXPECT_EQ(config.policies.at("p").circuit_breaker->minimum_calls, 7U);
  const config::Service& shop = config.services.at("shop");
  ASSERT_EQ(shop.upstreams.size(), 2U);
  EXPECT_EQ(shop.upstreams[0].at, (config::Endpoint{"127.0.0.1", 9101}));
  EXPECT_EQ(shop.upstreams[0].weight, 3);
  EXPECT_EQ(shop.upstreams[1].at, (config::Endpoint{"127.0.0.1", 9102}));
  EXPECT_EQ(config::paths_of(shop), std::vector<std::string>{"/shop/"});
  EXPECT_EQ(config.gateway.threads, 2U);
}

TEST(GatewayFile, TextsComeBackAsTheyWere) {
  const config::TemporaryDirectory directory;
  const std::string text =
      "a: \"x: \\\"y\\\"\\n\"\nb: 'it''s'\nc: [1, \"2\", {d: ~, e: \"\"}]\nf: {}\ng: []\n";
  std::vector<config::Diagnostic> errors;
  config::Report report("f.yaml");
  const auto before = config::parse_document(text, report);
  ASSERT_TRUE(before);
  const std::string written = to_yaml(*before);
  const auto after = config::parse_document(written, report);
  ASSERT_TRUE(after) << written;
  EXPECT_EQ(to_yaml(*after), written);
  EXPECT_EQ(after->entries[0].value.text, "x: \"y\"\n");
  EXPECT_EQ(after->entries[1].value.text, "it's");
  EXPECT_EQ(after->entries[2].value.items[1].style, config::Node::Style::quoted);
  EXPECT_TRUE(after->entries[2].value.items[2].entries[0].value.empty());
  EXPECT_EQ(after->entries[4].value.kind, config::Node::Kind::sequence);
}

}  // namespace
}  // namespace switchgear::chaos
