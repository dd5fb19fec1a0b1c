#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using Texts = std::vector<std::string>;

std::string file_with(const std::string& experiment, const std::string& policy = "p") {
  return "version: 1\npolicies:\n  p: {circuit_breaker: {consecutive_failures: 5}}\n"
         "  strict: {circuit_breaker: {consecutive_failures: 2}}\n  plain: {timeout: 1s}\n"
         "services:\n  s: {url: \"http://127.0.0.1:9001\", policy: " +
         policy + ", routes: [{prefix: /}], experiment: " + experiment + "}\n";
}

TEST(ExperimentSection, NamesPoliciesAsShadows) {
  const Config config = config_of(file_with("{shadow: [strict]}"));
  EXPECT_EQ(config.services.at("s").shadows, (Texts{"strict"}));
}

TEST(ExperimentSection, APolicyThatIsAShadowIsUsed) {
  for (const Diagnostic& warning : load_text(file_with("{shadow: [strict]}"), "f.yaml").warnings)
    EXPECT_EQ(warning.text().find("strict"), std::string::npos) << warning.text();
}

TEST(ExperimentSection, SaysWhatIsWrong) {
  const auto first_error = [](const std::string& text) {
    const Texts errors = errors_of(text);
    return errors.empty() ? std::string{"none"} : errors.front();
  };
  const std::string at = "services.s.experiment";
  EXPECT_NE(first_error(file_with("{shadow: [strickt]}"))
                .find(at + ".shadow[0]: policy \"strickt\" does not exist; did you mean \"strict\"?"),
            std::string::npos);
  EXPECT_NE(first_error(file_with("{shadow: [plain]}")).find("has no circuit_breaker"), std::string::npos);
  EXPECT_NE(first_error(file_with("{shadow: [p]}")).find("is the policy in force"), std::string::npos);
  EXPECT_NE(
      first_error(file_with("{shadow: [strict, strict]}")).find(".shadow[1]: \"strict\" is there twice"),
      std::string::npos);
  EXPECT_NE(first_error(file_with("{shadow: [strict]}", "plain"))
                .find("needs a circuit_breaker in policy \"plain\""),
            std::string::npos);
  EXPECT_NE(first_error(file_with("{shadows: [strict]}")).find("unknown key"), std::string::npos);
  EXPECT_NE(first_error(file_with("{shadow: 3}")).find(at + ".shadow"), std::string::npos);
}

TEST(ExperimentSection, SplitsTheRequests) {
  const Service service =
      config_of(file_with("{split: {strict: 0.25, by: {header: X-User}}}")).services.at("s");
  EXPECT_EQ(service.split, (SplitOptions{"strict", 0.25, "x-user", std::chrono::seconds{10}}));
  const Service in_turns = config_of(file_with("{split: {strict: 0.1}}")).services.at("s");
  EXPECT_EQ(in_turns.split, (SplitOptions{"strict", 0.1, "", std::chrono::minutes{1}}));
  const Service slow = config_of(file_with("{split: {strict: 0.1, block: 5m}}")).services.at("s");
  EXPECT_EQ(slow.split->block, std::chrono::minutes{5});
}

TEST(ExperimentSection, SaysWhatIsWrongWithASplit) {
  const auto first_error = [](const std::string& split) {
    const Texts errors = errors_of(file_with("{split: " + split + "}"));
    return errors.empty() ? std::string{"none"} : errors.front();
  };
  struct Case {
    std::string split, message;
  };
  const std::string at = "services.s.experiment.split";
  for (const auto& [split, message] : std::vector<Case>{
           {"{strickt: 0.1}", at + ".strickt: policy \"strickt\" does not exist; did you mean \"strict\"?"},
           {"{p: 0.1}", at + ".p: \"p\" is the policy in force; expected another one"},
           {"{strict: 0}", at + ".strict: "},
           {"{strict: 0.7}", at + ".strict: "},
           {"{strict: many}", at + ".strict: "},
           {"{strict: 0.1, plain: 0.1}", at + ".plain: is one too many"},
           {"{by: {header: x-user}}", at + ": has no candidate"},
           {"{strict: 0.1, by: {header: host}}", at + ".by.header: "},
           {"{strict: 0.1, by: {cookie: a}}", at + ".by"},
           {"{strict: 0.1, block: 10}", at + ".block: "},
           {"{strict: 0.1, block: 1ms}", at + ".block: "},
           {"0.1", at + ": "}}) {
    EXPECT_NE(first_error(split).find(message), std::string::npos) << split << ": " << first_error(split);
  }
}

TEST(ExperimentSection, ARoutesPolicyIsNotACandidateToo) {
  const Texts errors = errors_of(
      "version: 1\npolicies:\n  p: {timeout: 2s}\n  plain: {timeout: 1s}\nservices:\n"
      "  s: {url: \"http://127.0.0.1:9001\", policy: p, routes: [{prefix: /}, {prefix: /a, policy: plain}],"
      " experiment: {split: {plain: 0.1}}}\n");
  ASSERT_FALSE(errors.empty());
  EXPECT_NE(errors.front().find("is the policy of a route"), std::string::npos) << errors.front();
}

TEST(ExperimentSection, WarnsOfACandidateThatDoesTheSame) {
  const auto warnings = [](const std::string& policies, const std::string& routes) {
    std::string all;
    for (const Diagnostic& each :
         load_text("version: 1\npolicies:\n" + policies +
                       "services:\n  s: {url: \"http://127.0.0.1:9001\", policy: p, routes: [" + routes +
                       "], experiment: {split: {other: 0.1}}}\n",
                   "f.yaml")
             .warnings)
      all += each.text() + "\n";
    return all;
  };
  EXPECT_NE(warnings("  p: {timeout: 2s}\n  other: {timeout: 2s}\n", "{prefix: /}").find("with itself"),
            std::string::npos);
  EXPECT_EQ(warnings("  p: {timeout: 2s}\n  other: {timeout: 3s}\n", "{prefix: /}"), "");
  EXPECT_NE(
      warnings("  p: {timeout: 2s}\n  q: {timeout: 2s}\n  other: {timeout: 3s}\n", "{prefix: /, policy: q}")
          .find("divides no request"),
      std::string::npos);
}

}  // namespace
}  // namespace switchgear::config
