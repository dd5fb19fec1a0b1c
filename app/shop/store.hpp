// app/shop: a checkout service on the library: every call that leaves it goes through the policies of one
// file. Never here: a policy's decision, or an order that lives anywhere but in the database.
//
// This header: what is kept about orders. An order is `open` while it is being made, then `confirmed` or
// `cancelled`. What must follow from that (the account's figures, the mail, the undoing of a reservation and
// of a charge) is written in the same statement as a row of work, and is done until it has succeeded.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::shop {

/// What a caller asked for.
struct Wish {
  std::string key;  ///< the Idempotency-Key
  std::int64_t user = 0;
  std::string sku;
  std::int64_t count = 1;
};

/// An order that this process makes. Each attempt has a name of its own at the other services, so that
/// undoing one cannot touch the next.
struct Order {
  std::int64_t id = 0;
  std::int64_t attempt = 1;

  [[nodiscard]] std::string name() const { return std::to_string(id) + "-" + std::to_string(attempt); }
};

struct Opened {
  enum class How : std::uint8_t {
    mine,       ///< it is to be made now
    confirmed,  ///< it was made before, under this key
    under_way,  ///< another request with this key makes it
    different,  ///< the key belongs to an order of something else
    no_user,    ///< the database has no such user
  };
  How how = How::mine;
  Order order{};
};

/// What to undo at the other services when an order is cancelled.
enum class Undo : std::uint8_t { nothing, reservation, reservation_and_charge };

struct User {
  std::int64_t id = 0;
  std::string name;
  std::string email;
  std::int64_t orders = 0;  ///< confirmed, and booked
};

/// Work that follows from an order.
struct Work {
  enum class Kind : std::uint8_t { account, mail, release, refund };

  std::int64_t id = 0;
  Kind kind = Kind::account;
  Order order{};
  std::int64_t tries = 0;  ///< this one included
  User user{};
  std::string sku;
  std::int64_t count = 0;
};

[[nodiscard]] constexpr std::string_view to_string(Work::Kind kind) noexcept {
  switch (kind) {
    case Work::Kind::account:
      return "account";
    case Work::Kind::mail:
      return "mail";
    case Work::Kind::release:
      return "release";
    case Work::Kind::refund:
      return "refund";
  }
  return "";
}
/// Precondition: one of those names.
[[nodiscard]] Work::Kind work_kind(std::string_view name);

/// The kinds of work that undo so much.
[[nodiscard]] std::vector<std::string> to_undo(Undo undo);

/// The books, at one moment.
struct Audit {
  std::int64_t open = 0;
  std::int64_t confirmed = 0;
  std::int64_t cancelled = 0;
  std::int64_t waiting = 0;     ///< work that has not been done
  std::int64_t booked = 0;      ///< orders in the users' figures
  std::int64_t mails = 0;       ///< sent
  std::int64_t unfollowed = 0;  ///< confirmed orders without exactly one account row and one mail row

  /// Nothing is lost or doubled; whether everything is done is another question.
  [[nodiscard]] bool sound() const noexcept { return unfollowed == 0 && booked <= confirmed; }
  /// Nothing is left to do.
  [[nodiscard]] bool settled() const noexcept {
    return sound() && open == 0 && waiting == 0 && booked == confirmed && mails == confirmed;
  }
};

/// The store cannot be asked now; what was asked may have been done, unless `certain`.
struct StoreUnavailable : std::runtime_error {
  StoreUnavailable(const std::string& why, std::optional<Duration> again, bool was_not_done)
      : std::runtime_error(why), retry_after(again), certain(was_not_done) {}
  std::optional<Duration> retry_after;
  bool certain;  ///< nothing was done
};

/// Threads: those of one executor, one at a time. Everything throws StoreUnavailable.
class Store {
 public:
  virtual ~Store() = default;

  /// Makes the tables, and the first users, where there are none.
  [[nodiscard]] virtual boost::asio::awaitable<void> prepare() = 0;

  [[nodiscard]] virtual boost::asio::awaitable<Opened> open(const Wish& wish) = 0;
  /// False: the order is not open any more, because it took too long and was cancelled.
  [[nodiscard]] virtual boost::asio::awaitable<bool> confirm(Order order) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<void> cancel(Order order, Undo undo) = 0;
  /// Cancels orders that have been open for longer: the process that made them has ended.
  [[nodiscard]] virtual boost::asio::awaitable<std::int64_t> cancel_abandoned(Duration longer_than) = 0;

  /// Work that is due. No other process gets it within `lease`.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<Work>> take_work(std::size_t most,
                                                                            Duration lease) = 0;
  /// Of an account row: books the order in the same step.
  [[nodiscard]] virtual boost::asio::awaitable<void> finish(const Work& work) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<void> postpone(const Work& work, Duration until) = 0;

  [[nodiscard]] virtual boost::asio::awaitable<std::optional<User>> user(std::int64_t id) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Audit> audit() = 0;
};

}  // namespace switchgear::shop
