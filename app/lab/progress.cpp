#include "app/lab/progress.hpp"

#include <unistd.h>

#include <utility>

#include "app/lab/counted.hpp"

namespace switchgear::lab {

Progress::Progress(std::ostream& out, bool shown, std::string what, std::uint64_t total)
    : out_(out), shown_(shown), what_(std::move(what)), total_(total) {}

void Progress::look(std::uint64_t done) {
  if (!shown_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds{200};
  written_ = true;
  out_ << "\r\033[K" << what_ << ": " << counted(done);
  if (total_ > 0) out_ << " of " << counted(total_) << " (" << done * 100 / total_ << "%)";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begun_).count();
  out_ << ", " << seconds << "s" << std::flush;
}

void Progress::begin(std::string what, std::uint64_t total) {
  what_ = std::move(what);
  total_ = total;
}

void Progress::clear() {
  if (std::exchange(written_, false)) out_ << "\r\033[K" << std::flush;
}

bool error_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace switchgear::lab
