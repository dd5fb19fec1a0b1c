// The client for code that blocks.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/postgres/client.hpp"

namespace switchgear::postgres {

/// The same as Client, but each function returns the rows, and throws what an awaited call throws:
///
///     postgres::BlockingClient db{"host=db dbname=shop", Pipeline{retry, breaker}};
///     const postgres::Rows rows = db.fetch({"SELECT name FROM users WHERE id = $1", 7});
///
/// It has a thread of its own, which makes the calls; the caller's thread sleeps until its rows are there, no
/// longer than the call's timeout. Idle connections are closed when their time is over. Threads: any, several
/// at once. Lifetime: the policies outlive it, and it outlives its calls. Not for code that runs on an
/// executor: it would block it.
class BlockingClient {
 public:
  /// Throws as Client's constructor does.
  explicit BlockingClient(std::string_view connection_string, const ClientOptions& options = {})
      : BlockingClient(connection_string, Pipeline{}, options) {}
  template <PipelineLike P>
  BlockingClient(std::string_view connection_string, const P& pipeline, const ClientOptions& options = {})
      : io_(1),
        work_(io_.get_executor()),
        housekeeping_(io_),
        client_(io_.get_executor(), connection_string, pipeline, options) {
    start();
  }
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  BlockingClient(std::string_view connection_string, Policy& policy, const ClientOptions& options = {})
      : BlockingClient(connection_string, Pipeline{policy}, options) {}
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient();

  /// As Client::use_replica(): before the first statement.
  template <PipelineLike P>
  void use_replica(std::string_view connection_string, const P& pipeline, const ClientOptions& options = {}) {
    client_.use_replica(connection_string, pipeline, options);
  }

  Rows fetch(Statement statement);
  std::uint64_t execute(Statement statement);
  std::vector<Rows> run(Batch batch);
  /// The function is a coroutine, as Client::transaction() takes it, and runs on the client's thread.
  template <class F>
  auto transaction(F function, const TransactionOptions& options = {}) {
    return boost::asio::co_spawn(io_, client_.transaction(std::move(function), options),
                                 boost::asio::use_future)
        .get();
  }

  [[nodiscard]] PoolFigures pool() const { return client_.pool(); }

 private:
  void start();
  void close_idle_later();

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer housekeeping_;
  Client client_;
  std::thread thread_;
};

}  // namespace switchgear::postgres
