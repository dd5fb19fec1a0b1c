// Files of other programs: several documents, anchors and aliases, within limits.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/document.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

struct Parsed {
  std::vector<Node> documents;
  std::vector<std::string> errors;
};

Parsed parsed(const std::string& text, const ForeignLimits& limits = {}) {
  Report report{"f"};
  Parsed result{parse_documents(text, limits, report), {}};
  result.errors = lines_of(report.take_errors());
  return result;
}

TEST(ForeignDocuments, AreAllRead) {
  const Parsed three = parsed("a: 1\n---\n[b]\n---\n# nothing\n...\n");
  EXPECT_EQ(three.errors, std::vector<std::string>{});
  ASSERT_EQ(three.documents.size(), 3U);
  EXPECT_EQ(three.documents[0].entries.at(0).value.text, "1");
  EXPECT_EQ(three.documents[1].items.at(0).text, "b");
  EXPECT_TRUE(three.documents[2].empty());
}

TEST(ForeignDocuments, AnAliasIsACopyWithThePlaceOfItsAnchor) {
  const Parsed one = parsed("a: &x {b: [1, 2]}\nc: *x\n");
  EXPECT_EQ(one.errors, std::vector<std::string>{});
  const Node& copy = one.documents.at(0).entries.at(1).value;
  EXPECT_EQ(copy.entries.at(0).value.items.at(1).text, "2");
  EXPECT_EQ(copy.at.line, 1U);
}

TEST(ForeignDocuments, AnAliasNamesAnAnchorAboveItInItsDocument) {
  const std::string line = "this alias names no anchor that is above it";
  EXPECT_EQ(parsed("a: *x\nb: &x 1\n").errors, std::vector<std::string>{"f:1:4: " + line});
  EXPECT_EQ(parsed("a: &x 1\n---\nb: *x\n").errors, std::vector<std::string>{"f:3:4: " + line});
  EXPECT_EQ(parsed("a: &x [*x]\n").errors, std::vector<std::string>{"f:1:8: " + line});
}

TEST(ForeignDocuments, AliasesCountAsWhatTheyStandFor) {
  const ForeignLimits limits{4, 20};
  EXPECT_EQ(parsed("[1, 2, 3, 4]\n", limits).errors, std::vector<std::string>{});
  EXPECT_EQ(parsed("a: &x [1, 2, 3]\nb: [*x, *x, *x]\n", limits).errors.size(), 1U);
  EXPECT_EQ(parsed("a: &x [[1]]\nb: [*x]\n", limits).errors,
            std::vector<std::string>{"f:2:5: nested deeper than 4 levels, with this alias"});
  EXPECT_EQ(parsed("[[[[[1]]]]]\n", limits).errors,
            std::vector<std::string>{"f:1:5: nested deeper than 4 levels"});
}

TEST(ForeignDocuments, TagsAndDirectivesAreRefused) {
  EXPECT_EQ(parsed("a: !x 1\n").errors.size(), 1U);
  EXPECT_EQ(parsed("%YAML 1.2\n---\na: 1\n").errors.size(), 1U);
}

}  // namespace
}  // namespace switchgear::config
