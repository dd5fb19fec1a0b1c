// Calls from several threads, and sees one breaker, whichever library contains it.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "shop.hpp"

int main() {
  std::atomic<int> asked{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < 100; ++call) asked += shop::ask_for_price() ? 1 : 0;
      });
    }
  }
  const auto seen = shop::breaker().snapshot(std::chrono::steady_clock::now());
  std::printf("asked %d times; failures: %d\n", asked.load(), static_cast<int>(seen.totals.failures));
  return seen.state == switchgear::State::open && static_cast<int>(seen.totals.failures) == asked ? 0 : 1;
}
