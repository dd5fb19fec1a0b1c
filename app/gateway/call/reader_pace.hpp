// How fast a client takes its answer, or sends its request: what that explains of the service's doing, and
// whether others may be made to wait for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// Whether a client has let its answer stand for a while, so that the service may have given it up: the
/// connection to it takes no more once what lies between is full (nginx: send_timeout). The gateway finds
/// that out when it has taken what was under way until then. Threads: one.
class ReaderPauses {
 public:
  void moved(std::size_t size, bool blocked, TimePoint now) noexcept {
    taken_since_ += size;
    if (blocked_since_ && size != 0) end(now);
    if (blocked && !blocked_since_) blocked_since_ = now;
  }
  /// It has not taken what is there for it.
  [[nodiscard]] bool blocked() const noexcept { return blocked_since_.has_value(); }
  [[nodiscard]] bool may_explain_end(TimePoint now) const noexcept {
    return (blocked_since_ && now - *blocked_since_ >= long_pause) ||
           (had_one_ && taken_since_ <= most_under_way);
  }

 private:
  // As long as for uploads (call_turns.cpp).
  static constexpr Duration long_pause = std::chrono::seconds{1};
  // Twice what Linux gives the two ends of a connection by default (tcp_wmem, tcp_rmem).
  static constexpr std::uint64_t most_under_way = std::uint64_t{20} << 20U;

  void end(TimePoint now) noexcept {
    if (now - *blocked_since_ >= long_pause) {
      had_one_ = true;
      taken_since_ = 0;
    }
    blocked_since_.reset();
  }

  std::optional<TimePoint> blocked_since_;
  std::uint64_t taken_since_ = 0;  ///< the latest long pause
  bool had_one_ = false;
};

/// How far a client is behind the least rate, as one that uploads: each second puts it a second behind, what
/// it takes brings it forward, and never ahead. Looked at now and then, and only while it is in the way of
/// others: so it has all of its time from then on. Threads: one.
class ReaderPace {
 public:
  void stop() noexcept { looked_at_.reset(); }
  /// `taken`: of the answer so far. `rate`: bytes a second; 0: every byte brings it forward as far as can be.
  [[nodiscard]] bool is_behind(Duration patience, std::uint64_t taken, std::uint64_t rate,
                               TimePoint now) noexcept {
    if (!looked_at_) behind_ = {};
    if (looked_at_) {
      behind_ += now - *looked_at_;
      if (taken > taken_) behind_ = std::max(Duration::zero(), behind_ - worth(taken - taken_, rate));
    }
    looked_at_ = now;
    taken_ = taken;
    return behind_ >= patience;
  }

 private:
  [[nodiscard]] static Duration worth(std::uint64_t bytes, std::uint64_t rate) noexcept {
    if (rate == 0) return Duration::max();
    return from_seconds(static_cast<double>(bytes) / static_cast<double>(rate));
  }

  std::optional<TimePoint> looked_at_;
  Duration behind_{};
  std::uint64_t taken_ = 0;
};

/// Bytes a second over the last five to ten seconds of waiting for a client. Threads: one.
class RecentPace {
 public:
  static constexpr Duration span = std::chrono::seconds{5};

  void stop() noexcept { newer_.reset(); }
  /// `waited`: for the client, in all. `moved`: by it, in all. Empty until there were five seconds.
  [[nodiscard]] std::optional<double> rate(Duration waited, std::uint64_t moved) noexcept {
    if (!newer_) newer_ = older_ = {waited, moved};
    const Duration time = waited - older_.waited;
    const auto bytes = static_cast<double>(moved - std::min(moved, older_.moved));
    if (waited - newer_->waited >= span) {
      older_ = *newer_;
      newer_ = {waited, moved};
    }
    if (time < span) return std::nullopt;
    return bytes / to_seconds(time);
  }

 private:
  struct Mark {
    Duration waited{};
    std::uint64_t moved = 0;
  };
  Mark older_;
  std::optional<Mark> newer_;
};

}  // namespace switchgear::gateway
