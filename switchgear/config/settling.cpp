#include "switchgear/config/settling.hpp"

#include <algorithm>

namespace switchgear::config {

namespace {

constexpr int longest_change = 20;  ///< × quiet
constexpr int longest_write = 100;  ///< × quiet

}  // namespace

bool Settling::look(const FileStamp& seen, TimePoint now, Writer writer) {
  if (!change_) {
    if (seen == known_) return false;
    change_ = Change{seen, now, now};
  } else if (seen != change_->seen) {
    change_->seen = seen;
    change_->last = now;
  }
  change_->writer = writer;
  if (now < *due()) return false;
  const bool changed = seen != known_;  // it may look as before again
  known_ = seen;
  change_.reset();
  return changed;
}

std::optional<TimePoint> Settling::due() const noexcept {
  if (!change_) return std::nullopt;
  if (change_->writer == Writer::at_work) return change_->began + longest_write * quiet_;
  return std::min(change_->last + quiet_, change_->began + longest_change * quiet_);
}

}  // namespace switchgear::config
