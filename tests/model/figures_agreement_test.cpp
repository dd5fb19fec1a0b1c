// The figures of observe/figures against a plain program in another language, which makes them from the raw
// events.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <sstream>
#include <string>

#include "tests/model/random_history.hpp"

namespace switchgear::model {
namespace {

/// Gives `input` to the model; returns its exit code and what it wrote.
std::pair<int, std::string> judged_by_model(const std::string& input) {
  const std::string file = testing::TempDir() + "figures_" + std::to_string(getpid()) + ".jsonl";
  std::FILE* out = std::fopen(file.c_str(), "w");
  EXPECT_NE(out, nullptr);
  EXPECT_EQ(std::fwrite(input.data(), 1, input.size(), out), input.size());
  EXPECT_EQ(std::fclose(out), 0);
  std::FILE* model =
      popen((PYTHON " " FIGURES_MODEL " '" + file + "' 2>&1").c_str(), "r");  // NOLINT(cert-env33-c)
  std::string said;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), model)) > 0;)
    said.append(buffer.data(), got);
  const int status = pclose(model);
  std::remove(file.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

std::string histories(std::uint64_t first, std::uint64_t count) {
  std::ostringstream lines;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Past past = random_past(seed);
    write_json(lines, seed, past, figures_of(past.history, past.span, past.present));
  }
  return lines.str();
}

TEST(FiguresAgreement, AThousandRandomHistoriesGiveWhatAPlainProgramMakesOfTheirEvents) {
  const auto [exit_code, said] = judged_by_model(histories(1, 1000));
  EXPECT_EQ(exit_code, 0) << said;
  EXPECT_NE(said.find("1000 histories"), std::string::npos) << said;
}

TEST(FiguresAgreement, ASingleWrongValueIsFound) {
  std::string lines = histories(7, 20);
  const auto place = lines.rfind("\"health_score\":") + std::string_view{"\"health_score\":"}.size();
  lines[place] = lines[place] == '9' ? '8' : '9';
  const auto [exit_code, said] = judged_by_model(lines);
  EXPECT_EQ(exit_code, 1) << said;
  EXPECT_NE(said.find("health_score"), std::string::npos) << said;
}

}  // namespace
}  // namespace switchgear::model
