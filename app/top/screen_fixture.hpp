// A Screen with breakers, as the stream of events would give it, at a time of the test's.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "app/top/draw.hpp"
#include "app/top/screen.hpp"

namespace switchgear::top {

class ScreenTest : public testing::Test {
 protected:
  struct Told {
    std::string name;  ///< in JSON: `\u001b`
    std::string state = "closed";
    double calls = 0;
    double failure_rate = 0;
    double refusals = 0;
    int health = 100;
    std::string retry_after = "null";
    std::string more = "";  ///< further members, `, "key": value`
  };

  ScreenTest() {
    screen.url = "http://gateway:9090";
    screen.connection = {true, true, {}, now};
  }

  static std::string json_of(const Told& told) {
    return R"({"name": ")" + told.name + R"(", "state": ")" + told.state +
           R"(", "mode": "normal", "health_score": )" + std::to_string(told.health) +
           R"(, "since": "2026-03-01T11:59:00.000Z", "retry_after": )" + told.retry_after +
           R"(, "window": {"calls": 30, "failures": 16, "slow": 3, "failure_rate": )" +
           std::to_string(told.failure_rate) + R"(}, "rates": {"calls_per_second": )" +
           std::to_string(told.calls) + R"(, "failures_per_second": 0, "rejected_per_second": )" +
           std::to_string(told.refusals) +
           R"(}, "counters": {"calls": 412, "failures_by_type": {"http_error": 16}})" +
           R"(, "policy": {"open_duration": 30})" + told.more + "}";
  }
  void tell(const std::vector<Told>& breakers, const std::string& type = "snapshot") {
    std::string all;
    for (const Told& each : breakers) all += (all.empty() ? "" : ",") + json_of(each);
    screen.circuits.apply(
        {type,
         R"({"at": "2026-03-01T12:00:00.000Z", "health": "degraded", "circuit_breakers": [)" + all + "]}"},
        now);
    screen.settle(now);
  }
  void answer(unsigned status, const std::string& body) {
    screen.receive({status, boost::json::parse(body), {}}, now);
  }

  Wish press(Key key) { return screen.press({key}, now); }
  Wish press(const std::string& letters) {
    Wish wish;
    for (const char letter : letters) wish = screen.press({Key::text, std::string{letter}}, now);
    return wish;
  }

  [[nodiscard]] std::string drawn() const { return draw(screen, now).text(); }
  [[nodiscard]] bool shows(const std::string& text) const { return drawn().find(text) != std::string::npos; }
  [[nodiscard]] std::string line_with(const std::string& text) const {
    const std::string all = drawn();
    const std::size_t found = all.find(text);
    if (found == std::string::npos) return {};
    const std::size_t begin = all.rfind('\n', found) + 1;
    return all.substr(begin, all.find('\n', found) - begin);
  }

  TimePoint now{std::chrono::hours{1}};
  Screen screen;
};

}  // namespace switchgear::top
