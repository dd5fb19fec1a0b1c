// The events of a stream, out of its bytes as they come.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::control {

struct ServerEvent {
  std::string type;  ///< `message` if the server gives none
  std::string data;  ///< its lines, with LF between them
};

/// Reads `text/event-stream` (HTML Living Standard, 9.2.6), cut into pieces at any place. Comments, `id` and
/// `retry` are passed over. Threads: one.
class ServerEvents {
 public:
  /// An event may have this many bytes: enough for a snapshot of tens of thousands of breakers.
  static constexpr std::size_t most_bytes = std::size_t{256} * 1024 * 1024;

  /// False when an event is larger than `most_bytes`; the stream cannot be read on then.
  [[nodiscard]] bool add(std::string_view bytes);

  /// The next whole event, or empty.
  [[nodiscard]] std::optional<ServerEvent> take();

 private:
  void take_line(std::string_view line);

  std::string line_;  ///< the beginning of one
  bool after_cr_ = false;
  ServerEvent event_;
  bool has_data_ = false;
  std::deque<ServerEvent> whole_;
};

}  // namespace switchgear::control
