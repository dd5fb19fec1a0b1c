// One call's story as data: what the policies are, what the dependency does, what must come of it. Every kind
// of caller plays the same stories (drivers), and must come to the same decisions.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::scenarios {

/// What the dependency does with one attempt.
struct Reply {
  unsigned status = 200;  ///< 0: it breaks the connection
  Duration after{};
  unsigned retry_after = 0;  ///< in whole seconds; 0: it says nothing
};

/// One call, and what must come of it.
struct Call {
  /// A status (`200`), with its source when it was no call's (`200 fallback`, `200 cache`); a reason (`open`,
  /// `rate_limited`); or `connection_error`.
  std::string decision;
  unsigned attempts = 1;  ///< that reach the dependency
  Duration pause{};       ///< before the call
  bool repeatable = true;
  std::vector<Call> meanwhile{};  ///< begun while the first attempt of this one is with the dependency
};

struct Scenario {
  std::string name;
  std::string policy;            ///< YAML, the inside of one policy
  std::vector<Reply> replies;    ///< to the attempts in the order of their arrival; the last one repeats
  std::vector<Call> calls;       ///< one after the other
  bool several_at_once = false;  ///< attempts of one call: no story for callers that block
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

/// The result of one call.
struct Seen {
  std::string decision;
  unsigned attempts = 0;

  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& out, const Seen& seen);

/// The expected results of a scenario, in the order in which its calls end: those that ran meanwhile before
/// the one around them.
[[nodiscard]] std::vector<Seen> expected(const Scenario& scenario);

// The callers. Each plays a whole scenario from its beginning, with policies of its own.
[[nodiscard]] std::vector<Seen> play_blocking(const Scenario& scenario);
[[nodiscard]] std::vector<Seen> play_awaited(const Scenario& scenario);
[[nodiscard]] std::vector<Seen> play_callback(const Scenario& scenario);
[[nodiscard]] std::vector<Seen> play_gateway(const Scenario& scenario);

}  // namespace switchgear::scenarios
