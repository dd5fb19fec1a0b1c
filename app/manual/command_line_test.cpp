#include "app/manual/command_line.hpp"

#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace switchgear::manual {
namespace {

using Words = std::vector<std::string>;

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    CLI::App* serve = app_.add_subcommand("serve", "Run it");
    serve->add_option("--config,-c", text_, "The file")->required()->type_name("FILE");
    serve->add_flag("--watch,!--no-watch", flag_, "Read it again");
    serve->add_option("--shell", text_, "Which")->check(CLI::IsMember({"bash", "zsh"}))->envname("SHELL");
    serve->add_option("--for", text_, "How long")
        ->check(CLI::Validator([](std::string&) { return std::string{}; }, "DURATION"));
    serve->add_option("--hidden", text_, "Not shown")->group("");
    CLI::App* import = app_.add_subcommand("import", "Take it over");
    import->add_subcommand("istio", "From Istio")->add_option("FILE", text_, "Its YAML")->required();
    app_.add_subcommand("own", "For the program itself")->group("");
    serve_ = describe(app_).commands.at(0);
  }

  const Argument& option(const std::string& name) {
    for (const Argument& each : serve_.options)
      for (const std::string& other : each.names)
        if (other == name) return each;
    throw std::out_of_range{name};
  }

  CLI::App app_{"The program", "switchgear"};
  std::string text_;
  bool flag_ = false;
  Command serve_;
};

TEST_F(CommandLine, HidesWhatHelpHides) {
  const Command top = describe(app_);
  Words names;
  for (const Command* each : all_of(top)) names.push_back(each->name);
  EXPECT_EQ(names, (Words{"switchgear", "switchgear serve", "switchgear import", "switchgear import istio"}));
  EXPECT_THROW(option("--hidden"), std::out_of_range);
}

TEST_F(CommandLine, KnowsBothNamesOfAnOptionAndOfAFlag) {
  EXPECT_EQ(option("--config").names, (Words{"-c", "--config"}));
  EXPECT_EQ(option("--watch").names, (Words{"--watch", "--no-watch"}));
  EXPECT_EQ(option("--watch").value, "");
}

TEST_F(CommandLine, KnowsWhatAValueIs) {
  EXPECT_TRUE(option("--config").file);
  EXPECT_TRUE(option("--config").required);
  EXPECT_EQ(option("--for").value, "DURATION");
  EXPECT_FALSE(option("--for").file);
  EXPECT_EQ(option("--shell").choices, (Words{"bash", "zsh"}));
  EXPECT_EQ(option("--shell").environment, "SHELL");
}

TEST_F(CommandLine, FindsACommandBelowAnother) {
  const Command top = describe(app_);
  const Command* found = find(top, {"import", "istio"});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->word(), "istio");
  ASSERT_EQ(found->operands.size(), 1U);
  EXPECT_EQ(found->operands[0].names, Words{"FILE"});
  EXPECT_TRUE(found->operands[0].file);
  EXPECT_EQ(find(top, {"import", "nginx"}), nullptr);
  EXPECT_EQ(find(top, {})->name, "switchgear");
}

}  // namespace
}  // namespace switchgear::manual
