// What is checked, how often, and how many results change the status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/policy/health_rows.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear::health {

/// When checks are made, and what their results mean.
struct WatchOptions {
  /// From the beginning of one check to that of the next. Shorter finds failures sooner and costs the
  /// dependency more.
  Duration interval = std::chrono::seconds{15};
  double jitter = 0.1;                         ///< each interval is spread by ± this ratio; [0, 1)
  Duration timeout = std::chrono::seconds{2};  ///< of one check
  HealthRows rows;                             ///< results in a row that change the status
  /// In place of `interval` after a check before which no call was made since the last one; longer for
  /// dependencies that sleep, shorter for those that must be ready when the first call comes. Empty: the
  /// same.
  std::optional<Duration> no_traffic_interval{};

  friend bool operator==(const WatchOptions&, const WatchOptions&) = default;
};

/// Everything that is wrong with the options; empty when a Watch can be built from them.
[[nodiscard]] std::vector<OptionProblem> validate(const WatchOptions& options);

/// A value in a JSON answer.
using JsonValue = std::variant<std::nullptr_t, bool, double, std::string>;

/// One value that a JSON answer must have.
struct JsonExpectation {
  std::string pointer;  ///< RFC 6901: `/status`, `/dependencies/0/up`; empty: the whole answer
  JsonValue value;

  friend bool operator==(const JsonExpectation&, const JsonExpectation&) = default;
};

/// A request over HTTP/1.1 on a connection of its own; redirects are not followed.
struct HttpCheck {
  std::string path = "/";  ///< with its query, as it is sent
  std::string method = "GET";
  std::string host{};                                             ///< in the Host header; empty: the address
  bool plain = false;                                             ///< without TLS, although calls have it
  std::vector<std::pair<unsigned, unsigned>> status{{200, 299}};  ///< inclusive ranges that are good
  std::vector<JsonExpectation> json{};                            ///< all of which must hold

  friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};

/// A connection that is made and closed again.
struct TcpCheck {
  friend bool operator==(const TcpCheck&, const TcpCheck&) = default;
};

/// A check of something that listens on a port.
struct CheckOptions {
  std::variant<HttpCheck, TcpCheck> how;
  std::optional<std::uint16_t> port{};  ///< in place of the one that calls go to
  WatchOptions watch;

  friend bool operator==(const CheckOptions&, const CheckOptions&) = default;
};

/// Of an HTTP answer, decoded; a longer one is never what a JSON expectation holds for.
inline constexpr std::size_t longest_answer = std::size_t{64} * 1024;

/// Whether it is a JSON pointer: empty, or `/` and segments in which `~` is followed by 0 or 1.
[[nodiscard]] bool is_json_pointer(std::string_view text) noexcept;

}  // namespace switchgear::health
