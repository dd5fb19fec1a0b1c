#include "app/experiment/promotion.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace switchgear::experiment {
namespace {

const config::SplitOptions split{"candidate", 0.1, "x-user", std::chrono::seconds{10}};

std::string policies() {
  return "version: 1\n"
         "# Who pays.\n"
         "policies:\n"
         "  payment:\n"
         "    timeout: 2s   # as before\n"
         "  candidate: {timeout: 3s}\n"
         "  strict: {timeout: 1s, circuit_breaker: {consecutive_failures: 3}}\n"
         "  own: {circuit_breaker: {consecutive_failures: 3}}\n";
}

/// What `patch` makes of the file; empty: it fails.
std::string patched(const std::string& text, const std::string& patch) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path{testing::TempDir()} / ("promotion-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  std::ofstream(directory / "gateway.yaml") << text;
  std::ofstream(directory / "change.patch") << patch;
  const std::string command =
      "cd '" + directory.string() + "' && patch -s -p1 --fuzz=0 < change.patch > output 2>&1";
  const int failed = std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
  std::ostringstream after;
  after << std::ifstream(directory / "gateway.yaml").rdbuf();
  fs::remove_all(directory);
  return failed != 0 ? std::string{} : after.str();
}

std::string promoted(const std::string& text) {
  const config::OwnSections none;
  const auto made = promotion({"/etc/gateway.yaml", text, none}, "shop", split);
  if (const auto* cannot = std::get_if<CannotPromote>(&made)) return "cannot: " + cannot->why;
  const std::string& patch = std::get<std::string>(made);
  EXPECT_NE(patch.find("--- a/gateway.yaml\n+++ b/gateway.yaml\n@@ "), std::string::npos) << patch;
  return patched(text, patch);
}

TEST(Promotion, ChangesThePolicyAndTakesTheSplitOut) {
  const std::string text = policies() +
                           "services:\n"
                           "  cart: {url: \"http://127.0.0.1:9002\", policy: payment}\n"
                           "  shop:\n"
                           "    url: \"http://127.0.0.1:9001\"   # behind the wall\n"
                           "    policy: payment   # see the wiki\n"
                           "    routes: [{prefix: /}]\n"
                           "    # Ends in May.\n"
                           "    experiment:\n"
                           "      split:\n"
                           "        candidate: 0.1\n"
                           "        by: {header: x-user}   # stays in its arm\n"
                           "\n"
                           "    capacity: 20\n"
                           "  last: {url: \"http://127.0.0.1:9003\", policy: strict}\n";
  EXPECT_EQ(promoted(text), policies() +
                                "services:\n"
                                "  cart: {url: \"http://127.0.0.1:9002\", policy: payment}\n"
                                "  shop:\n"
                                "    url: \"http://127.0.0.1:9001\"   # behind the wall\n"
                                "    policy: candidate   # see the wiki\n"
                                "    routes: [{prefix: /}]\n"
                                "    # Ends in May.\n"
                                "\n"
                                "    capacity: 20\n"
                                "  last: {url: \"http://127.0.0.1:9003\", policy: strict}\n");
}

TEST(Promotion, LeavesTheShadows) {
  const std::string begin = policies() +
                            "services:\n"
                            "  shop:\n"
                            "    experiment:\n";
  const std::string shadow = "      shadow: [strict]\n";
  const std::string cut = "      split: {candidate: 0.1}\n";
  const auto end = [](const std::string& policy) {
    return "    policy: \"" + policy + "\"\n    url: \"http://127.0.0.1:9001\"\n    routes: [{prefix: /}]";
  };
  std::string text = begin + shadow + cut + end("own");
  const std::string expected = begin + shadow + end("own");
  std::string wanted = expected;
  wanted.replace(wanted.find("\"own\""), 5, "candidate");
  // The shadow needs a breaker, which the candidate has not: the result would be refused.
  EXPECT_EQ(promoted(text).find("cannot: the file would not be valid"), 0U) << promoted(text);
  const std::string breaker = "candidate: {circuit_breaker: {consecutive_failures: 9}, timeout: 3s}";
  const auto with_breaker = [&](std::string file) {
    const std::string plain = "candidate: {timeout: 3s}";
    return file.replace(file.find(plain), plain.size(), breaker);
  };
  EXPECT_EQ(promoted(with_breaker(text)), with_breaker(wanted));
}

TEST(Promotion, OfAServiceOnOneLine) {
  const std::string begin = policies() + "services:\n  shop: {url: \"http://127.0.0.1:9001\", ";
  const std::string end = "routes: [{prefix: /}]}\n";
  const std::string after = begin + "policy: candidate, " + end;
  EXPECT_EQ(promoted(begin + "policy: payment, experiment: {split: {candidate: 0.1}}, " + end), after);
  EXPECT_EQ(
      promoted(begin + "experiment: {split: {by: {header: x-user}, candidate: 0.1}}, policy: 'payment', " +
               end),
      after);
  EXPECT_EQ(
      promoted(begin + "policy: payment, routes: [{prefix: /}], experiment: {split: {candidate: 0.1}}}\n"),
      begin + "policy: candidate, routes: [{prefix: /}]}\n");
}

TEST(Promotion, OfAServiceInBracesOnSeveralLines) {
  const std::string begin = policies() + "services:\n  shop: {\n    url: \"http://127.0.0.1:9001\",\n";
  EXPECT_EQ(promoted(begin + "    policy: payment,\n"
                             "    experiment: {split: {candidate: 0.1}},\n"
                             "    routes: [{prefix: /}]\n    }\n"),
            begin + "    policy: candidate,\n    routes: [{prefix: /}]\n    }\n");
}

TEST(Promotion, CountsCharactersAndNotBytes) {
  const std::string begin = policies() + "services:\n  \"shop\": {url: \"http://127.0.0.1:9001/p\u00e4ge\", ";
  const std::string end = "routes: [{prefix: /}]}   # f\u00fcr alle\n";
  const auto done = promoted(begin + "policy: payment, experiment: {split: {candidate: 0.1}}, " + end);
  EXPECT_TRUE(done == begin + "policy: candidate, " + end || done.starts_with("cannot: ")) << done;
}

TEST(Promotion, KeepsTheEndsOfLines) {
  const std::string text =
      policies() +
      "services:\n  shop:\n    url: \"http://127.0.0.1:9001\"\n    routes: [{prefix: /}]\n"
      "    policy: payment\n    experiment:\n      split: {candidate: 0.1}";
  EXPECT_EQ(promoted(text), policies() +
                                "services:\n  shop:\n    url: \"http://127.0.0.1:9001\"\n"
                                "    routes: [{prefix: /}]\n    policy: candidate\n");
}

TEST(Promotion, SaysWhyNot) {
  const std::string end = ", routes: [{prefix: /}]}\n";
  const std::string begin = policies() + "services:\n  shop: {url: \"http://127.0.0.1:9001\", ";
  EXPECT_NE(promoted(begin + "policy: payment" + end).find("cannot: the policy file has changed"),
            std::string::npos);
  EXPECT_NE(promoted(begin + "policy: payment, experiment: {split: {strict: 0.1}}" + end)
                .find("no split with candidate \"candidate\""),
            std::string::npos);
  EXPECT_NE(
      promoted(begin + "policy: payment, nonsense: 1" + end).find("cannot: the policy file has an error"),
      std::string::npos);
  // A comment where the comma would have to go.
  const std::string by_hand = promoted(begin +
                                       "policy: payment, routes: [{prefix: /}],\n"
                                       "    experiment: {split: {candidate: 0.1}} # until May\n    }\n");
  EXPECT_NE(by_hand.find("change it by hand: services.shop.policy to \"candidate\""), std::string::npos)
      << by_hand;
  // An anchor is refused when the file is read, so no change ever meets one.
  EXPECT_NE(promoted(begin + "policy: &p payment, experiment: {split: {candidate: 0.1}}" + end)
                .find("has an error"),
            std::string::npos);
  EXPECT_NE(promoted(begin + "policy: payment, experiment: {split: {candidate: 0.1}}" + end + "---\na: 1\n")
                .find("has an error"),
            std::string::npos);
}

}  // namespace
}  // namespace switchgear::experiment
