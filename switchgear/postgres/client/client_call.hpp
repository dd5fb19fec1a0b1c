// One call on its way through a client's policies, whatever it is made of.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/async/attempt_op.hpp"
#include "switchgear/async/call_options.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/postgres/connection_pool.hpp"
#include "switchgear/postgres/rows.hpp"
#include "switchgear/postgres/statement.hpp"

namespace switchgear::postgres {

/// What a caller's own function threw within a transaction: not the database's failure, and not repeated.
struct CallersOwn {};

/// What the call's options refer to is kept here. Threads: those of the executor.
class ClientCall {
 public:
  /// `limit` is the program's own, `deadline` that of its caller.
  ClientCall(Duration limit, TimePoint deadline, std::string key);
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;
  virtual ~ClientCall() = default;

  /// One attempt. A call that may do harm when it is made twice ends here, with Errc::in_doubt, after an
  /// attempt of which it is not known how it ended (its time was over), and as a hedge.
  [[nodiscard]] boost::asio::awaitable<Rows> attempt(std::shared_ptr<ConnectionPool> pool,
                                                     const AsyncAttempt& attempt);

  /// Cheaply asked again, of another database: only of a read. Null: it must not be.
  [[nodiscard]] virtual std::shared_ptr<ClientCall> for_replica() const { return nullptr; }

  AsyncReport report{};
  AsyncCallOptions about{};
  std::exception_ptr callers_own{};  ///< what CallersOwn stands for

 protected:
  [[nodiscard]] virtual boost::asio::awaitable<Rows> run(std::shared_ptr<ConnectionPool> pool) = 0;
  [[nodiscard]] virtual bool is_repeatable() const noexcept = 0;

  bool in_doubt_ = false;  ///< something was sent, and its end is not known

 private:
  std::string key_;
};

class StatementCall final : public ClientCall {
 public:
  StatementCall(Statement statement, Duration otherwise);
  [[nodiscard]] std::shared_ptr<ClientCall> for_replica() const override;

 private:
  [[nodiscard]] boost::asio::awaitable<Rows> run(std::shared_ptr<ConnectionPool> pool) override;
  [[nodiscard]] bool is_repeatable() const noexcept override { return statement_.is_repeatable(); }

  Statement statement_;
};

class BatchCall final : public ClientCall {
 public:
  BatchCall(Batch batch, Duration otherwise);

  std::vector<Rows> results{};

 private:
  [[nodiscard]] boost::asio::awaitable<Rows> run(std::shared_ptr<ConnectionPool> pool) override;
  [[nodiscard]] bool is_repeatable() const noexcept override { return batch_.is_repeatable(); }

  Batch batch_;
};

}  // namespace switchgear::postgres
