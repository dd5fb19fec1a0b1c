#include <gtest/gtest.h>

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

}  // namespace
}  // namespace switchgear::config
