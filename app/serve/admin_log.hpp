// The log of `switchgear serve` about operators and their tools.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear::serve {

/// What clients of the admin server did. A command that was done is always logged. Any client can be refused,
/// any can read slowly, and any can fail at TLS, so of each at most `most` are logged in `window`; the rest
/// is counted and logged as a number when the window is over, and at the end. Threads: one at a time.
class AdminLog {
 public:
  static constexpr std::uint64_t most = 100;
  static constexpr Duration window = std::chrono::seconds{10};

  explicit AdminLog(spdlog::logger& log) : log_(log) {}
  AdminLog(const AdminLog&) = delete;
  AdminLog& operator=(const AdminLog&) = delete;
  /// Logs what has not been logged yet.
  ~AdminLog() { report_rest(); }

  /// A request that changes something, carried out or not.
  void command(const LoggedCommand& record, TimePoint now);
  /// Another request that was refused. Without a token it is the usual first one of a browser.
  void refusal(const LoggedRefusal& record, TimePoint now);
  /// A client of the event stream that is disconnected because it reads too slowly.
  void slow_client(std::string_view client, TimePoint now);
  /// A client whose TLS handshake failed.
  void handshake(std::string_view client, std::string_view why, TimePoint now);
  /// To be called every second or so, since no request may come to end the window.
  void look_at_clock(TimePoint now);

 private:
  void begin_window(TimePoint now);  ///< if the last one is over
  void report_rest();

  spdlog::logger& log_;
  TimePoint window_began_{};
  std::uint64_t refusals_ = 0;  ///< in the window
  std::uint64_t slow_ = 0;      ///< in the window
  std::uint64_t failed_ = 0;    ///< handshakes in the window
};

}  // namespace switchgear::serve
