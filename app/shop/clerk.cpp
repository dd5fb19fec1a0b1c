#include "app/shop/clerk.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <exception>
#include <utility>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t most_at_once = 100;
constexpr auto pause = 100ms;
// How long a row is kept from other processes, and from this one after it was killed.
constexpr Duration lease = 5s;
constexpr Duration longest_wait = 5s;

/// A dependency could not do it now.
struct NotNow : std::runtime_error {
  NotNow(const std::string& why, std::optional<Duration> again)
      : std::runtime_error(why), retry_after(again) {}
  std::optional<Duration> retry_after;
};

Duration wait_after(const Work& work, const std::optional<Duration>& asked) {
  const auto doubled = Duration(200ms) * (1 << std::min<std::int64_t>(work.tries, 5));
  return std::clamp<Duration>(asked.value_or(doubled), 50ms, longest_wait);
}

Mail mail_of(const Work& work) {
  const std::string number = std::to_string(work.order.id);
  return {work.user.email, "Your order " + number, "Thank you for order " + number + ".\n",
          "order-" + number + "@shop.example"};
}

}  // namespace

Clerk::Clerk(const asio::any_io_executor& executor, Store& store, const Policies& policies,
             UserDirectory& users, Mailer& mailer, const Urls& urls, Duration abandoned_after)
    : executor_(executor),
      store_(store),
      users_(users),
      mailer_(mailer),
      inventory_(executor, urls.inventory, policies.inventory().racing_pipeline()),
      payment_(executor, urls.payment, policies.payment().racing_pipeline()),
      accounts_(executor, urls.accounts, policies.accounts().racing_pipeline()),
      abandoned_after_(abandoned_after),
      timer_(executor) {}

void Clerk::start() { asio::co_spawn(executor_, run(), asio::detached); }

asio::awaitable<void> Clerk::run() {
  for (;;) {
    bool busy = false;
    try {
      busy = co_await round();
    } catch (const StoreUnavailable&) {  // NOLINT(bugprone-empty-catch)
      // The next round asks again; the breaker of the database spares it.
    } catch (const std::exception& error) {
      std::fprintf(stderr, "shop: %s\n", error.what());
    }
    boost::system::error_code ignored;
    timer_.expires_after(busy ? 0ms : pause);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

/// True: there may be more.
asio::awaitable<bool> Clerk::round() {
  using namespace asio::experimental::awaitable_operators;
  counts_.abandoned += static_cast<std::uint64_t>(co_await store_.cancel_abandoned(abandoned_after_));
  std::vector<Work> all = co_await store_.take_work(most_at_once, lease);
  const bool more = all.size() == most_at_once;
  std::array<std::vector<Work>, 4> by_kind;
  for (Work& work : all) by_kind[static_cast<std::size_t>(work.kind)].push_back(std::move(work));
  co_await (work_through(std::move(by_kind[0])) && work_through(std::move(by_kind[1])) &&
            work_through(std::move(by_kind[2])) && work_through(std::move(by_kind[3])));
  co_return more;
}

asio::awaitable<void> Clerk::work_through(std::vector<Work> all) {
  const auto until = std::chrono::steady_clock::now() + lease / 2;
  for (const Work& work : all) {
    if (std::chrono::steady_clock::now() > until) co_return;  // the rest is taken again after its lease
    co_await handle(work);
  }
}

asio::awaitable<void> Clerk::handle(const Work& work) {
  Duration wait{};
  try {
    co_await attempt(work);
  } catch (const NotNow& away) {
    wait = wait_after(work, away.retry_after);
  } catch (const Rejected& refused) {
    wait = wait_after(work, refused.retry_after());
  } catch (const StoreUnavailable&) {
    throw;
  } catch (const std::exception&) {
    wait = wait_after(work, std::nullopt);
  }
  if (wait > Duration::zero()) {
    ++counts_.postponed;
    co_await store_.postpone(work, wait);
    co_return;
  }
  co_await store_.finish(work);
  ++counts_.done;
  if (work.kind == Work::Kind::account) co_await users_.forget(work.user.id);
}

asio::awaitable<void> Clerk::attempt(const Work& work) {
  switch (work.kind) {
    case Work::Kind::account: {
      const std::string target =
          "/accounts/" + std::to_string(work.user.id) + "/orders/" + std::to_string(work.order.id);
      co_await ask(accounts_, "PUT", target);
      co_return;
    }
    case Work::Kind::mail: {
      Mail mail = mail_of(work);
      co_await mailer_.send(std::move(mail));
      co_return;
    }
    case Work::Kind::release: {
      const std::string target = "/reservations/" + work.order.name();
      co_await ask(inventory_, "DELETE", target);
      co_return;
    }
    case Work::Kind::refund: {
      const std::string target = "/charges/" + work.order.name();
      co_await ask(payment_, "DELETE", target);
      co_return;
    }
  }
}

/// A 404 to a DELETE says that there is nothing to undo.
asio::awaitable<void> Clerk::ask(http::Client& service, const char* method, const std::string& target) {
  http::Request request{target};
  request.timeout(lease / 2);
  const http::Response answer = co_await service.request(method, std::move(request));
  if (answer.status >= 500 || answer.status == 429)
    throw NotNow("answered with status " + std::to_string(answer.status), answer.retry_after());
}

}  // namespace switchgear::shop
