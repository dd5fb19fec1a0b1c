#include "switchgear/config/own_sections.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/config/secret.hpp"

namespace switchgear::config {
namespace {

struct History {
  Duration keep = std::chrono::hours{24};
};

History read_history(const Value& value, const FileContext& /*context*/) {
  History history;
  Section section(value);
  section.read("keep", history.keep, Length{std::chrono::minutes{1}});
  section.finish();
  return history;
}

/// Names a policy of the file, and has a secret.
struct Alerts {
  std::string policy;
  std::string key;
};

Alerts read_alerts(const Value& value, const FileContext& context) {
  Alerts alerts;
  Section section(value);
  section.require("policy", alerts.policy, Text{}, "policy: NAME");
  section.read("key", alerts.key, Secret{context.directory});
  if (const auto policy = section.find("policy"); policy && !context.config.policies.contains(alerts.policy))
    policy->wrong("policy " + config::quoted(alerts.policy) + " does not exist");
  section.finish();
  return alerts;
}

class OwnSectionsTest : public testing::Test {
 protected:
  OwnSectionsTest() {
    sections_.add("history", read_history);
    sections_.add("alerts", read_alerts);
  }
  [[nodiscard]] Loaded load(const std::string& text) const {
    return load_text(text, "f.yaml", ".", sections_);
  }
  [[nodiscard]] std::vector<std::string> errors(const std::string& text) const {
    return lines_of(load(text).errors);
  }

  OwnSections sections_;
};

using Lines = std::vector<std::string>;

TEST_F(OwnSectionsTest, AreReadBesideTheOthers) {
  const Loaded loaded = load("version: 1\nhistory: {keep: 2h}\npolicies: {p: {timeout: 1s}}\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->own.get<History>().keep, std::chrono::hours{2});
  EXPECT_TRUE(loaded.config->policies.contains("p"));
}

TEST_F(OwnSectionsTest, HaveTheirDefaultsWhereTheFileLeavesThemOut) {
  const Loaded loaded = load("version: 1\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->own.get<History>().keep, std::chrono::hours{24});
  EXPECT_EQ(loaded.config->own.get<Alerts>().policy, "");
}

TEST_F(OwnSectionsTest, LocateTheirErrorsLikeAllOthers) {
  EXPECT_EQ(errors("version: 1\nhistory:\n  keep: 5\n"),
            Lines{"f.yaml:3:9: history.keep: \"5\" has no unit; write \"5s\""});
  EXPECT_EQ(errors("version: 1\nhistory:\n  kep: 5h\n"),
            Lines{"f.yaml:3:3: history.kep: unknown key; did you mean \"keep\"?"});
  EXPECT_EQ(errors("version: 1\nhistory: 5\n"),
            Lines{"f.yaml:2:10: history: \"5\" found; expected a mapping (key: value)"});
}

TEST_F(OwnSectionsTest, AreSuggestedForAMistypedKey) {
  EXPECT_EQ(errors("version: 1\nhistroy: {keep: 2h}\n"),
            Lines{"f.yaml:2:1: histroy: unknown key; did you mean \"history\"?"});
}

TEST_F(OwnSectionsTest, AreUnknownToAProgramThatDoesNotHaveThem) {
  const auto lines = errors_of("version: 1\nhistory: {keep: 2h}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find("f.yaml:2:1: history: unknown key"), 0U) << lines[0];
}

TEST_F(OwnSectionsTest, MayReferToTheRestOfTheFileWhateverTheOrder) {
  EXPECT_EQ(errors("version: 1\nalerts: {policy: p}\npolicies: {p: {timeout: 1s}}\n"), Lines{});
  EXPECT_EQ(errors("version: 1\nalerts: {policy: q}\npolicies: {p: {timeout: 1s}}\n"),
            Lines{"f.yaml:2:18: alerts.policy: policy \"q\" does not exist"});
}

TEST_F(OwnSectionsTest, ReadSecretsFromFilesBesideTheirs) {
  const TemporaryDirectory directory;
  directory.write("key", "s3cret\n");
  const std::string path =
      directory.write("f.yaml", "version: 1\nalerts: {policy: p, key: \"file:key\"}\npolicies: {p: {}}\n");
  const Loaded loaded = load_file(path, FileKind::regular, sections_);
  ASSERT_TRUE(loaded.config) << lines_of(loaded.errors).front();
  EXPECT_EQ(loaded.config->own.get<Alerts>().key, "s3cret");
}

TEST_F(OwnSectionsTest, RefuseAKeyOrATypeThatIsTaken) {
  struct Other {};
  const auto read_other = [](const Value&, const FileContext&) { return Other{}; };
  EXPECT_THROW(sections_.add("services", +read_other), std::invalid_argument);
  EXPECT_THROW(sections_.add("history", +read_other), std::invalid_argument);
  EXPECT_THROW(sections_.add("other", read_history), std::invalid_argument);
}

}  // namespace
}  // namespace switchgear::config
