// What the tests of this room give a server: breakers in manual time, and their log.
#pragma once

#include "switchgear/admin/server.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::admin {

/// Any port, and the breakers' time.
[[nodiscard]] inline ServerOptions options_of(const ManualBreakers& breakers) {
  ServerOptions options;
  options.port = 0;
  options.clock = [&breakers] { return breakers.now; };
  return options;
}

[[nodiscard]] inline Program program_of(const ManualBreakers& breakers) {
  Program program;
  program.durations = &breakers.durations;
  program.transitions = breakers.log;
  program.events = breakers.events;
  return program;
}

}  // namespace switchgear::admin
