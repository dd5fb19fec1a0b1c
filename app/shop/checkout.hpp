// Making an order: reserve, ask for advice, charge, confirm; and undoing what was done if a later step fails.
//
//   open (row) ──▶ reserve ──▶ advice? ──▶ charge ──▶ confirm (row, and rows of work: account, mail)
//      │              │        (against)     │           │
//      │              ▼           ▼          ▼           ▼ unknown: the row stays open until it is known,
//      └─▶ 503     cancel (row, and rows of work: release, refund) ─▶ 503, or 409               or abandoned
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "app/shop/adviser.hpp"
#include "app/shop/policies.hpp"
#include "app/shop/store.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::shop {

/// How an order ended for its caller.
struct Decision {
  enum class Kind : std::uint8_t {
    made,         ///< confirmed by this request
    known,        ///< confirmed before, under the same key
    under_way,    ///< another request makes it
    different,    ///< the key was used for something else
    no_user,      ///< there is no such user
    refused,      ///< a service said no, as for goods that are sold out; or the agent advised against it
    unavailable,  ///< a dependency is away; nothing was sold, and trying again may help
  };
  Kind kind = Kind::unavailable;
  std::int64_t order = 0;
  std::string why{};                      ///< for people
  std::optional<Duration> retry_after{};  ///< of `unavailable`
};

/// What happened to orders, since the start.
struct CheckoutCounts {
  std::uint64_t confirmed = 0;
  std::uint64_t repeated = 0;  ///< answered again, under the same key
  std::uint64_t refused = 0;
  std::uint64_t unavailable = 0;
};

/// Threads: those of its executor, one at a time. Borrows the store, the adviser, and the policies behind its
/// clients.
class Checkout {
 public:
  /// Throws http::Error for a URL that cannot be called. `order_time`: for all steps of an order together.
  Checkout(const boost::asio::any_io_executor& executor, Store& store, const Policies& policies,
           Adviser& adviser, const std::string& inventory_url, const std::string& payment_url,
           Duration order_time);

  [[nodiscard]] boost::asio::awaitable<Decision> order(Wish wish);
  [[nodiscard]] const CheckoutCounts& counts() const noexcept { return counts_; }

 private:
  /// Why a step did not happen.
  struct Failure {
    Decision decision;
    bool certain = false;  ///< it has certainly not happened
  };

  [[nodiscard]] std::optional<Decision> refused_at_the_door() const;
  [[nodiscard]] boost::asio::awaitable<Decision> decide(const Wish& wish);
  [[nodiscard]] boost::asio::awaitable<Decision> make(Order order, const Wish& wish);
  [[nodiscard]] boost::asio::awaitable<std::optional<Failure>> ask(http::Client& service,
                                                                   const std::string& target,
                                                                   const Wish& wish, TimePoint deadline);
  [[nodiscard]] boost::asio::awaitable<Decision> cancel(Order order, Undo undo, const Decision& decision);
  [[nodiscard]] boost::asio::awaitable<Decision> confirm(Order order);

  Store& store_;
  const Policies& policies_;
  Adviser& adviser_;
  http::Client inventory_;
  http::Client payment_;
  const Duration order_time_;
  CheckoutCounts counts_;
};

}  // namespace switchgear::shop
