// Whole files: the complete example of the documentation, files that cannot be read, and files that no user
// would write.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::seconds;

/// The YAML block that follows `marker` in docs/configuration.md.
std::string example_after(const std::string& marker) {
  std::stringstream text;
  text << std::ifstream(SWITCHGEAR_DOCS "/configuration.md").rdbuf();
  const std::string page = text.str();
  const std::size_t from = page.find("```yaml\n", page.find(marker));
  if (from == std::string::npos) return {};
  const std::size_t start = from + 8;
  return page.substr(start, page.find("\n```", start) + 1 - start);
}

TEST(Load, TheCompleteExampleOfTheDocumentationLoads) {
  const Variable token("ADMIN_TOKEN", "secret");
  const std::string text = example_after("<!-- complete example -->");
  ASSERT_FALSE(text.empty());
  const Config config = config_of(text);
  ASSERT_TRUE(config.policies.contains("payment"));
  ASSERT_TRUE(config.services.contains("payment"));
  EXPECT_EQ(config.gateway.listen, (std::vector{Listener{{"127.0.0.1", 8080}}}));
  EXPECT_EQ(config.gateway.admin_token, "secret");
  const CircuitBreakerOptions& breaker = *config.policies.at("payment").circuit_breaker;
  EXPECT_EQ(breaker.failure_rate, 0.5);
  EXPECT_EQ(breaker.half_open.permitted_calls, 3U);
  EXPECT_EQ(config.policies.at("payment").timeout, seconds{2});
  EXPECT_EQ(paths_of(config.services.at("payment")), (std::vector<std::string>{"/payment/"}));
  EXPECT_EQ(config.policies.at("payment").retry->max_attempts, 3U);
  EXPECT_EQ(config.policies.at("payment").bulkhead->max_queue, 200U);
  EXPECT_EQ(warnings_of(text), std::vector<std::string>{});
}

TEST(Load, TheSmallestExampleOfTheDocumentationLoads) {
  const std::string text = example_after("<!-- smallest example -->");
  ASSERT_FALSE(text.empty());
  const Config config = config_of(text);
  EXPECT_EQ(config.services.size(), 1U);
  EXPECT_TRUE(warnings_of(text).empty());
}

TEST(Load, FilesThatCannotBeReadAreLocatedErrors) {
  const TemporaryDirectory directory;
  const auto first_error = [](const std::string& path) { return lines_of(load_file(path).errors).at(0); };
  const std::string missing = directory.path() + "/none.yaml";
  EXPECT_EQ(first_error(missing), missing + ":1:1: cannot be read: No such file or directory");
  EXPECT_EQ(first_error(directory.path()), directory.path() + ":1:1: is a directory; expected a file");
  EXPECT_EQ(first_error(""), ":1:1: is not a file name");
  EXPECT_EQ(first_error("/dev/zero"), "/dev/zero:1:1: is larger than 1048576 bytes");
  const std::string empty = directory.write("empty.yaml", "");
  EXPECT_EQ(first_error(empty), empty + ":1:1: holds nothing; expected at least \"version: 1\"");
}

TEST(Load, ErrorsComeInFileOrderAndAllAtOnce) {
  EXPECT_EQ(
      errors_of("services:\n  s: {url: \"ftp://a\", policy: p, routes: [{prefix: /}]}\n"
                "policies:\n  p: {timeout: 5}\n"
                "gateway: {threads: x}\n"
                "version: 3\n"),
      (std::vector<std::string>{
          "f.yaml:2:12: services.s.url: \"ftp://a\" has an unknown scheme; expected "
          "http://HOST[:PORT][/PATH], or https",
          "f.yaml:4:16: policies.p.timeout: \"5\" has no unit; write \"5s\"",
          "f.yaml:5:20: gateway.threads: \"x\" is not a whole number; expected a whole number from 1 to 256",
          "f.yaml:6:10: version: \"3\" is out of range; expected 1"}));
}

TEST(Load, JsonIsYamlToo) {
  const Config config = config_of(R"({"version": 1, "policies": {"p": {"preset": "core"}}})");
  EXPECT_TRUE(config.policies.contains("p"));
}

TEST(Load, WindowsLineEndingsAndAByteOrderMarkAreFine) {
  EXPECT_EQ(config_of("\xEF\xBB\xBFversion: 1\r\ngateway:\r\n  threads: 2\r\n").gateway.threads, 2U);
}

/// Damages a good file at random. Every result must be a configuration or located errors inside the file,
/// never a crash.
TEST(Load, NoDamageToAFileMakesItCrash) {
  const Variable token("ADMIN_TOKEN", "secret");
  const std::string good = example_after("<!-- complete example -->");
  ASSERT_FALSE(good.empty());
  const std::string spice = "{}[]:,#&*!|>'\"%@`-? \n\t\\${}~0159azAZ._/\xC3\xA9";
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) {
      return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::string text = good;
    for (std::size_t edits = 1 + below(6); edits > 0; --edits) {
      const std::size_t at = below(text.size());
      const std::size_t length = std::min(text.size() - at, 1 + below(12));
      switch (below(5)) {
        case 0:
          text[at] = spice[below(spice.size())];
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, 1, spice[below(spice.size())]);
          break;
        case 3:
          text.insert(below(text.size()), text.substr(at, length));
          break;
        default:
          text[at] = static_cast<char>(below(256));
          break;
      }
      if (text.empty()) text = " ";
    }
    const Loaded loaded = load_text(text, "f.yaml");
    EXPECT_EQ(loaded.config.has_value(), loaded.errors.empty()) << "seed " << seed;
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    for (const Diagnostic& error : loaded.errors) {
      EXPECT_GE(error.line, 1U) << "seed " << seed;
      EXPECT_LE(error.line, lines + 2) << "seed " << seed << ": " << error.text();
      EXPECT_GE(error.column, 1U) << "seed " << seed;
      EXPECT_FALSE(error.message.empty()) << "seed " << seed;
    }
    if (loaded.config) {
      for (const auto& [name, policy] : loaded.config->policies) {
        EXPECT_TRUE(is_valid(policy)) << "seed " << seed;
      }
      for (const auto& [name, service] : loaded.config->services) {
        EXPECT_TRUE(loaded.config->policies.contains(service.policy)) << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace switchgear::config
