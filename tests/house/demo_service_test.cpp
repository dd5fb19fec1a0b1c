// Each fault of a demo service, as its clients see it: a real process, real sockets.
#include <gtest/gtest.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>

#include "tests/house/program.hpp"
#include "tests/house/raw_client.hpp"

namespace switchgear::house {
namespace {

using namespace std::chrono_literals;
using End = RawClient::End;

class DemoService : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(program_.read_until("\n", 60s)) << program_.output();
    port_ = number_after("port=");
    control_ = number_after("control=");
    ASSERT_NE(port_, 0) << program_.output();
    ASSERT_NE(control_, 0) << program_.output();
  }

  void set_fault(const std::string& body) const {
    const auto answer = ask(control_, post("/_fault", body));
    ASSERT_EQ(answer.end, End::answered);
    ASSERT_EQ(answer.text.substr(9, 3), "200") << answer.text;
  }

  [[nodiscard]] std::string stats() const { return ask(control_, get("/_stats")).text; }
  /// Polls until so many calls have arrived; each poll is a turn of the service's loop.
  [[nodiscard]] bool eventually_counts(int calls) const {
    const std::string counted = "\"calls\":" + std::to_string(calls);
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < end) {
      if (stats().find(counted) != std::string::npos) return true;
    }
    return false;
  }

  [[nodiscard]] std::uint16_t number_after(const std::string& key) const {
    const std::string& text = program_.output();
    std::uint16_t number = 0;
    if (const auto at = text.find(key); at != std::string::npos) {
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number);
    }
    return number;
  }

  Program program_{{SWITCHGEAR_BINARY, "demo-service", "--name", "payment", "--port", "0"}};
  std::uint16_t port_ = 0;
  std::uint16_t control_ = 0;
};

TEST_F(DemoService, AnswersAndCountsWhatArrives) {
  const auto answer = ask(port_, get("/pay"));
  EXPECT_EQ(answer.end, End::answered);
  EXPECT_EQ(answer.text.substr(9, 3), "200");
  EXPECT_NE(answer.text.find(R"("service":"payment")"), std::string::npos);
  EXPECT_NE(stats().find(R"("calls":1)"), std::string::npos);
}

TEST_F(DemoService, ErrorsAreAnswersWithStatus500ThatComeLate) {
  set_fault(R"({"mode": "errors", "delay_ms": 120})");
  const auto answer = ask(port_, get("/pay"));
  EXPECT_EQ(answer.text.substr(9, 3), "500");
  EXPECT_GE(answer.after, 115ms);
}

TEST_F(DemoService, LatencyIsAGoodAnswerThatComesLate) {
  set_fault(R"({"mode": "latency", "delay_ms": 120})");
  const auto answer = ask(port_, get("/pay"));
  EXPECT_EQ(answer.text.substr(9, 3), "200");
  EXPECT_GE(answer.after, 115ms);
}

TEST_F(DemoService, HangTakesTheRequestAndNeverAnswers) {
  set_fault(R"({"mode": "hang"})");
  const RawClient client{port_};
  client.send(get("/pay"));
  EXPECT_TRUE(eventually_counts(1));
  set_fault(R"({"mode": "none"})");
  const auto answer = client.receive(60s);
  EXPECT_EQ(answer.end, End::closed);
  EXPECT_EQ(answer.text, "");
}

TEST_F(DemoService, RefuseClosesItsConnectionsAndRefusesNewOnesUntilHealed) {
  const RawClient kept{port_};
  kept.send(get("/pay"));
  ASSERT_EQ(kept.receive(60s).end, End::answered);
  set_fault(R"({"mode": "refuse"})");
  EXPECT_NE(kept.receive(60s).end, End::silent);
  const RawClient refused{port_};
  EXPECT_FALSE(refused.connected());
  EXPECT_EQ(refused.refusal(), ECONNREFUSED);
  set_fault(R"({"mode": "none"})");
  EXPECT_EQ(ask(port_, get("/pay")).text.substr(9, 3), "200");
}

TEST_F(DemoService, ResetTakesTheRequestAndResetsTheConnection) {
  set_fault(R"({"mode": "reset"})");
  EXPECT_EQ(ask(port_, get("/pay")).end, End::reset);
  EXPECT_NE(stats().find(R"("calls":1)"), std::string::npos);
}

TEST_F(DemoService, RefusesAFaultItDoesNotKnowAndKeepsTheOneItHas) {
  const auto answer = ask(control_, post("/_fault", R"({"mode": "explode"})"));
  EXPECT_EQ(answer.text.substr(9, 3), "400");
  EXPECT_NE(stats().find(R"("mode":"none")"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::house
