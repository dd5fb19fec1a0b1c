// The stand-in for PostgreSQL where that is not installed: the same books in a file of SQLite.
#pragma once

#include <memory>
#include <string>

#include "app/shop/store.hpp"

namespace SQLite {
class Database;
}

namespace switchgear::shop {

/// For one process. Each call blocks for the time of a statement on a local file, so no policies are around
/// it.
class SqliteStore final : public Store {
 public:
  /// Throws StoreUnavailable when the file cannot be opened.
  explicit SqliteStore(const std::string& file);
  ~SqliteStore() override;

  boost::asio::awaitable<void> prepare() override;
  boost::asio::awaitable<Opened> open(const Wish& wish) override;
  boost::asio::awaitable<bool> confirm(Order order) override;
  boost::asio::awaitable<void> cancel(Order order, Undo undo) override;
  boost::asio::awaitable<std::int64_t> cancel_abandoned(Duration longer_than) override;
  boost::asio::awaitable<std::vector<Work>> take_work(std::size_t most, Duration lease) override;
  boost::asio::awaitable<void> finish(const Work& work) override;
  boost::asio::awaitable<void> postpone(const Work& work, Duration until) override;
  boost::asio::awaitable<std::optional<User>> user(std::int64_t id) override;
  boost::asio::awaitable<Audit> audit() override;

 private:
  template <class F>
  auto in_transaction(F job);
  void add_work(Order order, const std::vector<std::string>& kinds);

  std::unique_ptr<SQLite::Database> database_;
};

}  // namespace switchgear::shop
