// One line of another program's access log, read for what a trace needs: when a call began, how long it took,
// how it ended. Knows the formats; never here: files, or what becomes of the calls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::lab {

/// `nginx`: the combined format, with a time behind it (below); also Apache's. `haproxy`: option httplog,
/// without or with syslog's prefix. `json`: an object a line. `switchgear`: the gateway's own log, text or
/// JSON.
enum class LogFormat : std::uint8_t { nginx, haproxy, json, switchgear };
inline constexpr std::array<std::string_view, 4> log_format_names{"nginx", "haproxy", "json", "switchgear"};

/// A call that a log tells of.
struct LoggedCall {
  WallAnchor::Wall began{};
  Duration latency{};
  bool to_the_second = false;  ///< the log knows only in which second the call ended
  bool timed = false;          ///< the line says how long it took; else `latency` is 0
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::http_error;  ///< of a failure
  std::string service{};                       ///< HAProxy's backend, or the field `service`; may be empty
};

/// The line is about no call to a service: the proxy answered by itself.
struct NoCall {};

/// Why a line cannot be read.
struct LogProblem {
  std::string message;
};

/// What a line says; `line` without its end.
///
/// A status of 500 to 599 is a failure: 504 a timeout, 502 a connection that failed, others of type
/// `http_error`. A client that left before the answer (nginx's 499, HAProxy's C…) is ignored. HAProxy's
/// termination states come first.
[[nodiscard]] std::variant<LoggedCall, NoCall, LogProblem> read_log_line(LogFormat format,
                                                                         std::string_view line);

}  // namespace switchgear::lab
