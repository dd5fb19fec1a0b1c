// What the tests of this room share: breakers in manual time, a folder of their own, a log to read.
#pragma once

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "app/history/stretch_clock.hpp"
#include "app/history/tables.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::history {

/// 2026-03-01T12:00:00Z.
inline constexpr std::chrono::sys_seconds noon{std::chrono::seconds{1772366400}};

/// Removed with all that is in it.
class Folder {
 public:
  Folder() {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-history-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    path_ = place;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file(const std::string& name = "history.db") const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class TextLog {
 public:
  TextLog() { log.set_pattern("%l %v"); }
  [[nodiscard]] std::string text() const { return out_->str(); }
  [[nodiscard]] std::string taken() { return std::exchange(*out_, std::ostringstream{}).str(); }
  [[nodiscard]] bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

 private:
  std::shared_ptr<std::ostringstream> out_ = std::make_shared<std::ostringstream>();

 public:
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(*out_)};
};

/// Both clocks, moved together.
struct ManualClocks {
  Reading now{TimePoint{std::chrono::hours{1}}, noon};
  Reading& pass(Duration length) {
    now.steady += length;
    now.wall += length;
    return now;
  }
  void set_wall(Duration by) { now.wall += by; }
};

[[nodiscard]] inline WallAnchor anchor_of(const Reading& now) { return {now.steady, now.wall}; }

/// A sample with so many good and bad calls.
[[nodiscard]] inline CircuitSample sample_of(std::uint64_t successes, std::uint64_t http_errors = 0,
                                             State state = State::closed) {
  CircuitSample sample;
  sample.state = state;
  sample.successes = successes;
  sample.failures[static_cast<std::size_t>(FailureType::http_error)] = http_errors;
  sample.successes_took[3] = successes;
  sample.success_time = std::chrono::milliseconds{5} * static_cast<std::int64_t>(successes);
  return sample;
}

[[nodiscard]] inline LoggedTransition opening_of(const std::string& breaker, const Reading& at) {
  LoggedTransition made;
  made.breaker = breaker;
  made.from = State::closed;
  made.to = State::open;
  made.generation = 2;
  made.at = at.steady;
  made.wall = at.wall;
  made.rule = Rule::failure_rate;
  made.value = 0.75;
  made.threshold = 0.5;
  made.window = {8, 6, 1, 2, 3, 4};
  made.last_failure = LastFailure{FailureType::timeout, at.steady - std::chrono::milliseconds{8}};
  return made;
}

[[nodiscard]] inline TimedLevel level_of(const std::string& breaker, WallAnchor::Wall at, BreakerLevel from,
                                         BreakerLevel to) {
  LoggedLevel made;
  made.breaker = breaker;
  made.change.from = from;
  made.change.to = to;
  made.change.cause = to > from ? LevelCause::escalated : LevelCause::calm;
  if (to > from) {
    made.change.calls = 12;
    made.change.failed = 9;
    made.change.escalate_above = 0.6;
  } else {
    made.change.calm = std::chrono::seconds{30};
  }
  return {at, made};
}

[[nodiscard]] inline LoggedInstance ejection_of(const std::string& service, const Reading& at) {
  return {
      service,
      "10.0.0.1:80",
      "ejected",
      "instance 10.0.0.1:80 is left out for 30s: 5 failed calls in a row (limit 5); 1 of 3 instances is out",
      at.steady,
      at.wall,
      LoggedInstance::Weight::warning};
}

}  // namespace switchgear::history
