// Statements that take effect together, or not at all.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "switchgear/async/attempt_op.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/postgres/client/client_call.hpp"
#include "switchgear/postgres/rows.hpp"
#include "switchgear/postgres/statement.hpp"

namespace switchgear::postgres {

enum class Isolation : std::uint8_t { server_default, read_committed, repeatable_read, serializable };
enum class Access : std::uint8_t { read_write, read_only };

struct TransactionOptions {
  Isolation isolation = Isolation::server_default;
  Access access = Access::read_write;
  /// Of the whole call, runs after a serialization failure included. Default: ClientOptions::timeout.
  std::optional<Duration> timeout{};
  TimePoint deadline = TimePoint::max();  ///< as Statement::deadline()
};

/// The transaction that a function is given: see Client::transaction(). One statement at a time. Lifetime:
/// until the function has returned.
///
/// The timeout and the key of a statement do not count here. An error aborts the transaction: the server
/// refuses all that follows, unless a savepoint was set before.
class Transaction {
 public:
  [[nodiscard]] boost::asio::awaitable<Rows> fetch(Statement statement);
  [[nodiscard]] boost::asio::awaitable<std::uint64_t> execute(Statement statement);
  [[nodiscard]] boost::asio::awaitable<std::vector<Rows>> run(Batch batch);

 private:
  friend class TransactionCall;
  /// `begin` is the command that has begun it.
  Transaction(Connection& connection, const std::string& begin) noexcept
      : connection_(connection), begin_(begin) {}
  [[nodiscard]] boost::asio::awaitable<void> begin_again();

  Connection& connection_;
  const std::string& begin_;
  bool untouched_ = true;      ///< no statement has been sent
  std::exception_ptr failed_;  ///< of the last statement that failed
};

class TransactionCall : public ClientCall {
 protected:
  TransactionCall(const TransactionOptions& options, Duration otherwise);

  [[nodiscard]] virtual boost::asio::awaitable<void> body(Transaction& transaction) = 0;

 private:
  [[nodiscard]] boost::asio::awaitable<Rows> run(std::shared_ptr<ConnectionPool> pool) final;
  [[nodiscard]] bool is_repeatable() const noexcept final { return false; }
  [[nodiscard]] boost::asio::awaitable<void> begin(Connection& connection);
  [[nodiscard]] boost::asio::awaitable<void> commit(Connection& connection);
  [[noreturn]] void fail(const Transaction& transaction, const std::exception_ptr& thrown);

  std::string begin_;
};

namespace detail {

template <class Awaitable>
struct AwaitedOf;
template <class T, class Executor>
struct AwaitedOf<boost::asio::awaitable<T, Executor>> {
  using type = T;
};
/// What a function of a transaction gives.
template <class F>
using GivenBy = typename AwaitedOf<std::invoke_result_t<F&, Transaction&>>::type;

}  // namespace detail

/// A transaction of the caller's function, which it owns.
template <class F>
class FunctionCall final : public TransactionCall {
 public:
  using Given = detail::GivenBy<F>;

  FunctionCall(F function, const TransactionOptions& options, Duration otherwise)
      : TransactionCall(options, otherwise), function_(std::move(function)) {}

  std::optional<switchgear::detail::ValueOf<Given>> given{};

 private:
  [[nodiscard]] boost::asio::awaitable<void> body(Transaction& transaction) override {
    given.reset();
    if constexpr (std::is_void_v<Given>) {
      co_await function_(transaction);
      given.emplace();
    } else {
      given.emplace(co_await function_(transaction));
    }
  }

  F function_;
};

}  // namespace switchgear::postgres
