// One circuit of one member, with manual time and views made by hand.
#pragma once

#include <gtest/gtest.h>

#include "switchgear/policy/breaker_fixture.hpp"
#include "switchgear/redis/fleet_circuit.hpp"

namespace switchgear::redis {

/// Opens at half of ten calls, for 10 s; closes after two good probes.
inline CircuitBreakerOptions one_members_options() {
  CircuitBreakerOptions options;
  options.window = CountWindowOptions{10};
  options.minimum_calls = 4;
  options.failure_rate = 0.5;
  options.open_duration = 10s;
  options.half_open.permitted_calls = 2;
  return options;
}

class OneMember : public ::testing::Test {
 protected:
  OneMember() {
    bench.time.advance(1s);
    look();
  }

  void look() { circuit.look(bench.breaker, bench.time.now()); }
  void see(const FleetView& view) {
    circuit.on_view(view, bench.time.now(), bench.time.now());
    look();
  }
  static FleetView view(std::uint64_t epoch, bool open, Duration left = 0s, std::string incarnation = "i") {
    FleetView made;
    made.incarnation = std::move(incarnation);
    made.epoch = epoch;
    made.open = open;
    made.open_left = left;
    return made;
  }
  Reason reason() {
    const auto result = bench.acquire();
    return result ? Reason::cancelled : result.rejection().reason;  // cancelled: admitted
  }
  static constexpr Reason admitted = Reason::cancelled;

  FleetOptions options;
  FleetCircuit circuit{options, 7};
  Bench bench{one_members_options()};
};

}  // namespace switchgear::redis
