// The admin server inside a program without Asio: the server runs on a thread of its own.
//
// Three threads each charge for an order every 50 ms. Open the address that is printed, press "Force open",
// and all of them are refused; press "Reset", and they go on. Ends with its input: Ctrl-D.
#include <atomic>
#include <chrono>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "switchgear/admin/server.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/presets.hpp"
#include "switchgear/registry/ticker.hpp"
#include "switchgear/sync/call.hpp"

using namespace switchgear;

int main() {
  BreakerRegistry registry{{SteadyTime::now(), std::chrono::system_clock::now()}, std::random_device{}()};
  const auto payment = registry.get_or_create("payment", preset("payment"), SteadyTime::now());
  const Ticker ticker{registry, SteadyTime::now};  // an opening ends when it is over, also without a call

  std::atomic<int> charged{0};
  admin::ServerOptions options;
  options.port = 0;  // of the system's choice; without this line 9090
  admin::Program program;
  program.metrics = [&](telemetry::MetricFamilies& to) {
    to.counter("shop_orders_charged_total", "Orders that were charged for.", {}, std::uint64_t(charged));
  };
  admin::Server server{registry, options, program};
  server.start();
  std::cout << "http://127.0.0.1:" << server.port() << "/dashboard\n" << std::flush;

  std::atomic<bool> ended{false};
  std::vector<std::jthread> clerks;
  for (int i = 0; i < 3; ++i) {
    clerks.emplace_back([&] {
      for (; !ended; std::this_thread::sleep_for(std::chrono::milliseconds{50})) {
        if (try_call(*payment, [] {
              return true; /* ask the payment service */
            }))
          ++charged;
      }
    });
  }
  std::cin.ignore();
  ended = true;
}
