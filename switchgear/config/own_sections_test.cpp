#include "switchgear/config/own_sections.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/config/secret.hpp"

namespace switchgear::config {
namespace {

struct Kitchen {
  Duration keep = std::chrono::hours{24};
};

Kitchen read_kitchen(const Value& value, const FileContext& /*context*/) {
  Kitchen kitchen;
  Section section(value);
  section.read("keep", kitchen.keep, Length{std::chrono::minutes{1}});
  section.finish();
  return kitchen;
}

/// Names a policy of the file, and has a secret.
struct Pager {
  std::string policy;
  std::string key;
};

Pager read_pager(const Value& value, const FileContext& context) {
  Pager pager;
  Section section(value);
  section.require("policy", pager.policy, Text{}, "policy: NAME");
  section.read("key", pager.key, Secret{context.directory});
  if (const auto policy = section.find("policy"); policy && !context.config.policies.contains(pager.policy))
    policy->wrong("policy " + config::quoted(pager.policy) + " does not exist");
  section.finish();
  return pager;
}

class OwnSectionsTest : public testing::Test {
 protected:
  OwnSectionsTest() {
    sections_.add("kitchen", read_kitchen);
    sections_.add("pager", read_pager);
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
  const Loaded loaded = load("version: 1\nkitchen: {keep: 2h}\npolicies: {p: {timeout: 1s}}\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->own.get<Kitchen>().keep, std::chrono::hours{2});
  EXPECT_TRUE(loaded.config->policies.contains("p"));
}

TEST_F(OwnSectionsTest, HaveTheirDefaultsWhereTheFileLeavesThemOut) {
  const Loaded loaded = load("version: 1\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->own.get<Kitchen>().keep, std::chrono::hours{24});
  EXPECT_EQ(loaded.config->own.get<Pager>().policy, "");
}

TEST_F(OwnSectionsTest, LocateTheirErrorsLikeAllOthers) {
  EXPECT_EQ(errors("version: 1\nkitchen:\n  keep: 5\n"),
            Lines{"f.yaml:3:9: kitchen.keep: \"5\" has no unit; write \"5s\""});
  EXPECT_EQ(errors("version: 1\nkitchen:\n  kep: 5h\n"),
            Lines{"f.yaml:3:3: kitchen.kep: unknown key; did you mean \"keep\"?"});
  EXPECT_EQ(errors("version: 1\nkitchen: 5\n"),
            Lines{"f.yaml:2:10: kitchen: a number found; expected a mapping (key: value)"});
}

TEST_F(OwnSectionsTest, AreSuggestedForAMistypedKey) {
  EXPECT_EQ(errors("version: 1\nkitchne: {keep: 2h}\n"),
            Lines{"f.yaml:2:1: kitchne: unknown key; did you mean \"kitchen\"?"});
}

TEST_F(OwnSectionsTest, AreUnknownToAProgramThatDoesNotHaveThem) {
  const auto lines = errors_of("version: 1\nkitchen: {keep: 2h}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find("f.yaml:2:1: kitchen: unknown key"), 0U) << lines[0];
}

TEST_F(OwnSectionsTest, MayReferToTheRestOfTheFileWhateverTheOrder) {
  EXPECT_EQ(errors("version: 1\npager: {policy: p}\npolicies: {p: {timeout: 1s}}\n"), Lines{});
  EXPECT_EQ(errors("version: 1\npager: {policy: q}\npolicies: {p: {timeout: 1s}}\n"),
            Lines{"f.yaml:2:17: pager.policy: policy \"q\" does not exist"});
}

TEST_F(OwnSectionsTest, ReadSecretsFromFilesBesideTheirs) {
  const TemporaryDirectory directory;
  directory.write("key", "s3cret\n");
  const std::string path =
      directory.write("f.yaml", "version: 1\npager: {policy: p, key: \"file:key\"}\npolicies: {p: {}}\n");
  const Loaded loaded = load_file(path, FileKind::regular, sections_);
  ASSERT_TRUE(loaded.config) << lines_of(loaded.errors).front();
  EXPECT_EQ(loaded.config->own.get<Pager>().key, "s3cret");
}

TEST_F(OwnSectionsTest, RefuseAKeyOrATypeThatIsTaken) {
  struct Other {};
  const auto read_other = [](const Value&, const FileContext&) { return Other{}; };
  EXPECT_THROW(sections_.add("services", +read_other), std::invalid_argument);
  EXPECT_THROW(sections_.add("kitchen", +read_other), std::invalid_argument);
  EXPECT_THROW(sections_.add("other", read_kitchen), std::invalid_argument);
}

}  // namespace
}  // namespace switchgear::config
