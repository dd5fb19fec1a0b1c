#include "app/shop/sqlite_store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <type_traits>
#include <utility>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using SQLite::Statement;

constexpr int busy_milliseconds = 2000;
constexpr std::size_t longest_path = 500;  // with a few bytes for the name of a journal

std::int64_t milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

std::int64_t now() { return milliseconds(std::chrono::system_clock::now().time_since_epoch()); }

template <class... Values>
Statement bound(SQLite::Database& database, const char* sql, const Values&... values) {
  Statement statement{database, sql};
  int index = 0;
  (statement.bind(++index, values), ...);
  return statement;
}

std::int64_t number(SQLite::Database& database, const char* sql) {
  Statement select{database, sql};
  select.executeStep();
  return select.getColumn(0).getInt64();
}

constexpr const char* tables[] = {
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, orders INTEGER DEFAULT "
    "0)",
    "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, key TEXT UNIQUE, user_id INTEGER, sku TEXT, "
    "count INTEGER, state TEXT, attempt INTEGER DEFAULT 1, opened INTEGER)",
    "CREATE TABLE IF NOT EXISTS work (id INTEGER PRIMARY KEY, order_id INTEGER, attempt INTEGER, kind TEXT, "
    "tries INTEGER DEFAULT 0, due INTEGER, done INTEGER, UNIQUE (order_id, attempt, kind))",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
    "INSERT OR IGNORE INTO users (id, name, email) SELECT i, 'Customer ' || i, "
    "'customer' || i || '@shop.example' FROM n",
};

}  // namespace

SqliteStore::SqliteStore(const std::string& file) try
    : database_(std::make_unique<SQLite::Database>(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                                   busy_milliseconds)) {
} catch (const SQLite::Exception& failed) {
  // SQLite does not say so.
  const char* const why =
      file.size() > longest_path ? "the path is too long: SQLite takes about 500 bytes" : failed.what();
  throw StoreUnavailable(file + ": " + why, std::nullopt, true);
}

SqliteStore::~SqliteStore() = default;

template <class F>
auto SqliteStore::in_transaction(F job) {
  try {
    SQLite::Transaction transaction{*database_};
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      job();
      transaction.commit();
    } else {
      auto result = job();
      transaction.commit();
      return result;
    }
  } catch (const SQLite::Exception& failed) {
    throw StoreUnavailable(failed.what(), std::nullopt, true);
  }
}

void SqliteStore::add_work(Order order, const std::vector<std::string>& kinds) {
  for (const std::string& kind : kinds) {
    bound(*database_, "INSERT INTO work (order_id, attempt, kind, due) VALUES (?, ?, ?, ?)", order.id,
          order.attempt, kind, now())
        .exec();
  }
}

asio::awaitable<void> SqliteStore::prepare() {
  try {
    for (const char* const each : tables) database_->exec(each);
  } catch (const SQLite::Exception& failed) {
    throw StoreUnavailable(failed.what(), std::nullopt, true);
  }
  co_return;
}

asio::awaitable<Opened> SqliteStore::open(const Wish& wish) {
  co_return in_transaction([&]() -> Opened {
    Statement known = bound(
        *database_, "SELECT id, attempt, state, user_id, sku, count FROM orders WHERE key = ?", wish.key);
    if (!known.executeStep()) {
      Statement user = bound(*database_, "SELECT 1 FROM users WHERE id = ?", wish.user);
      if (!user.executeStep()) return {Opened::How::no_user, {}};
      bound(*database_,
            "INSERT INTO orders (key, user_id, sku, count, state, opened) VALUES (?, ?, ?, ?, 'open', ?)",
            wish.key, wish.user, wish.sku, wish.count, now())
          .exec();
      return {Opened::How::mine, {database_->getLastInsertRowid(), 1}};
    }
    Order order{known.getColumn(0).getInt64(), known.getColumn(1).getInt64()};
    const std::string state = known.getColumn(2).getString();
    const bool same = known.getColumn(3).getInt64() == wish.user &&
                      known.getColumn(4).getString() == wish.sku &&
                      known.getColumn(5).getInt64() == wish.count;
    if (!same) return {Opened::How::different, order};
    if (state == "confirmed") return {Opened::How::confirmed, order};
    if (state == "open") return {Opened::How::under_way, order};
    ++order.attempt;
    bound(*database_, "UPDATE orders SET state = 'open', attempt = ?, opened = ? WHERE id = ?", order.attempt,
          now(), order.id)
        .exec();
    return {Opened::How::mine, order};
  });
}

asio::awaitable<bool> SqliteStore::confirm(Order order) {
  co_return in_transaction([&] {
    const bool won =
        bound(*database_,
              "UPDATE orders SET state = 'confirmed' WHERE id = ? AND attempt = ? AND state = 'open'",
              order.id, order.attempt)
            .exec() > 0;
    if (won) add_work(order, {"account", "mail"});
    return won;
  });
}

