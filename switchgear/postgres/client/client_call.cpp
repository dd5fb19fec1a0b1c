#include "switchgear/postgres/client/client_call.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace switchgear::postgres {

namespace asio = boost::asio;

namespace {

/// Any type of cancellation ends an attempt for good: its statement is cancelled at the server.
struct AllIsTerminal {
  asio::cancellation_type_t operator()(asio::cancellation_type_t type) const noexcept {
    return type == asio::cancellation_type::none ? type : asio::cancellation_type::terminal;
  }
};

}  // namespace

ClientCall::ClientCall(Duration limit, TimePoint deadline, std::string key) : key_(std::move(key)) {
  about.deadline = deadline;
  about.end_at(saturating_add(std::chrono::steady_clock::now(), limit));
  about.key = key_;
  about.full_report = &report;
}

asio::awaitable<Rows> ClientCall::attempt(std::shared_ptr<ConnectionPool> pool, const AsyncAttempt& attempt) {
  const bool harmful = !is_repeatable();
  if (harmful && (in_doubt_ || attempt.kind == AttemptKind::hedge))
    throw Error(Errc::in_doubt, make_error_code(Errc::in_doubt).message());
  const AllIsTerminal filter;
  co_await asio::this_coro::reset_cancellation_state(filter, filter);
  try {
    co_return co_await run(std::move(pool));
  } catch (Error& failed) {
    // What does no harm twice may be repeated, whatever became of it.
    if (!harmful) failed.set_may_have_run(false);
    throw;
  }
}

StatementCall::StatementCall(Statement statement, Duration otherwise)
    : ClientCall(statement.timeout().value_or(otherwise), statement.deadline(), statement.key()),
      statement_(std::move(statement)) {}

std::shared_ptr<ClientCall> StatementCall::for_replica() const {
  if (!statement_.is_read()) return nullptr;
  auto again = std::make_shared<StatementCall>(statement_, Duration::zero());
  again->about.deadline = about.deadline;
  again->about.deadline_of = about.deadline_of;
  return again;
}

asio::awaitable<Rows> StatementCall::run(std::shared_ptr<ConnectionPool> pool) {
  const Lease lease = co_await pool->acquire();
  in_doubt_ = true;
  try {
    Rows rows = co_await lease->run(statement_);
    in_doubt_ = false;
    co_return rows;
  } catch (const Error& failed) {
    in_doubt_ = failed.may_have_run();
    throw;
  }
}

BatchCall::BatchCall(Batch batch, Duration otherwise)
    : ClientCall(batch.timeout().value_or(otherwise), batch.deadline(), {}), batch_(std::move(batch)) {}

asio::awaitable<Rows> BatchCall::run(std::shared_ptr<ConnectionPool> pool) {
  const Lease lease = co_await pool->acquire();
  in_doubt_ = true;
  try {
    results = co_await lease->run(batch_.statements());
    in_doubt_ = false;
    co_return Rows{};
  } catch (const Error& failed) {
    in_doubt_ = failed.may_have_run();
    throw;
  }
}

}  // namespace switchgear::postgres
