// postgres/: statements to PostgreSQL with policies around each of them. libpq speaks the protocol; the pool,
// the time limits and the verdicts are ours. Never here: SQL of its own making beyond BEGIN, COMMIT and
// ROLLBACK, a thread (but for cancellations, see connection/server_cancel.hpp), a value inside a statement's
// text.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/postgres/client/guarded_call.hpp"
#include "switchgear/postgres/client_options.hpp"
#include "switchgear/postgres/connection_pool.hpp"
#include "switchgear/postgres/error.hpp"
#include "switchgear/postgres/rows.hpp"
#include "switchgear/postgres/statement.hpp"
#include "switchgear/postgres/transaction.hpp"

namespace switchgear::postgres {

/// One database, with policies around each call. Connections are kept and pooled.
///
///     CircuitBreaker breaker{"db", {.consecutive_failures = 5}};
///     Retry retry{"db", {.max_attempts = 3}};
///     postgres::Client db{io.get_executor(), "host=db dbname=shop user=shop", Pipeline{retry, breaker}};
///
///     const Rows rows = co_await db.fetch({"SELECT name FROM users WHERE id = $1", 7});
///     for (const Row row : rows) std::cout << row["name"].as<std::string>();
///     db.fetch({"SELECT 1"}, [](std::exception_ptr failed, Rows rows) { … });   // callback
///
/// What a call completes with: rows; or an exception. DatabaseUnavailable when a breaker is open or no
/// connection can be opened, Error when the server answered with one or the connection broke, Rejected when
/// another policy refused or the time was over. SQLSTATE decides what is a failure: failure_classifier.hpp.
///
/// Executor: calls run on `executor`, which must not run two things at once (an io_context of one thread, or
/// a strand). Start them from any thread; each handler runs on its own executor, or on the client's.
///
/// Time limits and cancellation (by the handler's slot): the call ends at once; beside it the statement is
/// cancelled at the server, and the connection is rolled back and kept. Whether a statement that changes
/// something had its effect is then unknown; it is not repeated.
///
/// Idle connections keep no timer and no read pending, so io_context::run() returns when the last call has
/// ended, and with it the cancellations. A program that stays idle for long can call close_idle().
///
/// Lifetime: the policies outlive the calls; the client need not, but the executor's context must.
/// Not for: COPY, LISTEN, large objects, results that do not fit into memory. For code that blocks:
/// blocking_client.hpp.
class Client {
 public:
  /// Throws std::invalid_argument for a connection string or options that cannot be used. Does not connect.
  Client(const boost::asio::any_io_executor& executor, std::string_view connection_string,
         const ClientOptions& options = {})
      : Client(executor, connection_string, Pipeline{}, options) {}
  template <PipelineLike P>
  Client(const boost::asio::any_io_executor& executor, std::string_view connection_string, const P& pipeline,
         const ClientOptions& options = {})
      : pool_(std::make_shared<ConnectionPool>(executor, connection_string, options)),
        guard_(std::make_shared<PipelineGuard<P>>(executor, pipeline, pool_, options.failures)),
        executor_(executor),
        timeout_(options.timeout) {}
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  Client(const boost::asio::any_io_executor& executor, std::string_view connection_string, Policy& policy,
         const ClientOptions& options = {})
      : Client(executor, connection_string, Pipeline{policy}, options) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Asks this database when a read() finds the first one unavailable; its rows say `from_replica`. Give it a
  /// breaker of its own. Call it before the first statement.
  template <PipelineLike P>
  void use_replica(std::string_view connection_string, const P& pipeline, const ClientOptions& options = {}) {
    replica_ = std::make_shared<ConnectionPool>(executor_, connection_string, options);
    guard_ = std::make_shared<ReplicaGuard>(
        guard_, std::make_shared<PipelineGuard<P>>(executor_, pipeline, replica_, options.failures));
  }

