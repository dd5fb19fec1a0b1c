// How the line of one request reads.
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "app/gateway/access/access_entry.hpp"
#include "app/gateway/access/text_buffer.hpp"

namespace switchgear::gateway {

/// Formats entries. A field without a value is left out; in the text format, whose first seven columns are
/// those of the common log format, it is `-` there:
///
///     10.0.0.3 - - [26/Nov/2026:10:45:40 +0000] "GET /pay/1 HTTP/1.1" 200 128 host="shop" duration=0.000812
///     …
///     {"time":"2026-11-26T10:45:40.123Z","client":"10.0.0.3","method":"GET","path":"/pay/1",…}
///
/// No text can leave its place: quotes, backslashes and control characters are escaped (escaped.hpp).
/// Threads: one at a time. Allocates while `out` grows, and not after that.
class AccessLine {
 public:
  explicit AccessLine(const AccessOptions& options);

  /// Appends the line, with its line feed. `at`: the time of day at the end; `took`: since the first byte.
  void write(TextBuffer& out, const AccessEntry& entry, const timespec& at, Duration took);

 private:
  void write_json(TextBuffer& out, const AccessEntry& entry, const timespec& at, Duration took) const;
  void write_text(TextBuffer& out, const AccessEntry& entry, Duration took) const;
  void add_json(TextBuffer& out, const AccessEntry& entry, AccessField field, std::string_view key) const;
  void add_word(TextBuffer& out, const AccessEntry& entry, AccessField field, std::string_view key) const;
  void add_quoted(TextBuffer& out, const AccessEntry& entry, AccessField field, std::string_view key) const;
  void add_column(TextBuffer& out, const AccessEntry& entry, AccessField field) const;
  void note_second(std::time_t second);

  AccessOptions::Format format_;
  AccessFields fields_;
  std::vector<std::string> header_keys_;  ///< as they stand before their values
  std::time_t second_ = -1;               ///< of stamp_
  std::string stamp_;                     ///< the second as the format has it
};

}  // namespace switchgear::gateway
