#include "app/serve/log_section.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/serve/own_sections.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::serve {
namespace {

config::Loaded load(const std::string& log) {
  return config::load_text("version: 1\nlog: " + log + "\n", "f.yaml", ".", own_sections());
}

TEST(LogSection, SetsTheLevel) {
  EXPECT_EQ(load("{level: error}").config->own.get<LogOptions>().level, spdlog::level::err);
  EXPECT_EQ(load("{level: off}").config->own.get<LogOptions>().level, spdlog::level::off);
  EXPECT_EQ(load("{}").config->own.get<LogOptions>().level, spdlog::level::info);
}

TEST(LogSection, LocatesWhatIsWrong) {
  EXPECT_EQ(config::lines_of(load("{level: loud}").errors),
            std::vector<std::string>{"f.yaml:2:14: log.level: \"loud\" is not known; expected info, warning, "
                                     "error or off"});
  EXPECT_EQ(config::lines_of(load("{levl: info}").errors),
            std::vector<std::string>{"f.yaml:2:7: log.levl: unknown key; did you mean \"level\"?"});
}

TEST(LogSection, IsPassedOverByAProgramThatSharesTheFile) {
  EXPECT_EQ(config::errors_of("version: 1\nlog: {level: error}\n"), std::vector<std::string>{});
}

}  // namespace
}  // namespace switchgear::serve
