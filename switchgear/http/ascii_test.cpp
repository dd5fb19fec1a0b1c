#include "switchgear/http/ascii.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear::http {
namespace {

// Every byte at every place of texts of every length around the eight that are looked at together.
template <class Each>
void for_every_byte_and_place(Each each) {
  for (std::size_t size = 1; size <= 26; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (int c = 0; c < 256; ++c) {
        std::string text = std::string("Content-Length-Content-Len").substr(0, size);
        text[place] = static_cast<char>(c);
        each(text, static_cast<char>(c), place);
      }
    }
  }
}

std::string lower_one_by_one(std::string text) {
  for (char& c : text) c = to_lower(c);
  return text;
}

TEST(Ascii, KnowsEachControlCharacterWhereverItStands) {
  for_every_byte_and_place([](const std::string& text, char c, std::size_t place) {
    const unsigned code = static_cast<unsigned char>(c);
    const bool control = (code < 0x20 && code != 0x09) || code == 0x7f;
    ASSERT_EQ(has_control(text), control) << code << " at " << place << " of " << text.size();
    // A tab before it changes nothing, though both are among the eight that are looked at closely.
    ASSERT_EQ(has_control("\t" + text), control) << code << " at " << place << " of " << text.size();
  });
  EXPECT_FALSE(has_control(""));
}

TEST(Ascii, TakesOnlyLettersOfAsciiForOneAnother) {
  for_every_byte_and_place([](const std::string& text, char c, std::size_t place) {
    const std::string lower = lower_one_by_one(text);
    ASSERT_TRUE(equals_lower(text, lower));
    ASSERT_TRUE(equals_ignoring_case(text, lower));
    for (const int bit : {0x01, 0x20, 0x80}) {
      std::string other = lower;
      other[place] = static_cast<char>(other[place] ^ bit);
      const bool same = to_lower(c) == to_lower(other[place]);
      ASSERT_EQ(equals_ignoring_case(text, other), same) << text << " and " << other;
      if (lower_one_by_one(other) == other) {
        ASSERT_EQ(equals_lower(text, other), same) << text << " and " << other;
      }
    }
  });
  EXPECT_TRUE(equals_lower("", ""));
  EXPECT_FALSE(equals_lower("host", "hosts"));
}

static_assert(equals_lower("Transfer-Encoding", "transfer-encoding"));
static_assert(!equals_lower("Transfer-Encodinh", "transfer-encoding"));
static_assert(equals_ignoring_case("KEEP-alive", "keep-ALIVE"));

}  // namespace
}  // namespace switchgear::http
