// For tests of `switchgear replay`: its files, and the command in this process.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "app/lab/replay_command.hpp"

namespace switchgear::lab {

struct Ran {
  int code = -1;
  std::string out, err;
};

/// A policy file, a trace, and what `switchgear replay` makes of them, in this process.
class ReplayFixture : public testing::Test {
 protected:
  ReplayFixture() {
    options_.config = own_path(".yaml");
    write(options_.config, R"(version: 1
policies:
  payment:
    circuit_breaker: {consecutive_failures: 1, open_duration: 10s, jitter: 0.5}
  plain:
    timeout: 2s
)");
    write(trace_, R"({"at":1,"id":"a","latency":0,"verdict":"failure"}
{"at":1,"op":"acquire","id":"b"}
)");
    options_.policy = "payment";
    options_.trace = trace_;
    options_.json = true;
  }
  ~ReplayFixture() override {
    std::remove(options_.config.c_str());
    std::remove(trace_.c_str());
  }

  Ran run(const std::string& standard_input = "") {
    std::istringstream in(standard_input);
    std::ostringstream out, err;
    const int code = run_replay(options_, in, out, err);
    return {code, out.str(), err.str()};
  }

  static std::string own_path(const char* ending) {
    return testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ending;
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  ReplayOptions options_;
  std::string trace_ = own_path(".jsonl");
};

}  // namespace switchgear::lab
