#include "app/history/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

namespace switchgear::history {

namespace {

using namespace std::chrono_literals;

constexpr Duration first_delay = 1s;
constexpr Duration longest_delay = 30s;
constexpr Duration between_messages = 1min;
constexpr Duration reminder = 1h;

}  // namespace

void Recorder::flush(TimePoint now) noexcept {
  if (pending_.empty() || (failing() && now < retry_at_)) return;
  try {
    store_.write([this](SQLite::Database&) { pending_.write_to(store_.tables()); });
    pending_.clear();
    ++written_;
    if (failing()) say_works(now);
    delay_ = Duration::zero();
    problem_.clear();
  } catch (const std::exception& error) {
    ++failures_;
    const std::uint64_t lost = pending_.take_lost();
    lost_ += lost;
    lost_while_failing_ += lost;
    delay_ = failing() ? std::min(2 * delay_, longest_delay) : first_delay;
    retry_at_ = saturating_add(now, delay_);
    problem_ = error.what();
    say_failed(problem_, now);
  }
}

std::optional<TimePoint> Recorder::retry_at() const noexcept {
  return failing() ? std::optional(retry_at_) : std::nullopt;
}

void Recorder::say_failed(std::string_view why, TimePoint now) {
  if (said_at_ && now - *said_at_ < (said_failing_ ? reminder : between_messages)) return;
  log_.error("history: {} cannot be written: {}; what is new is kept in memory until it can", store_.name(),
             why);
  said_at_ = now;
  said_failing_ = true;
}

void Recorder::say_works(TimePoint now) {
  const std::uint64_t lost = pending_.take_lost();
  lost_ += lost;
  lost_while_failing_ += lost;
  if (!said_failing_) return;
  log_.info("history: {} can be written again; {} lines were lost", store_.name(), lost_while_failing_);
  said_at_ = now;
  said_failing_ = false;
  lost_while_failing_ = 0;
}

}  // namespace switchgear::history
