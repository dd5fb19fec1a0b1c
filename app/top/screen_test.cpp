#include "app/top/screen.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/top/screen_fixture.hpp"

namespace switchgear::top {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class Breakers : public ScreenTest {
 protected:
  Breakers() {
    tell({{.name = "cart", .calls = 5},
          {.name = "inventory", .calls = 50, .failure_rate = 0.2},
          {.name = "payment", .state = "open", .failure_rate = 0.6, .refusals = 7, .retry_after = "20"},
          {.name = "search", .state = "half_open", .calls = 1},
          {.name = "users", .state = "open", .failure_rate = 0.5, .refusals = 9, .retry_after = "5"}});
  }
};

TEST_F(Breakers, AreSortedWorstFirstAtTheBeginning) {
  EXPECT_EQ(screen.rows, (Names{"payment", "users", "search", "inventory", "cart"}));
}

TEST_F(Breakers, AreSortedByEachColumnInTurn) {
  press("s");
  EXPECT_EQ(screen.rows, (Names{"cart", "inventory", "payment", "search", "users"})) << "name";
  press("s");
  EXPECT_EQ(screen.rows, (Names{"inventory", "cart", "search", "payment", "users"})) << "calls";
  press("s");
  EXPECT_EQ(screen.rows, (Names{"payment", "users", "inventory", "cart", "search"})) << "failure rate";
  press("s");
  EXPECT_EQ(screen.rows, (Names{"users", "payment", "cart", "inventory", "search"})) << "refusals";
  press("s");
  EXPECT_EQ(screen.rows, (Names{"users", "payment", "cart", "inventory", "search"})) << "the next retry";
  press("s");
  EXPECT_EQ(screen.rows.front(), "payment") << "and the worst again";
  press("Si");
  EXPECT_EQ(screen.rows.front(), "cart") << "turned round, those that wait for nothing come first";
}

TEST_F(Breakers, AreFilteredByEveryWordOfNameAndStateWhileItIsTyped) {
  press("/op");
  EXPECT_EQ(screen.rows.size(), 3U);
  press("en");
  EXPECT_EQ(screen.rows, (Names{"payment", "users", "search"}));
  press(" PAY");
  EXPECT_EQ(screen.rows, (Names{"payment"}));
  press(Key::backspace);
  press(Key::backspace);
  press(Key::backspace);
  EXPECT_EQ(screen.rows.size(), 3U);
  press(Key::enter);
  EXPECT_FALSE(screen.typing);
  EXPECT_EQ(screen.rows.size(), 3U) << "the filter stays";
  press(Key::escape);
  EXPECT_EQ(screen.rows.size(), 5U);
}

TEST_F(Breakers, SelectTheFirstThatMatchesWhileAFilterIsTyped) {
  press("G/s");
  EXPECT_EQ(screen.selected_name(), screen.rows.front());
  press("e");
  EXPECT_EQ(screen.selected_name(), "users");
  press(Key::down);
  EXPECT_EQ(screen.selected_name(), "search");
}

TEST_F(Breakers, TakeLettersForTheFilterAndNotForCommandsWhileItIsTyped) {
  EXPECT_EQ(press("/qro").kind, Wish::Kind::nothing);
  EXPECT_FALSE(screen.question);
  EXPECT_EQ(screen.filter, "qro");
  press(Key::escape);
  EXPECT_EQ(screen.filter, "");
}

TEST_F(Breakers, KeepTheSelectedOneSelectedWhileTheOrderChanges) {
  press("jj");
  EXPECT_EQ(screen.selected_name(), "search");
  tell({{.name = "search", .state = "open", .failure_rate = 0.9}}, "delta");
  EXPECT_EQ(screen.rows.front(), "search");
  EXPECT_EQ(screen.selected_name(), "search");
  EXPECT_EQ(screen.at, 0U);
}

TEST_F(Breakers, SelectTheFirstRowOfTheOrderUntilTheUserMoves) {
  EXPECT_EQ(screen.selected_name(), "payment");
  tell({{.name = "cart", .state = "open", .failure_rate = 1}}, "delta");
  EXPECT_EQ(screen.selected_name(), "cart");
}

TEST_F(Breakers, SelectANeighbourWhenTheSelectedOneIsRemoved) {
  press(Key::end);
  EXPECT_EQ(screen.selected_name(), "cart");
  screen.circuits.apply({"delta", R"({"at": "", "circuit_breakers": [], "removed": ["cart"]})"}, now);
  screen.settle(now);
  EXPECT_EQ(screen.selected_name(), "inventory");
  tell({});
  EXPECT_EQ(screen.selected_name(), "");
  EXPECT_EQ(press("o").kind, Wish::Kind::nothing);
  EXPECT_FALSE(screen.question) << "of which breaker?";
}

TEST_F(Breakers, AreCommandedOnlyAfterAConfirmation) {
  EXPECT_EQ(press("o").kind, Wish::Kind::nothing);
  ASSERT_TRUE(screen.question);
  EXPECT_EQ(screen.question->wish.name, "payment");
  for (const char* no : {"n", "q", "o", " "}) {
    EXPECT_EQ(press(no).kind, Wish::Kind::nothing) << no;
    EXPECT_FALSE(screen.question);
    press("o");
  }
  press(Key::enter);
  EXPECT_FALSE(screen.question) << "Enter is not a yes";
  press("o");
  const Wish wish = press("y");
  EXPECT_EQ(wish.kind, Wish::Kind::command);
  EXPECT_EQ(wish.command, Command::force_open);
  EXPECT_EQ(wish.name, "payment");
}

TEST_F(Breakers, AreCommandedByTheNameThatWasShownWhenTheOrderChangesMeanwhile) {
  press("r");
  tell({{.name = "cart", .state = "open", .failure_rate = 1}}, "delta");
  EXPECT_EQ(press("y").name, "payment");
}

TEST_F(Breakers, HaveAKeyForEachCommand) {
  const std::vector<std::pair<std::string, Command>> keys{{"r", Command::reset},
                                                          {"o", Command::force_open},
                                                          {"c", Command::force_close},
                                                          {"d", Command::disable},
                                                          {"m", Command::metrics_only}};
  for (const auto& [key, command] : keys) {
    press(key);
    EXPECT_EQ(press("y").command, command) << key;
  }
}

TEST_F(Breakers, OpenAPageEachAndGoBackToTheSameRow) {
  press("j");
  press(Key::enter);
  EXPECT_EQ(screen.page, Page::breaker);
  EXPECT_EQ(screen.wanted(), "/circuit-breakers/users");
  press("o");
  EXPECT_EQ(screen.question->wish.name, "users");
  press("n");
  press(Key::escape);
  EXPECT_EQ(screen.page, Page::breakers);
  EXPECT_EQ(screen.selected_name(), "users");
}

TEST_F(Breakers, AskForANameWithItsSpecialCharactersEncoded) {
  tell({{.name = "a/b c"}});
  press(Key::enter);
  EXPECT_EQ(screen.wanted(), "/circuit-breakers/a%2Fb%20c");
}

TEST_F(Breakers, ScrollSoThatTheSelectedRowIsOnTheScreen) {
  std::vector<Told> many;
  for (int each = 1000; each < 2000; ++each) many.push_back({.name = "s" + std::to_string(each)});
  tell(many);
  press(Key::end);
  EXPECT_EQ(screen.at, 999U);
  EXPECT_EQ(screen.first, 1000 - screen.body_rows());
  press(Key::page_up);
  EXPECT_EQ(screen.at, 999 - screen.body_rows());
  press(Key::home);
  EXPECT_EQ(screen.first, 0U);
  screen.size = {50, 200};
  press(Key::end);
  EXPECT_EQ(screen.first, 1000U - 45);
}

TEST_F(ScreenTest, LeavesWithQFromEveryPage) {
  tell({{.name = "payment"}});
  for (const char* page : {"1", "2", "3"}) {
    press(page);
    EXPECT_EQ(press("q").kind, Wish::Kind::quit) << page;
  }
  press("1");
  press(Key::enter);
  EXPECT_EQ(press("q").kind, Wish::Kind::quit);
  press("?");
  EXPECT_EQ(press("q").kind, Wish::Kind::quit);
}

TEST_F(ScreenTest, ShowsPagesInTurnAndAsksForWhatTheyShow) {
  EXPECT_EQ(screen.wanted(), "");
  press(Key::tab);
  EXPECT_EQ(screen.page, Page::services);
  EXPECT_EQ(screen.wanted(), "/status");
  press(Key::tab);
  EXPECT_EQ(screen.page, Page::alerts);
  EXPECT_EQ(screen.wanted(), "/alerts");
  press(Key::tab);
  EXPECT_EQ(screen.page, Page::breakers);
  press(Key::back_tab);
  EXPECT_EQ(screen.page, Page::alerts);
}

TEST_F(ScreenTest, ScrollsAPageNoFurtherThanItsEnd) {
  tell({{.name = "payment"}});
  press(Key::enter);
  for (int each = 0; each < 100; ++each) press(Key::down);
  const std::size_t end = screen.first;
  EXPECT_LT(end, 30U);
  press(Key::up);
  EXPECT_EQ(screen.first, end == 0 ? 0 : end - 1) << "and comes back at once";
}

TEST_F(ScreenTest, CountsARetryDownByItsOwnClock) {
  tell({{.name = "payment", .state = "open", .retry_after = "4.2"}});
  const Circuit& circuit = *screen.circuits.find("payment");
  EXPECT_DOUBLE_EQ(*circuit.retry_in(now + 1s), 3.2);
  EXPECT_DOUBLE_EQ(*circuit.retry_in(now + 10s), 0);
  EXPECT_DOUBLE_EQ(*circuit.in_state_for(now + 1s), 61) << "since and at are both of the server's clock";
}

TEST_F(ScreenTest, KeepsThePolicyThatADeltaLeavesOut) {
  tell({{.name = "payment"}});
  screen.circuits.apply(
      {"delta", R"({"at": "", "circuit_breakers": [{"name": "payment", "state": "open"}]})"}, now);
  EXPECT_EQ(screen.circuits.find("payment")->state, "open");
  EXPECT_EQ(screen.circuits.find("payment")->document.at("policy").at("open_duration"), 30);
}

TEST_F(ScreenTest, TakesASnapshotForTheWholeAndForgetsTheRest) {
  tell({{.name = "payment"}, {.name = "cart"}});
  tell({{.name = "cart"}});
  EXPECT_EQ(screen.rows, (Names{"cart"}));
}

TEST_F(ScreenTest, TurnsDownDataThatIsNotAnAdminApis) {
  for (const char* data :
       {"", "[]", "{\"circuit_breakers\": [1]}", "{\"circuit_breakers\": [{\"state\": \"open\"}]}"})
    EXPECT_THROW(screen.circuits.apply({"snapshot", data}, now), std::exception) << data;
}

class Alerts : public ScreenTest {
 protected:
  Alerts() {
    press("3");
    list(
        R"({"id": "b1", "state": "firing", "rule": "opened", "circuit": "payment", "message": "payment opened"},
            {"id": "a2", "state": "firing", "rule": "flapping", "circuit": "cart", "acknowledged": {"by": "me"}},
            {"id": "c3", "state": "pending", "rule": "slow", "circuit": "users"})");
  }
  void list(const std::string& alerts) { answer(200, R"({"alerts": [)" + alerts + "]}"); }
};

TEST_F(Alerts, AreAcknowledgedAfterAQuestion) {
  EXPECT_EQ(press("a").kind, Wish::Kind::nothing);
  EXPECT_TRUE(shows("opened of payment"));
  EXPECT_TRUE(shows("The alert is not repeated any more."));
  const Wish wish = press("y");
  EXPECT_EQ(wish.kind, Wish::Kind::acknowledge);
  EXPECT_EQ(wish.name, "b1");
  press("a");
  EXPECT_EQ(press("n").kind, Wish::Kind::nothing);
  EXPECT_TRUE(shows("\n not done\n")) << "and not the rest of the message behind it: " << drawn();
}

TEST_F(Alerts, ThatAreAcknowledgedOrDoNotFireSayWhyTheyCannotBe) {
  press("ja");
  EXPECT_FALSE(screen.question);
  EXPECT_TRUE(shows("it was acknowledged by me"));
  press("ja");
  EXPECT_FALSE(screen.question);
  EXPECT_TRUE(shows("only an alert that fires can be acknowledged"));
}

TEST_F(Alerts, StaySelectedWhereverTheServerSortsThem) {
  press("j");
  list(R"({"id": "n0", "state": "firing"}, {"id": "b1", "state": "firing"}, {"id": "a2", "state": "firing",
           "rule": "flapping", "circuit": "cart"})");
  press("a");
  ASSERT_TRUE(screen.question);
  EXPECT_EQ(screen.question->wish.name, "a2");
  list(R"({"id": "n0", "state": "firing"})");
  EXPECT_EQ(press("y").name, "a2") << "the question was about that one";
}

TEST_F(Alerts, ThatAreNotThereCannotBeAcknowledged) {
  list("");
  press("a");
  EXPECT_FALSE(screen.question);
  press("1");
  press("a");
  EXPECT_FALSE(screen.question);
}

}  // namespace
}  // namespace switchgear::top
