#include "app/control/terminal_text.hpp"

#include <gtest/gtest.h>

namespace switchgear::control {
namespace {

TEST(TerminalText, LeavesPlainAndForeignNamesAsTheyAre) {
  EXPECT_EQ(printable("payment-2"), "payment-2");
  EXPECT_EQ(printable("Zahlungsverkehr für Öl"), "Zahlungsverkehr für Öl");
  EXPECT_EQ(printable("決済"), "決済");
  EXPECT_EQ(printable("e\u0301tage"), "e\u0301tage");
}

TEST(TerminalText, ShowsWhatCouldSteerATerminalAsQuestionMarks) {
  EXPECT_EQ(printable("\x1b[2J\r\n\t\x7f"), "?[2J????");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m")
      << "CSI as one character of C1";
  EXPECT_EQ(printable(std::string_view{"a\0b", 3}), "a?b");
}

TEST(TerminalText, ShowsBytesThatAreNotUtf8AsQuestionMarksOneForEach) {
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("a\xc3"), "a?") << "cut in the middle of a character";
  EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "half of a surrogate pair";
  EXPECT_EQ(printable("\xc0\xaf"), "??") << "an overlong slash";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "?") << "beyond Unicode";
}

TEST(TerminalText, DoesNotLetANameTurnTheDirectionOfTheLineOrHideItself) {
  EXPECT_EQ(printable("pay\u202etnem"), "pay?tnem");
  EXPECT_EQ(printable("a\u200bb\ufeff"), "a?b?");
}

TEST(TerminalText, KeepsAPileOfMarksLow) {
  std::string pile = "a";
  for (int each = 0; each < 50; ++each) pile += "\u0301";
  EXPECT_EQ(printable(pile), "a\u0301\u0301");
  EXPECT_EQ(columns_of(pile), 1U);
  EXPECT_EQ(printable("\u0301a"), "?a") << "a mark without a character would stand on the frame";
}

TEST(TerminalText, CountsColumnsNotBytes) {
  EXPECT_EQ(columns_of("payment"), 7U);
  EXPECT_EQ(columns_of("für"), 3U);
  EXPECT_EQ(columns_of("決済"), 4U);
  EXPECT_EQ(columns_of("\x1b[0m"), 4U);
}

TEST(TerminalText, FitsATextIntoExactlyAsManyColumns) {
  EXPECT_EQ(fitted("pay", 5), "pay  ");
  EXPECT_EQ(fitted("payment", 7), "payment");
  EXPECT_EQ(fitted("payment", 5), "paym…");
  EXPECT_EQ(fitted("決済サービス", 6), "決済… ") << "half of a wide character does not fit";
  EXPECT_EQ(fitted("決済サービス", 5), "決済…");
  EXPECT_EQ(fitted("payment", 1), "…");
  EXPECT_EQ(fitted("payment", 0), "");
}

}  // namespace
}  // namespace switchgear::control
