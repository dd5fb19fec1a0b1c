// For this room's tests: a text in, its findings out as the lines a user would read.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::config {

inline std::vector<std::string> lines_of(const std::vector<Diagnostic>& findings) {
  std::vector<std::string> lines;
  for (const Diagnostic& finding : findings) lines.push_back(finding.text());
  return lines;
}

inline std::vector<std::string> errors_of(const std::string& text) {
  return lines_of(load_text(text, "f.yaml").errors);
}

inline std::vector<std::string> warnings_of(const std::string& text) {
  return lines_of(load_text(text, "f.yaml").warnings);
}

/// The configuration of a text that must be valid; the defaults, and a failed test, if it is not.
inline Config config_of(const std::string& text) {
  const Loaded loaded = load_text(text, "f.yaml");
  EXPECT_EQ(lines_of(loaded.errors), std::vector<std::string>{}) << text;
  return loaded.config.value_or(Config{});
}

/// The policy `p` of a file that holds nothing else.
inline Policy policy_of(const std::string& policy) {
  const Config config = config_of("version: 1\npolicies:\n  p: " + policy + "\n");
  return config.policies.contains("p") ? config.policies.at("p") : Policy{};
}

/// The paths of a service's routes.
inline std::vector<std::string> paths_of(const Service& service) {
  std::vector<std::string> paths;
  for (const Route& route : service.routes) paths.push_back(route.path);
  return paths;
}

/// A file with one policy of these keys, which start at line 3, column 7.
inline std::string with(const std::string& keys) { return "version: 1\npolicies:\n  p: {" + keys + "}\n"; }

/// Every part of the policy can be built.
inline bool is_valid(const Policy& policy) {
  const auto valid = [](const auto& options) { return !options || validate(*options).empty(); };
  const auto* stale = policy.fallback ? std::get_if<CachedFallbackOptions>(&*policy.fallback) : nullptr;
  const auto* queue = policy.fallback ? std::get_if<CallQueueOptions>(&*policy.fallback) : nullptr;
  return valid(policy.cache) && valid(policy.rate_limiter) && valid(policy.bulkhead) &&
         valid(policy.adaptive_limit) && valid(policy.admission) && valid(policy.retry) &&
         valid(policy.retry_budget) && valid(policy.hedge) && valid(policy.circuit_breaker) &&
         valid(policy.chaos) && (stale == nullptr || validate(*stale).empty()) &&
         (queue == nullptr || validate(*queue).empty());
}

/// One wrong text and the one line it must be answered with.
struct Mistake {
  std::string text;
  std::string line;
};

inline void expect_answers(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(errors_of(mistake.text), std::vector<std::string>{mistake.line}) << mistake.text;
  }
}

/// A directory that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "switchgear-config-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Sets one environment variable for the life of a test, or unsets it.
class Variable {
 public:
  Variable(std::string name, const char* value) : name_(std::move(name)) {
    value == nullptr ? ::unsetenv(name_.c_str()) : ::setenv(name_.c_str(), value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

}  // namespace switchgear::config
