#include "app/alert/rules/circuit_past.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

constexpr Moment noon = std::chrono::sys_days{std::chrono::March / 1 / 2026} + 12h;

CircuitPast closed_at_noon() {
  CircuitPast past;
  past.saw(State::closed, {}, noon);
  return past;
}

TEST(CircuitPast, TakesTheStateOfTheFirstSnapshotAtOnce) {
  CircuitPast past;
  past.saw(State::open, {}, noon);
  EXPECT_EQ(past.state(), State::open);
  EXPECT_EQ(past.opened_at(), noon);
}

TEST(CircuitPast, KeepsTheEvidenceOfAChangeThatASnapshotShowedFirst) {
  CircuitPast past = closed_at_noon();
  past.saw(State::open, {}, noon + 1s);
  EXPECT_EQ(past.state(), State::closed) << "the event is on its way";
  past.changed({"payment", State::open, noon + 999ms, "failure_rate (0.6, threshold 0.5)"});
  EXPECT_EQ(past.opened_by(), "failure_rate (0.6, threshold 0.5)");
  past.saw(State::open, {}, noon + 2s);
  EXPECT_EQ(past.opened_at(), noon + 999ms);
}

TEST(CircuitPast, TakesOverAStateThatNoChangeAnnounces) {
  CircuitPast past = closed_at_noon();
  past.saw(State::open, {}, noon + 1s);
  past.saw(State::open, {}, noon + 1s + 499ms);
  EXPECT_EQ(past.state(), State::closed);
  past.saw(State::open, {}, noon + 1s + 500ms);
  EXPECT_EQ(past.state(), State::open);
  EXPECT_EQ(past.opened_by(), "");
  EXPECT_EQ(past.changes_within(1h, noon + 2s), 0U);
}

TEST(CircuitPast, DoesNotCountWhatAnOperatorChanged) {
  CircuitPast past = closed_at_noon();
  past.keep(1h);
  past.changed({"payment", State::forced_open, noon + 1s, "an operator", true});
  EXPECT_EQ(past.state(), State::forced_open);
  past.changed({"payment", State::closed, noon + 2s, "an operator", true});
  past.changed({"payment", State::open, noon + 3s, "failure_rate (0.6, threshold 0.5)"});
  EXPECT_EQ(past.changes_within(1h, noon + 4s), 1U);
}

}  // namespace
}  // namespace switchgear::alert
