#include "app/shop/postgres_store.hpp"

#include <chrono>
#include <utility>

// g++ 12 destroys temporaries twice around co_await, so every statement has a name.
namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using postgres::Batch;
using postgres::Rows;
using postgres::Statement;
using namespace std::chrono_literals;

constexpr std::size_t most_connections = 8;

postgres::ClientOptions client_options() {
  postgres::ClientOptions options;
  options.pool.max = most_connections;
  options.timeout = 5s;
  return options;
}

std::int64_t milliseconds(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

constexpr const char* tables[] = {
    // Two processes that start at once wait for each other here.
    "SELECT pg_advisory_xact_lock(1397575236)",
    "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, "
    "orders bigint NOT NULL DEFAULT 0)",
    "CREATE TABLE IF NOT EXISTS orders (id bigserial PRIMARY KEY, key text NOT NULL UNIQUE, "
    "user_id bigint NOT NULL REFERENCES users, sku text NOT NULL, count bigint NOT NULL CHECK (count > 0), "
    "state text NOT NULL CHECK (state IN ('open', 'confirmed', 'cancelled')), "
    "attempt bigint NOT NULL DEFAULT 1, opened timestamptz NOT NULL DEFAULT now())",
    "CREATE INDEX IF NOT EXISTS orders_open ON orders (opened) WHERE state = 'open'",
    "CREATE TABLE IF NOT EXISTS work (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, "
    "attempt bigint NOT NULL, kind text NOT NULL, tries bigint NOT NULL DEFAULT 0, "
    "due timestamptz NOT NULL DEFAULT now(), done timestamptz, UNIQUE (order_id, attempt, kind))",
    "CREATE INDEX IF NOT EXISTS work_due ON work (due) WHERE done IS NULL",
    "INSERT INTO users (id, name, email) SELECT n, 'Customer ' || n, 'customer' || n || '@shop.example' "
    "FROM generate_series(1, 100) AS n ON CONFLICT DO NOTHING",
};

}  // namespace

PostgresStore::PostgresStore(const asio::any_io_executor& executor, const std::string& connection,
                             const config::ConfiguredPolicies<Rows>& policies)
    : client_(executor, connection, policies.racing_pipeline(), client_options()) {}

asio::awaitable<Rows> PostgresStore::fetch(Statement statement) {
  try {
    co_return co_await client_.fetch(std::move(statement));
  } catch (const postgres::DatabaseUnavailable& gone) {
    throw StoreUnavailable(gone.what(), gone.retry_after(), true);
  } catch (const postgres::Error& error) {
    // Constraint errors are answers; the caller of fetch() looks at them.
    if (!error.sqlstate().empty() && !error.may_have_run() && error.sqlstate().starts_with("23")) throw;
    throw StoreUnavailable(error.what(), std::nullopt, !error.may_have_run());
  } catch (const Rejected& refused) {
    throw StoreUnavailable(refused.what(), refused.retry_after(), refused.reason() != Reason::timed_out);
  }
}

asio::awaitable<void> PostgresStore::prepare() {
  Batch all;
  for (const char* const each : tables) all.add(Statement{each});
  try {
    co_await client_.run(std::move(all));
  } catch (const postgres::Error& error) {
    throw StoreUnavailable(error.what(), std::nullopt, false);
  } catch (const Rejected& refused) {
    throw StoreUnavailable(refused.what(), refused.retry_after(), false);
  }
}

asio::awaitable<Opened> PostgresStore::open(const Wish& wish) {
  Statement insert{
      "INSERT INTO orders AS o (key, user_id, sku, count, state) VALUES ($1, $2, $3, $4, 'open') "
      "ON CONFLICT (key) DO UPDATE SET state = 'open', attempt = o.attempt + 1, opened = now() "
      "WHERE o.state = 'cancelled' AND o.user_id = excluded.user_id AND o.sku = excluded.sku "
      "AND o.count = excluded.count RETURNING id, attempt",
      wish.key, wish.user, wish.sku, wish.count};
  bool unknown_user = false;
  try {
    const Rows rows = co_await fetch(std::move(insert));
    if (!rows.empty()) {
      const auto [id, attempt] = rows.front().as<std::int64_t, std::int64_t>();
      co_return Opened{Opened::How::mine, {id, attempt}};
    }
  } catch (const postgres::Error& error) {
    if (error.sqlstate() != "23503") throw;
    unknown_user = true;
  }
  if (unknown_user) co_return Opened{Opened::How::no_user, {}};
  co_return co_await standing(wish);
}

asio::awaitable<Opened> PostgresStore::standing(const Wish& wish) {
  Statement select{
      "SELECT id, attempt, state, user_id = $2 AND sku = $3 AND count = $4 FROM orders WHERE key = $1",
      wish.key, wish.user, wish.sku, wish.count};
  select.read().key("");
  const Rows rows = co_await fetch(std::move(select));
  Opened opened{Opened::How::under_way, {}};
  if (rows.empty()) co_return opened;
  const auto [id, attempt, state, same] = rows.front().as<std::int64_t, std::int64_t, std::string, bool>();
  opened.order = {id, attempt};
  if (!same) opened.how = Opened::How::different;
  if (same && state == "confirmed") opened.how = Opened::How::confirmed;
  co_return opened;
}

asio::awaitable<bool> PostgresStore::confirm(Order order) {
  Statement update{
      "WITH won AS (UPDATE orders SET state = 'confirmed' WHERE id = $1 AND attempt = $2 AND state = 'open' "
      "RETURNING id, attempt) INSERT INTO work (order_id, attempt, kind) "
      "SELECT id, attempt, unnest(ARRAY['account', 'mail']) FROM won",
      order.id, order.attempt};
  const Rows rows = co_await fetch(std::move(update));
  co_return rows.affected() > 0;
}