  /// Rows of one statement.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto fetch(Statement statement, Token&& token = Token()) {
    return begin<Rows>(
        std::make_shared<StatementCall>(std::move(statement), timeout_),
        [](auto&& handler, std::exception_ptr failed, Rows rows) {
          handler(std::move(failed), std::move(rows));
        },
        std::forward<Token>(token));
  }
  /// How many rows a statement changed.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto execute(Statement statement, Token&& token = Token()) {
    return begin<std::uint64_t>(
        std::make_shared<StatementCall>(std::move(statement), timeout_),
        [](auto&& handler, std::exception_ptr failed, const Rows& rows) {
          handler(std::move(failed), rows.affected());
        },
        std::forward<Token>(token));
  }
  /// All or nothing, in one round trip; rows of each statement.
  template <class Token = boost::asio::use_awaitable_t<>>
  auto run(Batch batch, Token&& token = Token()) {
    const auto call = std::make_shared<BatchCall>(std::move(batch), timeout_);
    return begin<std::vector<Rows>>(
        call,
        [call](auto&& handler, std::exception_ptr failed, const Rows&) {
          if (!failed && call->report.source != Source::call) failed = not_made();
          handler(std::move(failed), std::move(call->results));
        },
        std::forward<Token>(token));
  }

  /// Runs the function, a coroutine that takes a Transaction&, between BEGIN and COMMIT, and gives what it
  /// gives. Whatever it throws rolls back and reaches the caller untouched; the policies ignore an exception
  /// that is not of one of its statements.
  ///
  ///     const int left = co_await db.transaction([&](Transaction& tx) -> awaitable<int> {
  ///       co_await tx.execute({"UPDATE stock SET count = count - 1 WHERE sku = $1", sku});
  ///       co_return (co_await tx.fetch({"SELECT count FROM stock WHERE sku = $1",
  ///       sku})).front()[0].as<int>();
  ///     });
  ///
  /// A Retry among the policies runs it again after a serialization failure, a deadlock or a stale prepared
  /// statement, and if the transaction could not be begun; never after a connection broke or the time of an
  /// attempt was over. So the function may be called more than once: it changes nothing but the database.
  template <class F>
  [[nodiscard]] auto transaction(F function, const TransactionOptions& options = {}) {
    return finish(guard_, executor_,
                  std::make_shared<FunctionCall<F>>(std::move(function), options, timeout_));
  }

  /// Threads: any.
  [[nodiscard]] PoolFigures pool() const { return pool_->figures(); }
  /// Precondition: use_replica() was called.
  [[nodiscard]] PoolFigures replica_pool() const { return replica_->figures(); }

  /// Closes idle connections that are stale: idle too long, too old, closed by the server. Threads: any; it
  /// happens on the executor, soon.
  void close_idle();

  [[nodiscard]] const boost::asio::any_io_executor& get_executor() const noexcept { return executor_; }

 private:
  template <class Adapt>
  struct Initiate {
    std::shared_ptr<CallGuard> guard;
    boost::asio::any_io_executor executor;
    Adapt adapt;

    template <class Handler>
    void operator()(Handler&& handler, std::shared_ptr<ClientCall> call) const {
      guard->call(std::move(call), RowsHandler(std::forward<Handler>(handler), executor, adapt));
    }
  };

  template <class Given, class Adapt, class Token>
  auto begin(std::shared_ptr<ClientCall> call, Adapt adapt, Token&& token) {
    return boost::asio::async_initiate<Token, void(std::exception_ptr, Given)>(
        Initiate<Adapt>{guard_, executor_, std::move(adapt)}, token, std::move(call));
  }

  template <class F>
  static boost::asio::awaitable<typename FunctionCall<F>::Given> finish(
      std::shared_ptr<CallGuard> guard, boost::asio::any_io_executor executor,
      std::shared_ptr<FunctionCall<F>> call) {
    const auto pass = [](auto&& handler, std::exception_ptr failed, const Rows&) {
      handler(std::move(failed));
    };
    Initiate<std::decay_t<decltype(pass)>> initiate{std::move(guard), std::move(executor), pass};
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::exception_ptr)>(
        std::move(initiate), boost::asio::use_awaitable, std::shared_ptr<ClientCall>(call));
    if (!call->given || call->report.source != Source::call) std::rethrow_exception(not_made());
    if constexpr (!std::is_void_v<typename FunctionCall<F>::Given>) co_return std::move(*call->given);
  }

  std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<ConnectionPool> replica_;
  std::shared_ptr<CallGuard> guard_;
  boost::asio::any_io_executor executor_;
  Duration timeout_;
};

}  // namespace switchgear::postgres
