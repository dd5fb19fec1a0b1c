// Server-sent events from a stream of bytes (the WHATWG's HTML standard, 9.2). A sans-I/O reader.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace switchgear::a2a {

/// Bytes in, the data of events out. Comments, which keep a stream alive, and events without data are passed
/// over; lines may end in LF, CR LF or CR.
///
///     reader.add(bytes);
///     while (auto data = reader.next()) …
///
/// Never holds more than one event and what was added. Threads: one.
class SseReader {
 public:
  /// `most`: bytes of one event.
  explicit SseReader(std::size_t most) : most_(most) {}

  void add(std::string_view bytes);
  /// The data of the next whole event.
  [[nodiscard]] std::optional<std::string> next();
  /// An event, or a line, is longer than it may be; nothing comes any more.
  [[nodiscard]] bool too_large() const noexcept { return too_large_; }

 private:
  void take_line(std::string_view line);

  std::size_t most_;
  std::string bytes_;   ///< not read yet
  std::size_t at_ = 0;  ///< read of `bytes_`
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;  ///< a LF that comes now belongs to the line before
  bool begun_ = false;     ///< the byte order mark is behind us
  bool too_large_ = false;
};

}  // namespace switchgear::a2a
