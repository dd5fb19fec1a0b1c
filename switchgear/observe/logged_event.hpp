// What happened in a program, in records that own their strings, for those who read of it later.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "switchgear/core/event.hpp"

namespace switchgear {

/// A Transition that owns its strings.
struct LoggedTransition {
  std::string breaker;
  State from = State::closed;
  State to = State::closed;
  std::uint64_t generation = 0;
  TimePoint at{};
  WallAnchor::Wall wall{};
  Rule rule = Rule::operator_command;
  double value = 0;
  double threshold = 0;
  WindowSnapshot window{};
  std::optional<LastFailure> last_failure;
};

[[nodiscard]] LoggedTransition logged(const Transition& transition);

enum class CommandResult : std::uint8_t {
  done,
  not_found,     ///< the breaker, or whatever else was named, does not exist
  unauthorized,  ///< no token, or a wrong one
  forbidden,     ///< sent by a page of a foreign origin, or to a foreign host
  invalid,       ///< the request, or the configuration to reload, is not valid
};

[[nodiscard]] constexpr std::string_view to_string(CommandResult result) noexcept {
  constexpr std::array<std::string_view, 5> names{"done", "not_found", "unauthorized", "forbidden",
                                                  "invalid"};
  return names[static_cast<std::size_t>(result)];
}

/// An AdaptedEvent that owns its strings.
struct LoggedAdapted {
  std::string breaker;
  TimePoint at{};
  std::uint32_t consecutive_failures = 0;  ///< 0: it has no such rule
  Duration open_duration{};
  std::uint32_t samples = 0;
  double failure_rate = 0;
  std::optional<Duration> mean_latency;
};

[[nodiscard]] LoggedAdapted logged(const AdaptedEvent& adapted);

/// A RampEvent that owns its strings.
struct LoggedRamp {
  std::string breaker;
  TimePoint at{};
  RampChange change = RampChange::grew;
  double share = 1;
  double safe_share = 1;
  std::uint32_t hold = 0;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
};

[[nodiscard]] LoggedRamp logged(const RampEvent& ramp);

/// A LevelEvent that owns its strings.
struct LoggedLevel {
  std::string breaker;
  State state = State::closed;   ///< in which it is then
  std::uint64_t generation = 0;  ///< of that state
  LevelChange change{};
};

[[nodiscard]] LoggedLevel logged(const LevelEvent& level);

/// A request to the admin server that changes something, carried out or not. The client chose `circuit`: it
/// may hold anything.
struct LoggedCommand {
  std::string command;  ///< `reset`, `force-open` …, `reload`, or a word of the program's
  std::string circuit;  ///< or what else was named; empty for `reload`
  std::string client;   ///< its address
  CommandResult result = CommandResult::done;
};

/// A request to the admin server that was refused, and that changes nothing: to read, or for what is not
/// there.
struct LoggedRefusal {
  enum class Why : std::uint8_t { no_token, wrong_token, foreign };

  std::string request;  ///< `GET /status`, without the query; the client chose it: it may hold anything
  std::string client;   ///< its address
  Why why = Why::no_token;
};

/// A client of the admin server's event stream that was disconnected because it read too slowly.
struct LoggedSlowClient {
  std::string client;  ///< its address
};

/// A client of the admin server whose TLS handshake failed.
struct LoggedHandshake {
  std::string client;  ///< its address
  std::string why;     ///< a clause: `its certificate has expired`
};

/// What happened to one of the addresses that a service has, or to all of them at once.
struct LoggedInstance {
  enum class Weight : std::uint8_t { news, warning };

  std::string service;
  std::string instance;  ///< empty: all of the service
  std::string what;      ///< `ejected`, `returned`, `panic_began` or `panic_ended`
  std::string text;      ///< a sentence with the evidence
  TimePoint at{};
  WallAnchor::Wall wall{};
  Weight weight = Weight::news;
};

/// What a comparison of two policies of a service has come to.
struct LoggedExperiment {
  enum class Weight : std::uint8_t { news, warning };

  std::string service;
  std::string policy;  ///< the candidate
  std::string what;    ///< `better`, `worse`, `harmful`, `invalid`, `stopped` or `restarted`
  std::string text;    ///< a sentence with the evidence
  TimePoint at{};
  Weight weight = Weight::news;
};

using LoggedEvent =
    std::variant<LoggedTransition, LoggedCommand, LoggedSlowClient, LoggedHandshake, LoggedInstance,
                 LoggedAdapted, LoggedRamp, LoggedLevel, LoggedExperiment, LoggedRefusal>;

}  // namespace switchgear
