#include "switchgear/observe/call_recorder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint zero{1h};

CallEvent ended(Duration at, Duration latency, Verdict verdict = Verdict::success) {
  return {"payment", verdict, FailureType::timeout, latency, false, zero + at};
}

std::string trace_of(const CallRecorder& recorder) {
  std::ostringstream out;
  write_trace(out, recorder.calls(), zero);
  return out.str();
}

TEST(CallRecorder, WritesTheCallsInTheOrderInWhichTheyBegan) {
  CallRecorder recorder({.from = zero});
  recorder.on_call(ended(2s, 1ms));
  recorder.on_call(ended(3s, 2500ms, Verdict::failure));
  recorder.on_call(ended(4s, 1ns, Verdict::ignored));
  EXPECT_EQ(trace_of(recorder),
            "{\"at\":0.500000000,\"latency\":2.500000000,\"verdict\":\"failure\",\"type\":\"timeout\"}\n"
            "{\"at\":1.999000000,\"latency\":0.001000000,\"verdict\":\"success\"}\n"
            "{\"at\":3.999999999,\"latency\":0.000000001,\"verdict\":\"ignored\"}\n");
}

TEST(CallRecorder, MarksRefusedCalls) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 1;
  BreakerRegistry registry{{zero, {}}, 0};
  auto breaker = registry.get_or_create("payment", options, zero);
  auto recorder = std::make_shared<CallRecorder>(RecorderOptions{.from = zero});
  registry.subscribe("payment", recorder, Interest::calls | Interest::rejections);
  std::move(*breaker->try_acquire(zero)).record(Verdict::failure, zero + 1s, FailureType::http_error);
  EXPECT_FALSE(breaker->try_acquire(zero + 2s));
  registry.unsubscribe("payment", recorder);
  EXPECT_FALSE(breaker->try_acquire(zero + 3s));
  EXPECT_EQ(trace_of(*recorder),
            "{\"at\":0.000000000,\"latency\":1.000000000,\"verdict\":\"failure\",\"type\":\"http_error\"}\n"
            "{\"at\":2.000000000,\"verdict\":\"refused\"}\n");
  EXPECT_EQ(recorder->counts().refused, 1U);
}

TEST(CallRecorder, TellsCallsOfOneValueFromThoseOfAnotherAndNotWhoTheyAre) {
  const auto trace = [](std::uint64_t key) {
    CallRecorder recorder({.from = zero, .value_key = key});
    recorder.on_rejection({"payment", State::open, zero + 1s, {}});
    const auto call = [&](std::uint64_t value, Duration at, bool refused = false) {
      recorder.on_value_call(
          {value, Verdict::success, FailureType::exception, Duration::zero(), zero + at, refused});
    };
    call(7, 2s);
    call(9, 3s, true);
    call(7, 4s);
    recorder.on_value_call({std::nullopt, Verdict::success, FailureType::exception, 1s, zero + 6s, false});
    return trace_of(recorder);
  };
  const std::string text = trace(1);
  std::vector<std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find("\"value\":\"");
    values.push_back(at == std::string::npos ? "" : line.substr(at + 9, 16));
  }
  ASSERT_EQ(values.size(), 5U) << text;
  EXPECT_EQ(values[0], "");
  EXPECT_EQ(values[1], values[3]);
  EXPECT_NE(values[1], values[2]);
  EXPECT_EQ(values[1].find_first_not_of("0123456789abcdef"), std::string::npos) << values[1];
  EXPECT_EQ(values[4], "");
  EXPECT_NE(text.find(values[2] + "\",\"verdict\":\"refused\"}"), std::string::npos) << text;
  EXPECT_EQ(trace(1), text);
  EXPECT_EQ(trace(2).find(values[1]), std::string::npos) << "two recordings cannot be joined by their values";
}

TEST(CallRecorder, LeavesOutWhatBeganBeforeOrEndsLater) {
  CallRecorder recorder({.from = zero + 1s, .until = zero + 5s});
  recorder.on_call(ended(2s, 1500ms));
  recorder.on_call(ended(6s, 1s));
  recorder.on_rejection({"payment", State::open, zero + 6s, {}});
  recorder.on_call(ended(5s, 1s));
  EXPECT_EQ(recorder.counts().calls, 1U);
}

TEST(CallRecorder, IsBoundedAndCountsWhatItLeavesOut) {
  CallRecorder recorder({.from = zero, .most_calls = 10});
  for (int i = 0; i < 25; ++i) recorder.on_call(ended(1s, 1ms));
  EXPECT_EQ(recorder.counts().calls, 10U);
  EXPECT_EQ(recorder.counts().left_out, 15U);
  EXPECT_EQ(recorder.calls().size(), 10U);
}

TEST(CallRecorder, KeepsAShare) {
  CallRecorder recorder({.from = zero, .sample = 0.25, .seed = 3});
  for (int i = 0; i < 10'000; ++i) recorder.on_call(ended(1s, 1ms));
  EXPECT_NEAR(static_cast<double>(recorder.counts().calls), 2'500, 200);
  EXPECT_EQ(recorder.counts().left_out, 0U);
}

TEST(CallRecorder, LosesNothingBetweenThreads) {
  CallRecorder recorder({.from = zero});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) recorder.on_call(ended(1s + i * 1us, 1us));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(recorder.counts().calls, 40'000U);
  const auto calls = recorder.calls();
  for (std::size_t i = 1; i < calls.size(); ++i) ASSERT_LE(calls[i - 1].at, calls[i].at);
}

}  // namespace
}  // namespace switchgear
