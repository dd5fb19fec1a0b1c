#include "switchgear/observe/diagnosis/words.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace switchgear::words {
namespace {

using namespace std::chrono_literals;

TEST(Words, WriteRatiosWithAtMostOneDecimal) {
  EXPECT_EQ(percent(0), "0%");
  EXPECT_EQ(percent(0.1234), "12.3%");
  EXPECT_EQ(percent(0.5), "50%");
  EXPECT_EQ(percent(0.9999), "100%");
}

TEST(Words, WriteNumbersWithoutAnExponent) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(1234567.8), "1,234,568");
  EXPECT_EQ(number(-123456), "-123,456");
  EXPECT_EQ(number(9876), "9876");
  EXPECT_EQ(number(12.345678), "12.35");
  EXPECT_EQ(number(0.25), "0.25");
  EXPECT_EQ(number(0.00001), "0.00001");
  EXPECT_EQ(number(-3.5), "-3.5");
}

TEST(Words, WriteMoneyWithItsCents) {
  EXPECT_EQ(amount(3038), "3038.00");
  EXPECT_EQ(amount(32312.5), "32,312.50");
  EXPECT_EQ(amount(0), "0.00");
}

TEST(Words, WriteLengthsInTwoUnitsAtMost) {
  EXPECT_EQ(length(0s), "0 us");
  EXPECT_EQ(length(250us), "250 us");
  EXPECT_EQ(length(42ms), "42 ms");
  EXPECT_EQ(length(4200ms), "4.2 s");
  EXPECT_EQ(length(59s), "59 s");
  EXPECT_EQ(length(200s), "3 min 20 s");
  EXPECT_EQ(length(2h + 5min), "2 h 5 min");
  EXPECT_EQ(length(76h), "3 d 4 h");
  EXPECT_EQ(length(24h), "1 d");
}

TEST(Words, WriteInstantsInUtc) {
  EXPECT_EQ(instant(WallAnchor::Wall{1'772'366'405s}), "2026-03-01 12:00:05");
  EXPECT_EQ(clock(WallAnchor::Wall{1'772'366'405s + 999ms}), "12:00:05");
}

TEST(Words, QuoteAShellsWordOnlyWhereItNeedsIt) {
  EXPECT_EQ(shell_word("payment/eu-1"), "payment/eu-1");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("-v"), "'-v'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace switchgear::words
