#include "switchgear/postgres/transaction.hpp"

#include <string>
#include <utility>

#include "switchgear/postgres/error.hpp"
#include "switchgear/postgres/failure_classifier.hpp"

namespace switchgear::postgres {

namespace asio = boost::asio;

namespace {

[[nodiscard]] std::string begin_of(const TransactionOptions& options) {
  std::string sql = "BEGIN";
  switch (options.isolation) {
    case Isolation::server_default:
      break;
    case Isolation::read_committed:
      sql += " ISOLATION LEVEL READ COMMITTED";
      break;
    case Isolation::repeatable_read:
      sql += " ISOLATION LEVEL REPEATABLE READ";
      break;
    case Isolation::serializable:
      sql += " ISOLATION LEVEL SERIALIZABLE";
      break;
  }
  if (options.access == Access::read_only) sql += " READ ONLY";
  return sql;
}

}  // namespace

/// If the first statement meets a prepared one that the server has lost, or that does not fit its tables any
/// more, nothing has been done yet: the transaction begins again, and the function hears nothing of it.
asio::awaitable<Rows> Transaction::fetch(Statement statement) {
  const bool first = std::exchange(untouched_, false);
  try {
    try {
      co_return co_await connection_.run(statement);
    } catch (const Error& failed) {
      if (!first || !failed.is_stale_plan() || !connection_.is_open()) throw;
    }
    co_await begin_again();
    co_return co_await connection_.run(statement);
  } catch (...) {
    failed_ = std::current_exception();
    throw;
  }
}

asio::awaitable<void> Transaction::begin_again() {
  co_await connection_.command("ROLLBACK");
  co_await connection_.deallocate_forgotten();
  co_await connection_.command(begin_);
}

asio::awaitable<std::uint64_t> Transaction::execute(Statement statement) {
  const Rows rows = co_await fetch(std::move(statement));
  co_return rows.affected();
}

asio::awaitable<std::vector<Rows>> Transaction::run(Batch batch) {
  untouched_ = false;
  try {
    co_return co_await connection_.run(batch.statements());
  } catch (...) {
    failed_ = std::current_exception();
    throw;
  }
}

TransactionCall::TransactionCall(const TransactionOptions& options, Duration otherwise)
    : ClientCall(options.timeout.value_or(otherwise), options.deadline, {}), begin_(begin_of(options)) {}

asio::awaitable<Rows> TransactionCall::run(std::shared_ptr<ConnectionPool> pool) {
  const Lease lease = co_await pool->acquire();
  co_await begin(*lease);
  in_doubt_ = true;
  Transaction transaction(*lease, begin_);
  std::exception_ptr thrown;
  try {
    co_await body(transaction);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (!thrown) {
    co_await commit(*lease);
    in_doubt_ = false;
    co_return Rows{};
  }
  // The lease cancels what the function has left running, and closes a connection that is broken.
  if (lease->is_open() && !lease->is_active()) {
    try {
      co_await lease->command("ROLLBACK");
    } catch (const Error&) {
      in_doubt_ = true;  // the server rolls back when it finds the connection gone
    }
  }
  fail(transaction, thrown);
}

/// Before it, nothing has happened that could happen twice.
asio::awaitable<void> TransactionCall::begin(Connection& connection) {
  try {
    co_await connection.deallocate_forgotten();
    co_await connection.command(begin_);
  } catch (Error& failed) {
    failed.set_may_have_run(false);
    throw;
  }
}

asio::awaitable<void> TransactionCall::commit(Connection& connection) {
  Rows end;
  try {
    end = co_await connection.command("COMMIT");
  } catch (Error& failed) {
    if (failed.may_have_run()) {
      Error unknown(Errc::commit_unknown,
                    make_error_code(Errc::commit_unknown).message() + ": " + failed.what(), failed.report());
      unknown.set_may_have_run(true).set_final();
      throw Error(unknown);
    }
    in_doubt_ = false;
    if (!is_serialization_failure(failed.sqlstate())) failed.set_final();
    throw;
  }
  if (end.command() != "ROLLBACK") co_return;
  in_doubt_ = false;
  Error undone(Errc::rolled_back,
               make_error_code(Errc::rolled_back).message() + ", because one of its statements had failed");
  undone.set_final();
  throw Error(undone);
}

/// Only a transaction that was in another's way, or whose prepared statement was stale, is made again; one
/// that broke is not, whatever it was about, because the caller's function may have done more than ask the
/// database.
void TransactionCall::fail(const Transaction& transaction, const std::exception_ptr& thrown) {
  if (thrown != transaction.failed_) {
    callers_own = thrown;
    throw CallersOwn{};
  }
  try {
    std::rethrow_exception(thrown);
  } catch (Error& failed) {
    const bool again = is_serialization_failure(failed.sqlstate()) || failed.is_stale_plan();
    if (again && !failed.may_have_run()) {
      in_doubt_ = false;
    } else {
      failed.set_final();
    }
    throw;
  }
}

}  // namespace switchgear::postgres
