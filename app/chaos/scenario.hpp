// app/chaos: scenarios of faults. A scenario is a file: services that are played, load, what fails when, and
// what must hold. Never here: a call to anything but the target of the scenario, or a fault in a real
// service.
//
// This header: a scenario as plain values. All times count from the first call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::chaos {

/// A value that goes from one to another in a straight line, or stays.
struct Ramp {
  double from = 0;
  double to = 0;

  /// `part`: 0 at the beginning, 1 at the end.
  [[nodiscard]] double at(double part) const noexcept { return from + (to - from) * part; }
  friend bool operator==(const Ramp&, const Ramp&) = default;
};

/// What a service does wrong for a while.
struct Phase {
  Duration at{};
  Duration length{};
  std::string service;
  std::optional<std::size_t> instance{};  ///< from 1; empty: each
  std::string path{};                     ///< only requests whose path begins so; empty: all
  double share = 1;                       ///< of the requests, drawn by chance: the others are not touched
  Duration flapping{};                    ///< on for so long, off for so long; zero: on

  std::optional<Ramp> errors{};  ///< the part that is answered with `status`
  unsigned status = 500;
  std::optional<Ramp> hang{};      ///< the part that is never answered
  std::optional<Ramp> reset{};     ///< the part whose connection is reset
  std::optional<Ramp> latency{};   ///< seconds more, for all that are answered
  std::optional<Ramp> capacity{};  ///< requests at work at once; more get a 503 at once
  bool refuse = false;             ///< does not listen

  /// In force at `now`, with flapping.
  [[nodiscard]] bool active(Duration now) const noexcept;
  /// How much of it is over: 0 … 1.
  [[nodiscard]] double part(Duration now) const noexcept;
  [[nodiscard]] bool concerns(const std::string& of_service, std::size_t of_instance) const {
    return service == of_service && (!instance || *instance == of_instance);
  }
  friend bool operator==(const Phase&, const Phase&) = default;
};

struct PlayedService {
  std::vector<std::uint16_t> ports{0};  ///< one an instance; 0: the system chooses
  Duration latency{};                   ///< of an answer, within a tenth
  double errors = 0;                    ///< the part that fails on ordinary days
  std::size_t capacity = 0;             ///< requests at work at once; 0: any number
  /// An address `127.0.0.1:5432` of a real server before which it is a relay of bytes; empty: it speaks HTTP
  /// and answers itself.
  std::string relay{};
};

struct Load {
  double rate = 0;                 ///< calls a second
  Duration duration{};             ///< of the run
  std::vector<std::string> paths;  ///< one of them a call, by chance
  std::vector<bool> posts;         ///< of each path, whether it is called with POST; else with GET
  std::string body;                ///< of a POST, JSON
  Duration timeout{};              ///< of the caller
};

/// What must hold. What it looks at are calls that begin, and transitions that happen, from `after` to
/// `until`.
struct Expectation {
  enum class Kind : std::uint8_t {
    opens_within,
    closes_within,
    recovers_within,
    never_opens,
    serves_at_least,
    refuses_at_most,
    fails_at_most,
    reaches_at_most,
    p50_below,
    p95_below,
    p99_below,
  };

  Kind kind = Kind::never_opens;
  std::string breaker{};  ///< of the first three, and of never_opens
  std::string service{};  ///< of reaches_at_most
  std::string path{};     ///< only calls whose path begins so; empty: all
  Duration after{};
  std::optional<Duration> until{};  ///< empty: to the end
  Duration limit{};                 ///< of those that are times
  double share = 0;                 ///< of those that are shares; of recovers_within what must be served
  std::uint64_t count = 0;          ///< of reaches_at_most
  std::size_t line = 0;             ///< of the file
};

struct Target {
  std::string url;  ///< empty: a gateway of the run's own
  std::string admin;
};

struct Scenario {
  std::string file;
  std::string name;
  std::uint64_t seed = 1;
  std::string gateway;  ///< the policy file, as the file of the scenario says; empty: a target
  Target target;
  std::map<std::string, PlayedService> services;
  Load load;
  std::vector<Phase> phases;
  std::vector<Expectation> expectations;
};

}  // namespace switchgear::chaos
