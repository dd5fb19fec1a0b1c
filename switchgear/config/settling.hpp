// When a file that is being changed has come to rest. Sans-I/O: looks and times are arguments.
#pragma once

#include <optional>

#include "switchgear/config/file_stamp.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::config {

/// A writer needs several steps: it truncates, writes, renames. A change is over when the file has looked the
/// same for `quiet`, and no writer is known to have it open; or when it has been changing for 20 × quiet, or
/// 100 × quiet with a writer that has it open: a file that is written to all the time is still read now and
/// then.
class Settling {
 public:
  Settling(const FileStamp& known, Duration quiet) : known_(known), quiet_(quiet) {}

  /// Whether a writer is known to have the file open.
  enum class Writer : bool { unknown, at_work };

  /// The file looks like `seen` at `now`. True: it has changed since the last true, and has come to rest.
  [[nodiscard]] bool look(const FileStamp& seen, TimePoint now, Writer writer = Writer::unknown);

  /// When to look again at the latest; empty: nothing is changing.
  [[nodiscard]] std::optional<TimePoint> due() const noexcept;

 private:
  struct Change {
    FileStamp seen;
    TimePoint began;
    TimePoint last;
    Writer writer = Writer::unknown;
  };

  FileStamp known_;
  const Duration quiet_;
  std::optional<Change> change_;
};

}  // namespace switchgear::config
