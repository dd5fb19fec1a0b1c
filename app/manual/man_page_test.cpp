#include "app/manual/man_page.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/manual/roff.hpp"

namespace switchgear::manual {
namespace {

TEST(ManPage, ShowsTextThatLooksLikeRoffAsItIs) {
  EXPECT_EQ(escaped(R"(a-b \fB "c")"), R"(a\-b \efB \(dqc\(dq)");
  EXPECT_EQ(Roff{}.text(".SH is not a heading").take(), "\\&.SH is not a heading\n");
  EXPECT_EQ(Roff{}.text("'tis").take(), "\\&'tis\n");
}

TEST(ManPage, BreaksLongLinesBetweenWords) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word. ";
  const std::string page = Roff{}.text(words + "end").take();
  std::size_t begin = 0;
  for (std::size_t end = page.find('\n'); end != std::string::npos;
       begin = end + 1, end = page.find('\n', begin)) {
    EXPECT_LE(end - begin, 78U);
    EXPECT_NE(page[end - 1], ' ');
  }
  EXPECT_EQ(begin, page.size());
}

TEST(ManPage, SaysOfAnOptionWhatTheCommandLineKnows) {
  Command top{.name = "switchgear", .description = "Circuit breakers"};
  Command status{.name = "switchgear status", .description = "Show them"};
  status.options.push_back({.names = {"-a", "--admin"},
                            .description = "Where",
                            .value = "URL",
                            .default_value = "http://127.0.0.1:9090",
                            .environment = "ADMIN",
                            .needs = {"--json"},
                            .required = true});
  top.commands.push_back(status);
  const std::string page = man_page(top, top.commands[0], {"switchgear 0.1.0", "2026-11-27"});
  EXPECT_NE(page.find(".TH SWITCHGEAR\\-STATUS 1 2026-11-27 \"switchgear 0.1.0\" \"User Commands\"\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("switchgear\\-status \\- show them\n"), std::string::npos) << page;
  EXPECT_NE(page.find(".TP\n\\fB\\-a\\fR, \\fB\\-\\-admin\\fR \\fIURL\\fR\n"
                      "Where. Required. Default: http://127.0.0.1:9090. Otherwise taken from ADMIN.\n"
                      "Only with \\-\\-json.\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find(".SH \"EXIT STATUS\"\n"), std::string::npos) << page;
  EXPECT_NE(page.find(".SH \"SEE ALSO\"\n\\fBswitchgear\\fR(1)\n"), std::string::npos) << page;
}

}  // namespace
}  // namespace switchgear::manual
