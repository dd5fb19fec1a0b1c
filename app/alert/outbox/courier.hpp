// One channel's queue: what is delivered next, and when it is tried again. Never here: I/O, threads, a clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "app/alert/incident/message.hpp"
#include "app/alert/outbox/delivery.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/retry.hpp"

namespace switchgear::alert {

struct CourierOptions {
  std::size_t queue = 1'000;  ///< messages that wait; the oldest makes way for one more
  Duration spacing{};         ///< least time between two attempts: the receiver's own limit
};

/// Delivers the messages of one channel one after the other, in their order, so that an incident is not
/// resolved before it fires. A message is tried until it is delivered or refused. Waits between attempts are
/// those of a Retry with full jitter, and a circuit breaker keeps a dead channel from being tried too often;
/// both are the library's.
///
///     while (const Message* next = courier.next(now)) …      // deliver it; ended() with what came of it
///     courier.due()                          // when to ask next() again; empty: when there is more
///
/// Threads: one.
class Courier {
 public:
  Courier(const std::string& channel, const CourierOptions& options, std::uint64_t seed);

  /// Returns the message that made way for it, if one had to. A refresh makes way before any other message,
  /// and for every later refresh, and is not returned.
  [[nodiscard]] std::optional<Message> add(Message message);
  /// The message to deliver now; null when none is, or one is under way.
  [[nodiscard]] const Message* next(TimePoint now);
  /// When next() may have one; empty while one is under way, or none waits.
  [[nodiscard]] std::optional<TimePoint> due() const noexcept;
  /// What came of the one under way. Returns it when it is done with: delivered, refused, or a refresh that
  /// failed. If the receiver has been replaced meanwhile, only a delivery counts.
  std::optional<Message> ended(const Delivery& delivery, TimePoint now);

  /// The receiver is another one from now on, or is reached in another way: what was learned of it is
  /// forgotten.
  void renew(const CourierOptions& options, TimePoint now);

  /// All that waits, or is under way. Nothing does afterwards.
  [[nodiscard]] std::deque<Message> take_all();

  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
  [[nodiscard]] State breaker() const noexcept { return breaker_.state(); }
  [[nodiscard]] const std::string& problem() const noexcept {
    return problem_;
  }  ///< of the last attempt; empty: none

 private:
  /// The first message that is not under way.
  [[nodiscard]] std::deque<Message>::iterator first_waiting() noexcept;

  CourierOptions options_;
  CircuitBreaker breaker_;
  Retry retry_;
  std::deque<Message> queue_;  ///< the first one is under way, or the next
  std::optional<CircuitBreaker::Permit> under_way_;
  bool replaced_ = false;  ///< the receiver of the one under way
  TimePoint not_before_{TimePoint::min()};
  Retry::Progress progress_;
  std::string problem_;
};

}  // namespace switchgear::alert
