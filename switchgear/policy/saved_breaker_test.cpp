#include "switchgear/policy/saved_breaker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Wall = WallAnchor::Wall;

const Wall noon{1'764'158'400s};

std::vector<SavedBreaker> one_of_each() {
  return {{"payment", State::open, false, false, noon, noon + 30s, 2},
          {"search", State::closed, false, true, noon - 1ns, {}, 0},
          {"mail", State::half_open, true, false, noon, {}, 7},
          {"tenant 17/50% off\n", State::forced_open, false, false, noon, {}, 0},
          {"", State::disabled, false, false, noon, {}, 0},
          {"both", State::closed, true, true, noon, {}, 0}};
}

std::string problem(const std::string& text) {
  const SavedBreakersRead read = read_saved_breakers(text);
  EXPECT_TRUE(read.problem.empty() || read.breakers.empty()) << "all or nothing";
  return read.problem;
}

std::string of_line(const std::string& line) { return "switchgear breakers 1\n" + line + "\nend 1\n"; }

TEST(SavedBreaker, ComesBackFromItsTextAsItWas) {
  const SavedBreakersRead read = read_saved_breakers(to_text(one_of_each()));
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.breakers, one_of_each());
}

TEST(SavedBreaker, ReadsAsALineForEachBreaker) {
  EXPECT_EQ(to_text({one_of_each()[0], one_of_each()[3]}),
            "switchgear breakers 1\n"
            "open since=1764158400000000000 until=1764158430000000000 relapses=2 mode=normal name=payment\n"
            "forced_open since=1764158400000000000 until=- relapses=0 mode=normal "
            "name=tenant 17/50%25 off%0A\n"
            "end 2\n");
}

TEST(SavedBreaker, WithANameThatIsTooLongDoesNotLoseAllTheOthers) {
  std::vector<SavedBreaker> breakers = one_of_each();
  breakers.insert(breakers.begin() + 1,
                  {std::string(4'097, 'k'), State::open, false, false, noon, noon + 1s, 0});
  breakers.push_back({std::string(4'096, '%'), State::closed, false, false, noon, {}, 0});
  const SavedBreakersRead read = read_saved_breakers(to_text(breakers));
  breakers.erase(breakers.begin() + 1);
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.breakers, breakers);
}

TEST(SavedBreaker, BeyondTheMostThatAreReadDoesNotLoseAllTheOthers) {
  std::vector<SavedBreaker> breakers(1'000'001);
  for (std::size_t i = 0; i < breakers.size(); ++i) breakers[i].name = std::to_string(i);
  const SavedBreakersRead read = read_saved_breakers(to_text(breakers));
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.breakers.size(), 1'000'000U);
}

TEST(SavedBreaker, OfALaterVersionIsRefusedWithBothVersions) {
  EXPECT_EQ(problem("switchgear breakers 2\nsomething new\n"),
            "line 1: version 2 was saved by a later Switchgear; this one reads 1");
}

TEST(SavedBreaker, OfAnotherProgramIsRefused) {
  for (const char* text :
       {"", "\n", "{\"breakers\": []}\n", "switchgear breakers 1", "Switchgear breakers 1\n"})
    EXPECT_EQ(problem(text), "line 1 is not 'switchgear breakers 1': not saved by Switchgear") << text;
  for (const char* version : {"", "0", "-1", "01", "1 ", "1\r", "99999999999"})
    EXPECT_EQ(problem("switchgear breakers " + std::string{version} + "\nend 0\n"),
              "line 1: 'switchgear breakers " + std::string{version} + "' names no version");
}

TEST(SavedBreaker, TextThatWasCutAnywhereIsRefused) {
  const std::string whole = to_text(one_of_each());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(problem(whole.substr(0, size)), "") << whole.substr(0, size);
  EXPECT_EQ(problem(whole + "\n"), "line 8: more text behind the end");
  EXPECT_EQ(problem("switchgear breakers 1\nend 2\n"), "line 2: 'end 2' behind 0 breakers");
}

TEST(SavedBreaker, NamedTwiceIsRefused) {
  EXPECT_EQ(problem(to_text({one_of_each()[0], one_of_each()[0]})),
            "line 3: breaker 'payment' a second time");
}

TEST(SavedBreaker, LineThatNoBreakerCanBeIsRefused) {
  const std::string good = "open since=5 until=6 relapses=0 mode=normal name=x";
  EXPECT_EQ(problem(of_line(good)), "");
  for (const char* line : {"open since=5 until=4 relapses=0 mode=normal name=x",
                           "open since=5 until=- relapses=0 mode=normal name=x",
                           "open since=5 until=6 relapses=0 mode=ramping name=x",
                           "closed since=5 until=6 relapses=0 mode=normal name=x",
                           "closed since=5 until=7x relapses=0 mode=normal name=x",
                           "closed since=5 until=- relapses=1 mode=normal name=x",
                           "forced_open since=5 until=- relapses=0 mode=metrics_only name=x",
                           "ajar since=5 until=- relapses=0 mode=normal name=x",
                           "closed since=-5 until=- relapses=0 mode=normal name=x",
                           "closed since=05 until=- relapses=0 mode=normal name=x",
                           "closed since=99999999999999999999 until=- relapses=0 mode=normal name=x",
                           "closed since=5 until=- relapses=4294967296 mode=normal name=x",
                           "closed since=5 until=- relapses=0 mode=normal name=a%41",
                           "closed since=5 until=- relapses=0 mode=normal name=a%0",
                           "closed since=5 until=- relapses=0 mode=normal name=a\r",
                           "closed since=5 until=- relapses=0 mode=normal",
                           "closed  since=5 until=- relapses=0 mode=normal name=x",
                           "closed until=- since=5 relapses=0 mode=normal name=x", ""})
    EXPECT_EQ(problem(of_line(line)), "line 2 is not a saved breaker") << line;
}

TEST(SavedBreaker, LineWithoutEndIsNotReadToItsEnd) {
  EXPECT_EQ(problem("switchgear breakers 1\n" + std::string(1'000'000, 'x')),
            "line 1 is not 'end': the text was cut short, or a line is too long");
  const std::string line = "closed since=5 until=- relapses=0 mode=normal name=";
  EXPECT_EQ(problem(of_line(line + std::string(4'096, 'x'))), "");
  EXPECT_EQ(problem(of_line(line + std::string(4'097, 'x'))), "line 2 is not a saved breaker");
}

}  // namespace
}  // namespace switchgear
