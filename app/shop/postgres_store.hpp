// Orders in PostgreSQL, with the policies of `database` around each statement.
#pragma once

#include <memory>
#include <string>

#include "app/shop/policies.hpp"
#include "app/shop/store.hpp"
#include "switchgear/postgres/client.hpp"

namespace switchgear::shop {

/// Several processes may share one database: each step of an order is one statement that checks the state it
/// starts from.
class PostgresStore final : public Store {
 public:
  /// `policies` outlive it. Throws std::invalid_argument for a connection string that cannot be used.
  PostgresStore(const boost::asio::any_io_executor& executor, const std::string& connection,
                const config::ConfiguredPolicies<postgres::Rows>& policies);

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
  [[nodiscard]] boost::asio::awaitable<postgres::Rows> fetch(postgres::Statement statement);
  [[nodiscard]] boost::asio::awaitable<Opened> standing(const Wish& wish);

  postgres::Client client_;
};

}  // namespace switchgear::shop
