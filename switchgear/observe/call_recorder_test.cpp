#include "switchgear/observe/call_recorder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/policy/breaker_group.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
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

/// A service's breaker, that of a route's policy inside it, and those of values inside that.
class RecordedPath : public testing::Test {
 protected:
  RecordedPath() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 2;
    for (const char* name : {"payment", "payment/careful"})
      breakers_.push_back(registry_.get_or_create(name, options, zero));
    values_.emplace("payment/tenant", options);
  }

  void record_with(const RecorderOptions& options) {
    recorder_ = std::make_shared<CallRecorder>(options);
    registry_.subscribe("payment", recorder_, Interest::calls | Interest::rejections);
    registry_.subscribe("payment/careful", route_sink(recorder_, "careful"),
                        Interest::calls | Interest::rejections);
  }

  /// By a route with the policy `careful`; a dropped permit has no outcome.
  void call(Duration at, std::optional<Verdict> verdict) {
    auto permits = BreakerGroup{breakers_[0].get(), breakers_[1].get()}.try_acquire(zero + at);
    if (permits && verdict) std::move(*permits).record(*verdict, zero + at + 100ms, FailureType::http_error);
  }
  /// By another route.
  void call_without(Duration at, Verdict verdict) {
    if (auto permit = breakers_[0]->try_acquire(zero + at))
      std::move(*permit).record(verdict, zero + at + 100ms, FailureType::http_error);
  }

  BreakerRegistry registry_{{zero, {}}, 0};
  std::vector<std::shared_ptr<CircuitBreaker>> breakers_;
  std::optional<BreakersByValue> values_;
  std::shared_ptr<CallRecorder> recorder_;
};

TEST_F(RecordedPath, HasEachCallOnceWithThePolicyOfItsRoute) {
  record_with({.from = zero});
  call(1s, Verdict::failure);
  call_without(2s, Verdict::success);
  call(3s, Verdict::failure);
  call(4s, Verdict::success);  // refused by the route's breaker
  call_without(5s, Verdict::success);
  breakers_[1]->command(Command::reset, zero + 6s);
  call(6s, std::nullopt);
  breakers_[0]->command(Command::force_open, zero + 7s);
  call(7s, Verdict::success);
  const std::string careful = ",\"route_policy\":\"careful\"";
  const std::string ended = ",\"latency\":0.100000000,\"verdict\":";
  EXPECT_EQ(trace_of(*recorder_),
            "{\"at\":1.000000000" + careful + ended + "\"failure\",\"type\":\"http_error\"}\n" +
                "{\"at\":2.000000000" + ended + "\"success\"}\n" + "{\"at\":3.000000000" + careful + ended +
                "\"failure\",\"type\":\"http_error\"}\n" + "{\"at\":4.000000000" + careful +
                ",\"verdict\":\"refused\"}\n" + "{\"at\":5.000000000" + ended + "\"success\"}\n" +
                "{\"at\":6.000000000" + careful + ",\"latency\":0.000000000,\"verdict\":\"ignored\"}\n" +
                "{\"at\":7.000000000,\"verdict\":\"refused\"}\n")
      << "which route a call took that the service's breaker refuses is unknown";
  EXPECT_EQ(recorder_->counts().calls, 7U);
  EXPECT_EQ(recorder_->counts().refused, 2U);
}

TEST_F(RecordedPath, HasTheValueToo) {
  record_with({.from = zero, .value_key = 1});
  registry_.subscribe("payment", recorder_, Interest::rejections);
  values_->tell_calls(recorder_);
  const auto call_of = [&](Duration at, bool by_route) {
    const TimePoint now = zero + at;
    auto outer = breakers_[0]->try_acquire(now);
    std::optional<CircuitBreaker::Permit> middle;
    if (by_route) middle.emplace(*breakers_[1]->try_acquire(now));
    auto inner = values_->try_acquire("acme", now);
    if (!inner) return;  // the outer permits are dropped
    std::move(*inner).record(Verdict::failure, now + 100ms);
    if (middle) std::move(*middle).record(Verdict::failure, now + 100ms);
    std::move(*outer).record(Verdict::failure, now + 100ms);
  };
  call_of(1s, true);
  call_of(2s, false);
  call_of(3s, true);  // refused by the value's breaker
  const std::vector<CallRecord> calls = recorder_->calls();
  ASSERT_EQ(calls.size(), 3U) << trace_of(*recorder_);
  for (const CallRecord& each : calls) EXPECT_EQ(each.value, calls[0].value);
  EXPECT_TRUE(calls[0].value);
  EXPECT_EQ(calls[0].route_policy, "careful");
  EXPECT_EQ(calls[1].route_policy, "");
  EXPECT_EQ(calls[2].route_policy, "careful");
  EXPECT_TRUE(calls[2].refused);
}

TEST_F(RecordedPath, KeepsAShareOfTheCallsWhole) {
  record_with({.from = zero, .sample = 0.5, .seed = 3});
  for (int i = 0; i < 1'000; ++i) {
    call(std::chrono::seconds(i), Verdict::success);
    call_without(std::chrono::seconds(i) + 500ms, Verdict::success);
  }
  std::size_t by_route = 0;
  const std::vector<CallRecord> calls = recorder_->calls();
  for (const CallRecord& each : calls) by_route += each.route_policy.empty() ? 0 : 1;
  EXPECT_NEAR(static_cast<double>(calls.size()), 1'000, 100);
  EXPECT_NEAR(static_cast<double>(by_route), 500, 75);
  EXPECT_EQ(recorder_->counts().left_out, 0U);
}

TEST_F(RecordedPath, TellsCallsOfManyThreadsApart) {
  record_with({.from = zero});
  constexpr int threads = 4, each = 500;
  std::vector<std::thread> callers;
  for (int i = 0; i < threads; ++i) {
    callers.emplace_back([this] {
      for (int call_number = 0; call_number < each; ++call_number) {
        call(1s, Verdict::success);  // all at the same time
        call_without(1s, Verdict::success);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::size_t by_route = 0;
  const std::vector<CallRecord> calls = recorder_->calls();
  for (const CallRecord& record : calls) by_route += record.route_policy.empty() ? 0 : 1;
  EXPECT_EQ(calls.size(), 2U * threads * each);
  EXPECT_EQ(by_route, std::size_t{threads} * each);
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
