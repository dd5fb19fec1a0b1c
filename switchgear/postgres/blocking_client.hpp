// The client for code that blocks.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/async/client_thread.hpp"
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
      : thread_(), client_(thread_.executor(), connection_string, pipeline, options) {
    thread_.start([this] { client_.close_idle(); });
  }
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  BlockingClient(std::string_view connection_string, Policy& policy, const ClientOptions& options = {})
      : BlockingClient(connection_string, Pipeline{policy}, options) {}
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient() { thread_.stop(); }

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
    return boost::asio::co_spawn(thread_.context(), client_.transaction(std::move(function), options),
                                 boost::asio::use_future)
        .get();
  }

  [[nodiscard]] PoolFigures pool() const { return client_.pool(); }

 private:
  switchgear::detail::ClientThread thread_;
  Client client_;
};

}  // namespace switchgear::postgres
