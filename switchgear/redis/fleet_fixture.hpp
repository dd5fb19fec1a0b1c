// Several members of one fleet in one process, and the dependency they all call.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "switchgear/redis/fleet.hpp"
#include "switchgear/redis/redis_server_fixture.hpp"

namespace switchgear::redis {

using namespace std::chrono_literals;

inline constexpr Reason admitted = Reason::cancelled;  ///< for reason(): no refusal

/// Opens at half of ten calls, for 300 ms; two probes.
inline CircuitBreakerOptions test_breaker() {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{10};
  options.minimum_calls = 4;
  options.failure_rate = 0.5;
  options.open_duration = 300ms;
  options.max_open_duration = 1s;
  options.half_open.permitted_calls = 2;
  return options;
}

inline FleetOptions test_fleet(const Address& address) {
  FleetOptions options;
  options.redis.address = address;
  options.redis.retry_max = 100ms;
  options.name_space = "shop";
  options.fresh = 1s;
  options.interval = 100ms;
  options.probe = 2s;
  return options;
}

class TestFleet;

/// What stands for a process: a registry with one breaker, and the member.
struct TestMember {
  TestMember(TestFleet& all, const FleetOptions& options);

  static TimePoint now() { return std::chrono::steady_clock::now(); }
  [[nodiscard]] Reason reason() {
    const auto result = breaker->try_acquire(now());
    return result ? admitted : result.rejection().reason;  // dropped: ignored
  }
  /// Calls the dependency, as far as the breaker lets it.
  void call(int times);
  void fail() {
    if (auto permit = breaker->try_acquire(now())) std::move(*permit).record(Verdict::failure, now());
  }
  void fail_until_open() {
    while (breaker->state() == State::closed) fail();
  }
  [[nodiscard]] FleetCircuitStatus seen() const {
    const FleetStatus status = fleet->status(FleetDetail::voters);
    return status.circuits.empty() ? FleetCircuitStatus{} : status.circuits.front();
  }

  TestFleet& all;
  BreakerRegistry registry;
  std::shared_ptr<CircuitBreaker> breaker;
  std::unique_ptr<Fleet> fleet;
};

class TestFleet {
 public:
  TestFleet(const Address& address, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      members_.push_back(std::make_unique<TestMember>(*this, test_fleet(address)));
    if (!soon([&] { return all([](TestMember& member) { return member.seen().fresh; }); }))
      throw std::runtime_error("the members do not find Redis");
  }
  TestFleet(const RedisServer& server, std::size_t size) : TestFleet(server.address(), size) {}

  TestMember& operator[](std::size_t i) { return *members_[i]; }
  auto begin() { return members_.begin(); }
  auto end() { return members_.end(); }
  template <class Holds>
  bool all(Holds holds) {
    for (const auto& member : members_) {
      if (!holds(*member)) return false;
    }
    return true;
  }
  bool all_closed() {
    return all([](TestMember& member) { return member.breaker->state() == State::closed; });
  }

  std::atomic<bool> dependency_works = true;
  std::atomic<int> reached = 0;  ///< calls that came to the dependency

 private:
  std::vector<std::unique_ptr<TestMember>> members_;
};

inline TestMember::TestMember(TestFleet& fleet_of_all, const FleetOptions& options)
    : all(fleet_of_all), registry({now(), std::chrono::system_clock::now()}, 1) {
  breaker = registry.get_or_create("payment", test_breaker(), now());
  fleet = std::make_unique<Fleet>(registry, options);
}

inline void TestMember::call(int times) {
  for (int i = 0; i < times; ++i) {
    auto permit = breaker->try_acquire(now());
    if (!permit) continue;
    ++all.reached;
    std::move(*permit).record(all.dependency_works ? Verdict::success : Verdict::failure, now());
  }
}

}  // namespace switchgear::redis
