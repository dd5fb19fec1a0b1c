// app/lab: what a policy would have done. A recorded trace is played through a breaker in no time at all.
// Reads files, prints decisions. Never here: sockets, threads, a clock: the trace is the only time there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/health_rows.hpp"

namespace switchgear::lab {

/// How a recorded call ended.
struct TraceResult {
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;
  std::optional<Duration> latency;  ///< of a record without one: the time since its acquire
  std::optional<Duration> retry_after;
};

/// Which call a line is about, and whose it is.
struct CallSubject {
  std::optional<std::string> id;  ///< always set for acquire, record and abandon
  /// Of a call, an acquire or a command: the value of the header that it was made for.
  std::optional<std::string> value;
  /// Of the same: the policy of the route that it came by, if that is not the service's own.
  std::optional<std::string> route_policy;
};

/// One line of a trace.
struct TraceEntry : CallSubject {
  enum class Kind : std::uint8_t {
    call,  ///< a whole call: an acquire now and, if admitted, its record `latency` later
    acquire,
    record,
    abandon,
    command,
    check,  ///< an active health check has its answer
  };

  std::size_t line = 0;  ///< counts from 1
  TimePoint at{};
  Kind kind = Kind::call;
  TraceResult result;  ///< of a call or a record
  /// Of a call: how much time its caller left for it.
  std::optional<Duration> deadline;
  bool refused = false;  ///< of a call: when the trace was recorded; how it would have ended is unknown
  Command command = Command::reset;
  CheckAnswer answer = CheckAnswer::good;
  HealthRows rows;  ///< how many answers in a row count
};

}  // namespace switchgear::lab
