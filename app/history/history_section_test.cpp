#include "app/history/history_section.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::history {
namespace {

using namespace std::chrono_literals;

config::Loaded load(const std::string& history, const std::string& directory = "/etc/switchgear") {
  config::OwnSections sections;
  sections.add("history", read_history);
  return config::load_text("version: 1\nhistory: " + history + "\n", "f.yaml", directory, sections);
}

TEST(HistorySection, SaysWhereAndHowMuch) {
  const auto all = load("{file: /var/lib/switchgear/history.db, keep: 48h, resolution: 5s, max_size: 1GiB}")
                       .config->own.get<HistoryOptions>();
  EXPECT_EQ(all.file, "/var/lib/switchgear/history.db");
  EXPECT_EQ(all.keep, Duration{48h});
  EXPECT_EQ(all.resolution, Duration{5s});
  EXPECT_EQ(all.max_size, 1024U * 1024 * 1024);
  const auto none = load("{}").config->own.get<HistoryOptions>();
  EXPECT_EQ(none, HistoryOptions{});
  EXPECT_EQ(none.file, "") << "in memory";
}

TEST(HistorySection, LooksUpARelativeFileBesideThePolicyFile) {
  EXPECT_EQ(load("{file: history.db}").config->own.get<HistoryOptions>().file, "/etc/switchgear/history.db");
  EXPECT_EQ(load("{file: ../h.db}").config->own.get<HistoryOptions>().file, "/etc/h.db");
}

TEST(HistorySection, LocatesWhatIsWrong) {
  const auto error_of = [](const std::string& history) {
    const auto lines = config::lines_of(load(history).errors);
    return lines.size() == 1 ? lines.front() : "not one error: " + std::to_string(lines.size());
  };
  EXPECT_EQ(
      error_of("{resolution: 7s}"),
      "f.yaml:2:23: history.resolution: does not divide a minute; use 1s, 2s, 5s, 10s, 15s, 20s, 30s or 60s");
  EXPECT_EQ(
      error_of("{resolution: 1500ms}"),
      "f.yaml:2:23: history.resolution: does not divide a minute; use 1s, 2s, 5s, 10s, 15s, 20s, 30s or 60s");
  EXPECT_NE(error_of("{resolution: 0s}").find("f.yaml:2:23: history.resolution: "), std::string::npos);
  EXPECT_NE(error_of("{keep: 10m}").find("f.yaml:2:17: history.keep: "), std::string::npos);
  EXPECT_NE(error_of("{keep: 24}").find("unit"), std::string::npos);
  EXPECT_EQ(error_of("{max_size: 1MiB}"), "f.yaml:2:21: history.max_size: must be from 8MiB to 64GiB");
  EXPECT_EQ(error_of("{size: 1GiB}"),
            "f.yaml:2:11: history.size: unknown key; expected file, keep, resolution or max_size");
}

}  // namespace
}  // namespace switchgear::history