asio::awaitable<void> SqliteStore::cancel(Order order, Undo undo) {
  in_transaction([&] {
    const bool gone =
        bound(*database_,
              "UPDATE orders SET state = 'cancelled' WHERE id = ? AND attempt = ? AND state = 'open'",
              order.id, order.attempt)
            .exec() > 0;
    if (gone) add_work(order, to_undo(undo));
  });
  co_return;
}

asio::awaitable<std::int64_t> SqliteStore::cancel_abandoned(Duration longer_than) {
  co_return in_transaction([&]() -> std::int64_t {
    std::vector<Order> all;
    Statement select = bound(*database_, "SELECT id, attempt FROM orders WHERE state = 'open' AND opened < ?",
                             now() - milliseconds(longer_than));
    while (select.executeStep())
      all.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getInt64()});
    for (const Order order : all) {
      bound(*database_, "UPDATE orders SET state = 'cancelled' WHERE id = ?", order.id).exec();
      add_work(order, to_undo(Undo::reservation_and_charge));
    }
    return static_cast<std::int64_t>(all.size());
  });
}

asio::awaitable<std::vector<Work>> SqliteStore::take_work(std::size_t most, Duration lease) {
  co_return in_transaction([&] {
    std::vector<Work> all;
    Statement select = bound(
        *database_,
        "SELECT w.id, w.kind, w.order_id, w.attempt, w.tries + 1, o.sku, o.count, u.id, u.name, u.email "
        "FROM work w JOIN orders o ON o.id = w.order_id JOIN users u ON u.id = o.user_id "
        "WHERE w.done IS NULL AND w.due <= ? ORDER BY w.due LIMIT ?",
        now(), static_cast<std::int64_t>(most));
    while (select.executeStep()) {
      Work work;
      work.id = select.getColumn(0).getInt64();
      work.kind = work_kind(select.getColumn(1).getString());
      work.order = {select.getColumn(2).getInt64(), select.getColumn(3).getInt64()};
      work.tries = select.getColumn(4).getInt64();
      work.sku = select.getColumn(5).getString();
      work.count = select.getColumn(6).getInt64();
      work.user = {select.getColumn(7).getInt64(), select.getColumn(8).getString(),
                   select.getColumn(9).getString(), 0};
      all.push_back(std::move(work));
    }
    for (const Work& work : all) {
      bound(*database_, "UPDATE work SET tries = ?, due = ? WHERE id = ?", work.tries,
            now() + milliseconds(lease), work.id)
          .exec();
    }
    return all;
  });
}

asio::awaitable<void> SqliteStore::finish(const Work& work) {
  in_transaction([&] {
    const bool did =
        bound(*database_, "UPDATE work SET done = ? WHERE id = ? AND done IS NULL", now(), work.id).exec() >
        0;
    if (did && work.kind == Work::Kind::account)
      bound(*database_, "UPDATE users SET orders = orders + 1 WHERE id = ?", work.user.id).exec();
  });
  co_return;
}

asio::awaitable<void> SqliteStore::postpone(const Work& work, Duration until) {
  in_transaction([&] {
    bound(*database_, "UPDATE work SET due = ? WHERE id = ?", now() + milliseconds(until), work.id).exec();
  });
  co_return;
}

asio::awaitable<std::optional<User>> SqliteStore::user(std::int64_t id) {
  co_return in_transaction([&]() -> std::optional<User> {
    Statement select = bound(*database_, "SELECT name, email, orders FROM users WHERE id = ?", id);
    if (!select.executeStep()) return std::nullopt;
    return User{id, select.getColumn(0).getString(), select.getColumn(1).getString(),
                select.getColumn(2).getInt64()};
  });
}

asio::awaitable<Audit> SqliteStore::audit() {
  co_return in_transaction([&] {
    Audit audit;
    audit.open = number(*database_, "SELECT count(*) FROM orders WHERE state = 'open'");
    audit.confirmed = number(*database_, "SELECT count(*) FROM orders WHERE state = 'confirmed'");
    audit.cancelled = number(*database_, "SELECT count(*) FROM orders WHERE state = 'cancelled'");
    audit.waiting = number(*database_, "SELECT count(*) FROM work WHERE done IS NULL");
    audit.booked = number(*database_, "SELECT coalesce(sum(orders), 0) FROM users");
    audit.mails = number(*database_, "SELECT count(*) FROM work WHERE kind = 'mail' AND done IS NOT NULL");
    audit.unfollowed = number(
        *database_,
        "SELECT count(*) FROM orders o WHERE state = 'confirmed' AND 2 <> (SELECT count(*) FROM work w "
        "WHERE w.order_id = o.id AND kind IN ('account', 'mail'))");
    return audit;
  });
}

}  // namespace switchgear::shop
