#include "app/experiment/promotion.hpp"

#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace switchgear::experiment {
namespace {

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
std::string patched(const std::string& text, const std::string& patch,
                    const std::string& name = "gateway.yaml") {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path{testing::TempDir()} / ("promotion-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  std::ofstream(directory / name) << text;
  std::ofstream(directory / "change.patch") << patch;
  const std::string command =
      "cd '" + directory.string() + "' && patch -s -p1 --fuzz=0 < change.patch > output 2>&1";
  const int failed = std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
  std::ostringstream after;
  after << std::ifstream(directory / name).rdbuf();
  fs::remove_all(directory);
  return failed != 0 ? std::string{} : after.str();
}

std::string on_one_line(const std::string& more) {
  return policies() + "services:\n  shop: {url: \"http://127.0.0.1:9001\", " + more +
         ", routes: [{prefix: /}]}\n";
}

config::Config loaded(const std::string& text) {
  config::Loaded read = config::load_text(text, "gateway.yaml");
  EXPECT_TRUE(read.config) << read.errors.front().text() << '\n' << text;
  return read.config.value_or(config::Config{});
}

/// What a gateway with this file compares; a split of `payment` and `candidate` where it has none.
SplitSubject subject_of(const std::string& text) {
  config::Loaded read = config::load_text(text, "gateway.yaml");
  if (!read.config || !read.config->services.at("shop").split)
    read = config::load_text(on_one_line("policy: payment, experiment: {split: {candidate: 0.1}}"), "");
  const config::Service& shop = read.config->services.at("shop");
  return {"shop", shop.policy, *shop.split, read.config->policies.at(shop.policy),
          read.config->policies.at(shop.split->candidate)};
}

std::string promoted(const std::string& text, const SplitSubject& subject) {
  const config::OwnSections none;
  const auto made = promotion({"/etc/gateway.yaml", text, none}, subject);
  if (const auto* cannot = std::get_if<CannotPromote>(&made)) return "cannot: " + cannot->why;
  const std::string& patch = std::get<std::string>(made);
  EXPECT_NE(patch.find("--- a/gateway.yaml\n+++ b/gateway.yaml\n@@ "), std::string::npos) << patch;
  return patched(text, patch);
}

std::string promoted(const std::string& text) { return promoted(text, subject_of(text)); }

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
  EXPECT_EQ(promoted(text).find("cannot: with this change the file would not be valid"), 0U)
      << promoted(text);
  EXPECT_NE(
      promoted(text).find("take out services.shop.experiment.split and services.shop.experiment.shadow, "),
      std::string::npos)
      << promoted(text);
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
  const SplitSubject compared = subject_of("");
  const std::string end = ", routes: [{prefix: /}]}\n";
  const std::string begin = policies() + "services:\n  shop: {url: \"http://127.0.0.1:9001\", ";
  EXPECT_NE(promoted(begin + "policy: payment" + end).find("cannot: the policy file has changed"),
            std::string::npos);
  EXPECT_NE(promoted(begin + "policy: payment, experiment: {split: {strict: 0.1}}" + end, compared)
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

/// The example of docs/experiments.md.
TEST(Promotion, TakesTheCandidateOutOfTheShadowsToo) {
  const std::string breakers =
      "version: 1\npolicies:\n"
      "  payment: {circuit_breaker: {failure_rate: 0.5}}\n"
      "  candidate: {circuit_breaker: {consecutive_failures: 4}}\n"
      "  strict: {circuit_breaker: {consecutive_failures: 3}}\n"
      "services:\n  shop:\n    url: \"http://127.0.0.1:9001\"\n    policy: ";
  const std::string routes = "    routes: [{prefix: /}]\n";
  const auto file = [&](const std::string& policy, const std::string& experiment) {
    return breakers + policy + "\n" + experiment + routes;
  };
  const std::string key = "    experiment:\n", cut = "      split: {candidate: 0.1}\n";
  const std::string kept = file("candidate", key + "      shadow: [strict]\n");
  struct Case {
    std::string before, after;
  };
  for (const auto& [before, after] : {
           Case{key + "      shadow: [candidate]\n" + cut, file("candidate", "")},
           Case{key + cut + "      shadow:\n        - candidate   # for now\n", file("candidate", "")},
           Case{"    experiment: {split: {candidate: 0.1}, shadow: [candidate]}\n", file("candidate", "")},
           Case{key + "      shadow: [strict, candidate]\n" + cut, kept},
           Case{key + "      shadow: [candidate, strict]\n" + cut, kept},
           Case{key + "      shadow:\n        - candidate\n        - strict\n" + cut,
                file("candidate", key + "      shadow:\n        - strict\n")},
           Case{key + "      shadow:\n      - strict\n      - \"candidate\"\n" + cut,
                file("candidate", key + "      shadow:\n      - strict\n")},
           Case{"    experiment: {shadow: [strict, candidate], split: {candidate: 0.1}}\n",
                file("candidate", "    experiment: {shadow: [strict]}\n")},
           Case{"    experiment: {split: {candidate: 0.1}, shadow: [candidate, strict]}\n",
                file("candidate", "    experiment: {shadow: [strict]}\n")},
           Case{key + "      shadow: [\"${NO_SUCH:-candidate}\", strict]\n" + cut, kept},
       }) {
    EXPECT_EQ(promoted(file("payment", before)), after) << before;
  }
}

TEST(Promotion, TheHintNamesTheShadowThatHasToGo) {
  const std::string breakers =
      "version: 1\npolicies:\n"
      "  payment: {circuit_breaker: {failure_rate: 0.5}}\n"
      "  candidate: {circuit_breaker: {consecutive_failures: 4}}\n"
      "  strict: {circuit_breaker: {consecutive_failures: 3}}\n"
      "services:\n  shop: {url: \"http://127.0.0.1:9001\", policy: payment, routes: [{prefix: /}],\n"
      "    experiment: {split: {candidate: 0.1}, shadow: ";
  const std::string end = "} # until May\n    }\n";  // where the comma would have to go
  const auto hint = [&](const std::string& shadow) { return promoted(breakers + shadow + end); };
  EXPECT_TRUE(
      hint("[candidate]")
          .ends_with("services.shop.policy to \"candidate\", and take out services.shop.experiment.split and "
                     "services.shop.experiment.shadow"))
      << hint("[candidate]");
  const std::string several = promoted(breakers + "[strict,\n      candidate # as well\n      ]" + end);
  EXPECT_TRUE(
      several.ends_with("services.shop.experiment.split and \"candidate\" in "
                        "services.shop.experiment.shadow"))
      << several;
}

TEST(Promotion, ARouteKeepsThePolicyThatItNames) {
  const auto file = [](const std::string& policy, const std::string& experiment) {
    return policies() + "services:\n  shop:\n    url: \"http://127.0.0.1:9001\"\n    policy: " + policy +
           "\n    routes:\n      - {prefix: /}\n      - {prefix: /pay, policy: payment}\n"
           "      - {prefix: /own, policy: own}\n      - {prefix: /env, policy: \"${NO_SUCH:-payment}\"}\n" +
           experiment;
  };
  const std::string text = file("payment", "    experiment: {split: {candidate: 0.1}}\n");
  const std::string after = promoted(text);
  EXPECT_EQ(after, file("candidate", ""));
  const config::Config now = loaded(after);
  const std::vector<config::Route>& routes = now.services.at("shop").routes;
  ASSERT_EQ(routes.size(), 4U);
  EXPECT_EQ(routes[0].policy, "");
  EXPECT_EQ(routes[1].policy, "payment");
  EXPECT_EQ(routes[2].policy, "own");
  EXPECT_EQ(routes[3].policy, "payment");
}

TEST(Promotion, ARouteWhoseCircuitWouldHaveTheNameOfAServiceIsNamed) {
  const std::string reason = promoted(
      policies() +
      "services:\n  shop: {url: \"http://127.0.0.1:9001\", policy: payment, "
      "experiment: {split: {candidate: 0.1}}, routes: [{prefix: /}, {prefix: /pay, policy: payment}]}\n"
      "  shop/payment: {url: \"http://127.0.0.1:9002\", policy: own, routes: [{prefix: /other}]}\n");
  EXPECT_NE(reason.find("has the name of the circuit of policy \"payment\" in a route of service \"shop\""),
            std::string::npos)
      << reason;
}

/// Nothing but what was compared is promoted, although the names are the same.
TEST(Promotion, RefusesAFileWhosePoliciesAreNotTheComparedOnes) {
  const std::string text = on_one_line("policy: payment, experiment: {split: {candidate: 0.1}}");
  const SplitSubject compared = subject_of(text);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return promoted(changed, compared);
  };
  const std::string changed = "cannot: the policy file has changed since it was read: ";
  EXPECT_EQ(with("candidate: {timeout: 3s}", "candidate: {timeout: 30s}"),
            changed + "policy \"candidate\" has other options there; reload it first");
  EXPECT_EQ(with("timeout: 2s", "timeout: 20s"),
            changed + "policy \"payment\" has other options there; reload it first");
  EXPECT_EQ(with("policy: payment", "policy: own"),
            changed + "service \"shop\" has the policy \"own\" there, and not \"payment\"; reload it first");
  EXPECT_EQ(with("strict: {timeout: 1s", "strict: {timeout: 2s").find("cannot"), std::string::npos);
}

TEST(Promotion, NamesTheFileSoThatPatchFindsIt) {
  const std::string text = on_one_line("policy: payment, experiment: {split: {candidate: 0.1}}");
  const config::OwnSections none;
  for (const auto& [name, header] : {
           std::pair<std::string, std::string>{"my gateway.yaml", "--- a/my gateway.yaml\t\n"},
           {"end ", "--- \"a/end \"\n"},
           {"ta\tb.yaml", "--- \"a/ta\\tb.yaml\"\n"},
           {"qu\"ote.yaml", "--- \"a/qu\\\"ote.yaml\"\n"},
           {"back\\slash.yaml", "--- \"a/back\\\\slash.yaml\"\n"},
           {"two\nlines.yaml", "--- \"a/two\\nlines.yaml\"\n"},
           {"\x01 \x7f.yaml", "--- \"a/\\001 \\177.yaml\"\n"},
           {"it's f\u00fcr.yaml", "--- a/it's f\u00fcr.yaml\t\n"},
       }) {
    const auto made = promotion({"/etc/" + name, text, none}, subject_of(text));
    ASSERT_TRUE(std::holds_alternative<std::string>(made)) << name;
    const std::string& patch = std::get<std::string>(made);
    EXPECT_TRUE(patch.starts_with(header)) << patch;
    EXPECT_EQ(patched(text, patch, name), on_one_line("policy: candidate")) << patch;
  }
}

}  // namespace
}  // namespace switchgear::experiment
