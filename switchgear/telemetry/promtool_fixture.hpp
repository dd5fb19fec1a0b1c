// What Prometheus' own tool says of a scraped page.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace switchgear::telemetry {

inline void expect_promtool_accepts(const std::string& text) {
  FILE* promtool = popen(PROMTOOL " check metrics", "w");  // NOLINT(cert-env33-c): a fixed command
  ASSERT_NE(promtool, nullptr);
  ASSERT_EQ(fwrite(text.data(), 1, text.size(), promtool), text.size());
  const int status = pclose(promtool);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << text;
}

inline void expect_line(const std::string& text, const std::string& line) {
  EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos) << line << "\nis not in\n" << text;
}

}  // namespace switchgear::telemetry
