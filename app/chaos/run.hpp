// One run of a scenario: services played, a gateway started or a target found, calls made, breakers watched.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/chaos/observations.hpp"
#include "app/chaos/scenario.hpp"
#include "app/control/admin_server.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::stage {
class StopSignal;
}

namespace switchgear::chaos {

/// The input is wrong in a way that shows only once the target or its policy file has been looked at.
struct WrongInput : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a run tells as it goes.
struct Listener {
  std::function<void(const std::string& url)> begins;
  std::function<void(Duration at, const std::string& what)> happens;
  std::function<void(Duration now)> passes;  ///< often
};

struct Run {
  bool whole = false;  ///< not stopped before its end
  Observations seen;
};

/// `admin`: token and certificates of a target's admin server; its URL is the scenario's. Throws WrongInput;
/// Unreachable if the target does not answer, and stage::Broken if the gateway of the run does not start.
/// Whatever it ends with, each process it started has ended.
[[nodiscard]] Run run(Scenario scenario, control::AdminServer admin, stage::StopSignal& stop,
                      const Listener& listener);

}  // namespace switchgear::chaos
