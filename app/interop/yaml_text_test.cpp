// YAML that is written is read as what it was.
#include "app/interop/yaml_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "switchgear/config/document.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::interop {
namespace {

namespace json = boost::json;

void expect_same(const config::Node& node, const json::value& value) {
  if (const auto* object = value.if_object()) {
    ASSERT_EQ(node.entries.size(), object->size());
    std::size_t at = 0;
    for (const auto& [key, inner] : *object) {
      EXPECT_EQ(node.entries[at].key, std::string_view(key));
      expect_same(node.entries[at++].value, inner);
    }
  } else if (const auto* array = value.if_array()) {
    ASSERT_EQ(node.items.size(), array->size());
    for (std::size_t i = 0; i < array->size(); ++i) expect_same(node.items[i], array->at(i));
  } else {
    EXPECT_EQ(node.text, std::string_view(value.as_string()));
    EXPECT_FALSE(node.empty());
  }
}

json::value any_value(int depth) {
  const auto text = [] {
    std::string letters = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("a1 .-:#{}[],&*!|>'\"%@`\\/\n\t?~=<é\x7f")));
    return config::find_bad_text(letters) ? std::string(
                                                "\xC2\x85\xE2\x80\xAE"
                                                "x")
                                          : letters;
  };
  const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 3);
  if (kind == 0) return json::value(text());
  const int size = *rc::gen::inRange(0, 4);
  if (kind == 1) {
    json::array array;
    for (int i = 0; i < size; ++i) array.push_back(any_value(depth - 1));
    return array;
  }
  json::object object;
  for (int i = 0; i < size; ++i) object["k" + std::to_string(i) + text()] = any_value(depth - 1);
  return object;
}

TEST(YamlText, IsReadAsWhatWasWritten) {
  EXPECT_TRUE(rc::check("any tree of texts", [] {
    json::object document;
    document["a"] = any_value(4);
    document["b"] = any_value(3);
    const std::string text = to_yaml(document);
    config::Report report{"f"};
    const auto node = config::parse_document(text, report);
    RC_ASSERT(node.has_value());
    expect_same(*node, document);
    RC_ASSERT(!testing::Test::HasFailure());
  }));
}

TEST(YamlText, QuotesWhatOtherParsersWouldReadAsSomethingElse) {
  const auto written = [](const json::value& value) { return to_yaml({{"k", value}}); };
  EXPECT_EQ(written("yes"), "k: \"yes\"\n");
  EXPECT_EQ(written("0x10"), "k: \"0x10\"\n");
  EXPECT_EQ(written("1e3"), "k: \"1e3\"\n");
  EXPECT_EQ(written("1:30"), "k: \"1:30\"\n");
  EXPECT_EQ(written(""), "k: \"\"\n");
  EXPECT_EQ(written("30s"), "k: 30s\n");
  EXPECT_EQ(written("10.0.0.1"), "k: \"10.0.0.1\"\n");
  EXPECT_EQ(written(0.07), "k: 0.07\n");
}

}  // namespace
}  // namespace switchgear::interop