asio::awaitable<void> PostgresStore::cancel(Order order, Undo undo) {
  Statement update{
      "WITH gone AS (UPDATE orders SET state = 'cancelled' WHERE id = $1 AND attempt = $2 AND state = 'open' "
      "RETURNING id, attempt) INSERT INTO work (order_id, attempt, kind) "
      "SELECT id, attempt, unnest($3::text[]) FROM gone",
      order.id, order.attempt, to_undo(undo)};
  update.repeatable(Repeatable::yes);
  co_await fetch(std::move(update));
}

asio::awaitable<std::int64_t> PostgresStore::cancel_abandoned(Duration longer_than) {
  Statement update{
      "WITH gone AS (UPDATE orders SET state = 'cancelled' WHERE state = 'open' "
      "AND opened < now() - $1::bigint * interval '1 millisecond' RETURNING id, attempt) "
      "INSERT INTO work (order_id, attempt, kind) "
      "SELECT id, attempt, unnest(ARRAY['release', 'refund']) FROM gone",
      milliseconds(longer_than)};
  update.repeatable(Repeatable::yes);
  const Rows rows = co_await fetch(std::move(update));
  co_return static_cast<std::int64_t>(rows.affected() / 2);
}

asio::awaitable<std::vector<Work>> PostgresStore::take_work(std::size_t most, Duration lease) {
  Statement update{
      "WITH mine AS (SELECT id FROM work WHERE done IS NULL AND due <= now() ORDER BY due LIMIT $1 "
      "FOR UPDATE SKIP LOCKED), taken AS (UPDATE work SET tries = tries + 1, "
      "due = now() + $2::bigint * interval '1 millisecond' WHERE id IN (SELECT id FROM mine) "
      "RETURNING id, kind, order_id, attempt, tries) "
      "SELECT t.id, t.kind, t.order_id, t.attempt, t.tries, o.sku, o.count, u.id, u.name, u.email "
      "FROM taken t JOIN orders o ON o.id = t.order_id JOIN users u ON u.id = o.user_id ORDER BY t.id",
      most, milliseconds(lease)};
  const Rows rows = co_await fetch(std::move(update));
  std::vector<Work> all;
  for (const postgres::Row row : rows) {
    Work work;
    work.id = row[0].as<std::int64_t>();
    work.kind = work_kind(row[1].text());
    work.order = {row[2].as<std::int64_t>(), row[3].as<std::int64_t>()};
    work.tries = row[4].as<std::int64_t>();
    work.sku = row[5].as<std::string>();
    work.count = row[6].as<std::int64_t>();
    work.user = {row[7].as<std::int64_t>(), row[8].as<std::string>(), row[9].as<std::string>(), 0};
    all.push_back(std::move(work));
  }
  co_return all;
}

asio::awaitable<void> PostgresStore::finish(const Work& work) {
  Statement update{
      "WITH did AS (UPDATE work SET done = now() WHERE id = $1 AND done IS NULL RETURNING order_id, kind) "
      "UPDATE users SET orders = users.orders + 1 FROM did JOIN orders ON orders.id = did.order_id "
      "WHERE did.kind = 'account' AND users.id = orders.user_id",
      work.id};
  update.repeatable(Repeatable::yes);
  co_await fetch(std::move(update));  // the second time it finds nothing to do
}

asio::awaitable<void> PostgresStore::postpone(const Work& work, Duration until) {
  Statement update{"UPDATE work SET due = now() + $2::bigint * interval '1 millisecond' WHERE id = $1",
                   work.id, milliseconds(until)};
  update.repeatable(Repeatable::yes);
  co_await fetch(std::move(update));
}

asio::awaitable<std::optional<User>> PostgresStore::user(std::int64_t id) {
  Statement select{"SELECT id, name, email, orders FROM users WHERE id = $1", id};
  select.read().key("");
  const Rows rows = co_await fetch(std::move(select));
  std::optional<User> found;
  if (!rows.empty()) {
    const auto [key, name, email, orders] =
        rows.front().as<std::int64_t, std::string, std::string, std::int64_t>();
    found = User{key, name, email, orders};
  }
  co_return found;
}

asio::awaitable<Audit> PostgresStore::audit() {
  Statement select{
      "SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'confirmed'), "
      "count(*) FILTER (WHERE state = 'cancelled'), (SELECT count(*) FROM work WHERE done IS NULL), "
      "(SELECT coalesce(sum(orders), 0)::bigint FROM users), "
      "(SELECT count(*) FROM work WHERE kind = 'mail' AND done IS NOT NULL), "
      "count(*) FILTER (WHERE state = 'confirmed' AND (SELECT array_agg(kind ORDER BY kind) FROM work "
      "WHERE order_id = orders.id AND kind IN ('account', 'mail')) IS DISTINCT FROM "
      "ARRAY['account', 'mail']) FROM orders"};
  select.read().key("");
  const Rows rows = co_await fetch(std::move(select));
  const postgres::Row row = rows.front();
  Audit audit;
  audit.open = row[0].as<std::int64_t>();
  audit.confirmed = row[1].as<std::int64_t>();
  audit.cancelled = row[2].as<std::int64_t>();
  audit.waiting = row[3].as<std::int64_t>();
  audit.booked = row[4].as<std::int64_t>();
  audit.mails = row[5].as<std::int64_t>();
  audit.unfollowed = row[6].as<std::int64_t>();
  co_return audit;
}

}  // namespace switchgear::shop
