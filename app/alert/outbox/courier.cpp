#include "app/alert/outbox/courier.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::alert {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration longest_wait = minutes{10};  // also for a receiver that asks for more

[[nodiscard]] bool is_refresh(const Message& message) noexcept { return message.telling == Telling::refresh; }

[[nodiscard]] CircuitBreakerOptions breaker_options() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  options.open_duration = seconds{10};
  options.backoff = 2;
  options.max_open_duration = minutes{2};
  options.jitter = 0.2;
  options.half_open.permitted_calls = 1;
  options.half_open.max_wait = minutes{10};  // longer than the longest timeout of an attempt
  return options;
}

[[nodiscard]] RetryOptions retry_options() {
  RetryOptions options;
  options.max_attempts = 1'000'000;
  options.base = seconds{1};
  options.max_delay = minutes{1};
  options.jitter = Jitter::full;
  options.honor_retry_after.max = longest_wait;
  return options;
}

}  // namespace

Courier::Courier(const std::string& channel, const CourierOptions& options, std::uint64_t seed)
    : options_(options),
      breaker_(channel, breaker_options(), {.seed = seed}),
      retry_(channel, retry_options(), seed) {}

std::deque<Message>::iterator Courier::first_waiting() noexcept {
  return queue_.begin() + (under_way_ ? 1 : 0);
}

std::optional<Message> Courier::add(Message message) {
  if (is_refresh(message)) {
    // The messages of one refresh are made at the same moment.
    const auto outdated = std::remove_if(first_waiting(), queue_.end(), [&](const Message& one) {
      return is_refresh(one) && one.made != message.made;
    });
    queue_.erase(outdated, queue_.end());
  }
  queue_.push_back(std::move(message));
  if (queue_.size() <= std::max<std::size_t>(options_.queue, 1)) return std::nullopt;
  const auto refresh = std::find_if(first_waiting(), queue_.end(), is_refresh);
  if (refresh != queue_.end()) {
    queue_.erase(refresh);
    return std::nullopt;
  }
  const auto oldest = first_waiting();
  Message dropped = std::move(*oldest);
  queue_.erase(oldest);
  return dropped;
}

const Message* Courier::next(TimePoint now) {
  if (under_way_ || queue_.empty() || now < not_before_) return nullptr;
  auto permit = breaker_.try_acquire(now);
  if (!permit) {
    not_before_ = saturating_add(now, permit.rejection().retry_after.value_or(seconds{1}));
    return nullptr;
  }
  under_way_.emplace(std::move(*permit));
  not_before_ = saturating_add(now, options_.spacing);
  return &queue_.front();
}

std::optional<TimePoint> Courier::due() const noexcept {
  if (under_way_ || queue_.empty()) return std::nullopt;
  return not_before_;
}

std::optional<Message> Courier::ended(const Delivery& delivery, TimePoint now) {
  if (!under_way_) return std::nullopt;
  Outcome outcome = Outcome::success(saturating_sub(now, under_way_->start()));
  if (delivery.end == Delivery::End::failed) outcome.verdict = Verdict::failure;
  if (delivery.end == Delivery::End::busy) outcome.repeat = Repeat::worthwhile;
  outcome.retry_after = delivery.retry_after;
  std::move(*under_way_).record(outcome, now);  // the breaker ignores one from before its reset in renew()
  under_way_.reset();
  bool again = delivery.again();
  if (std::exchange(replaced_, false)) {
    again = delivery.end != Delivery::End::delivered;
  } else {
    problem_ = delivery.problem;
    if (again) {
      const auto next = retry_.next_attempt(progress_, outcome, now, TimePoint::max());
      // Empty if the receiver asks for more.
      not_before_ = std::max(not_before_, next.value_or(saturating_add(now, longest_wait)));
    } else {
      progress_ = {};
    }
  }
  if (again && !is_refresh(queue_.front())) return std::nullopt;
  Message done = std::move(queue_.front());
  queue_.pop_front();
  return done;
}

std::deque<Message> Courier::take_all() {
  under_way_.reset();
  replaced_ = false;
  return std::exchange(queue_, {});
}

void Courier::renew(const CourierOptions& options, TimePoint now) {
  options_ = options;
  breaker_.command(Command::reset, now);
  progress_ = {};
  problem_.clear();
  not_before_ = now;
  replaced_ = under_way_.has_value();
}

}  // namespace switchgear::alert
