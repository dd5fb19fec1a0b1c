#include "app/shop/checkout.hpp"

#include <chrono>
#include <utility>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

Decision unavailable(const std::string& why, std::optional<Duration> again) {
  return {Decision::Kind::unavailable, 0, why, again};
}

/// Given by policies that stand outside the retry, so no attempt was made.
bool is_before_attempts(Reason reason) noexcept {
  return reason == Reason::bulkhead_full || reason == Reason::queue_timeout ||
         reason == Reason::rate_limited || reason == Reason::concurrency_limit || reason == Reason::throttled;
}

}  // namespace

Checkout::Checkout(const asio::any_io_executor& executor, Store& store, const Policies& policies,
                   Adviser& adviser, const std::string& inventory_url, const std::string& payment_url,
                   Duration order_time)
    : store_(store),
      policies_(policies),
      adviser_(adviser),
      inventory_(executor, inventory_url, policies.inventory().racing_pipeline()),
      payment_(executor, payment_url, policies.payment().racing_pipeline()),
      order_time_(order_time) {}

asio::awaitable<Decision> Checkout::order(Wish wish) {
  Decision decision = co_await decide(wish);
  switch (decision.kind) {
    case Decision::Kind::made:
      ++counts_.confirmed;
      break;
    case Decision::Kind::known:
      ++counts_.repeated;
      break;
    case Decision::Kind::unavailable:
      ++counts_.unavailable;
      break;
    default:
      ++counts_.refused;
  }
  co_return decision;
}

/// An order that a critical service would refuse anyway leaves no trace, so that nothing has to be undone.
std::optional<Decision> Checkout::refused_at_the_door() const {
  for (CircuitBreaker* const breaker : {policies_.inventory().breaker(), policies_.payment().breaker()}) {
    if (breaker == nullptr || (breaker->state() != State::open && breaker->state() != State::forced_open))
      continue;
    const auto refused = breaker->try_acquire(Clock::now());  // counts the refusal; a permit is given back
    if (!refused) return unavailable(Rejected(refused.rejection()).what(), refused.rejection().retry_after);
  }
  return std::nullopt;
}

asio::awaitable<Decision> Checkout::decide(const Wish& wish) {
  Opened opened;
  std::optional<Decision> failed = refused_at_the_door();
  if (failed) co_return *failed;
  try {
    opened = co_await store_.open(wish);
  } catch (const StoreUnavailable& gone) {
    failed = unavailable(gone.what(), gone.retry_after);
  }
  if (failed) co_return *failed;
  switch (opened.how) {
    case Opened::How::confirmed:
      co_return Decision{Decision::Kind::known, opened.order.id, {}, {}};
    case Opened::How::under_way:
      co_return Decision{
          Decision::Kind::under_way, opened.order.id, "an order with this key is being made", {}};
    case Opened::How::different:
      co_return Decision{Decision::Kind::different, 0, "this key was used for another order", {}};
    case Opened::How::no_user:
      co_return Decision{Decision::Kind::no_user, 0, "there is no such user", {}};
    case Opened::How::mine:
      break;
  }
  co_return co_await make(opened.order, wish);
}

asio::awaitable<Decision> Checkout::make(Order order, const Wish& wish) {
  const TimePoint deadline = Clock::now() + order_time_;
  const std::string reservation = "/reservations/" + order.name();
  std::optional<Failure> failure = co_await ask(inventory_, reservation, wish, deadline);
  if (failure) {
    const Undo undo = failure->certain ? Undo::nothing : Undo::reservation;
    co_return co_await cancel(order, undo, failure->decision);
  }
  // An agent that hangs leaves payment half of the time.
  const Duration for_advice = (deadline - Clock::now()) / 2;
  if (co_await adviser_.ask(wish, for_advice) == Advice::against) {
    const Decision against{Decision::Kind::refused, 0, "the agent for risks advises against this order", {}};
    co_return co_await cancel(order, Undo::reservation, against);
  }
  const std::string charge = "/charges/" + order.name();
  failure = co_await ask(payment_, charge, wish, deadline);
  if (failure) {
    const Undo undo = failure->certain ? Undo::reservation : Undo::reservation_and_charge;
    co_return co_await cancel(order, undo, failure->decision);
  }
  co_return co_await confirm(order);
}

/// PUT, to a name that only this attempt of the order has: the service can tell a repetition, so a Retry may
/// make it.
asio::awaitable<std::optional<Checkout::Failure>> Checkout::ask(http::Client& service,
                                                                const std::string& target, const Wish& wish,
                                                                TimePoint deadline) {
  http::Request request{target};
  request.json({{"user", wish.user}, {"sku", wish.sku}, {"count", wish.count}});
  request.deadline(deadline);
  Failure failure;
  try {
    const http::Response answer = co_await service.request("PUT", std::move(request));
    if (answer.ok()) co_return std::nullopt;
    if (answer.status < 500 && answer.status != 429) {
      failure.decision = {
          Decision::Kind::refused, 0, "refused with status " + std::to_string(answer.status), {}};
      failure.certain = true;
    } else {
      failure.decision =
          unavailable("answered with status " + std::to_string(answer.status), answer.retry_after());
    }
  } catch (const Rejected& refused) {
    // Breaker, retry and timeout refuse also after an attempt that has reached the service.
    failure.decision = unavailable(refused.what(), refused.retry_after());
    failure.certain = is_before_attempts(refused.reason());
  } catch (const http::Error& error) {
    failure.decision = unavailable(error.what(), std::nullopt);
  }
  co_return failure;
}

asio::awaitable<Decision> Checkout::cancel(Order order, Undo undo, const Decision& decision) {
  try {
    co_await store_.cancel(order, undo);
  } catch (const StoreUnavailable&) {  // NOLINT(bugprone-empty-catch)
    // The row stays open, and is cancelled when it has been open for too long.
  }
  co_return decision;
}

asio::awaitable<Decision> Checkout::confirm(Order order) {
  std::optional<StoreUnavailable> gone;
  bool confirmed = false;
  try {
    confirmed = co_await store_.confirm(order);
  } catch (const StoreUnavailable& failed) {
    gone = failed;
  }
  // Whether it was confirmed may be unknown. Only the row says; the same key asks for it.
  if (gone) co_return unavailable(gone->what(), gone->retry_after);
  if (!confirmed) co_return unavailable("the order took too long, and was cancelled", std::nullopt);
  co_return Decision{Decision::Kind::made, order.id, {}, {}};
}

}  // namespace switchgear::shop
