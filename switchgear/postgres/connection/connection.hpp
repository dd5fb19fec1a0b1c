// One connection to a server: libpq's protocol over Asio's readiness.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/postgres/client_options.hpp"
#include "switchgear/postgres/connection/prepared_statements.hpp"
#include "switchgear/postgres/connection/server_cancel.hpp"
#include "switchgear/postgres/connection/target.hpp"
#include "switchgear/postgres/error.hpp"
#include "switchgear/postgres/rows.hpp"
#include "switchgear/postgres/statement.hpp"

struct pg_conn;
struct pg_result;

namespace switchgear::postgres {

/// One operation at a time; another one throws Errc::busy. An operation that is cancelled leaves the
/// connection in the middle of it: recover() brings it back. Operations throw Error, or
/// boost::system::system_error when they are cancelled.
///
/// Asio watches a duplicate of libpq's descriptor: libpq closes its own when it finds the connection broken,
/// and the number may then belong to another socket.
///
/// Threads: those of the executor. Lifetime: outlives its operations.
class Connection {
 public:
  /// `schema` is shared by the connections of a pool.
  Connection(const boost::asio::any_io_executor& executor, const ClientOptions& options,
             std::shared_ptr<SchemaAge> schema);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Throws Error, Errc::unreachable, that says why, with the SQLSTATE if the server refused.
  [[nodiscard]] boost::asio::awaitable<void> open(const Target& target);

  [[nodiscard]] boost::asio::awaitable<Rows> run(const Statement& statement);
  /// In one round trip, by libpq's pipeline mode.
  [[nodiscard]] boost::asio::awaitable<std::vector<Rows>> run(const std::vector<Statement>& statements);
  /// Without parameters: BEGIN, COMMIT, nothing at all.
  [[nodiscard]] boost::asio::awaitable<Rows> command(std::string sql);
  /// Prepared statements of which it makes no use any more. Precondition: no transaction has failed.
  [[nodiscard]] boost::asio::awaitable<void> deallocate_forgotten();
  /// Cancels at the server what is running, and rolls back. False: the connection must be closed.
  [[nodiscard]] boost::asio::awaitable<bool> recover(const std::shared_ptr<Cancelling>& under_way);

  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] bool is_active() const noexcept;  ///< in the middle of an operation
  /// Ready for another call: open, in no transaction, in no operation.
  [[nodiscard]] bool is_clean() const noexcept;
  /// Reads what has come without being asked for. False: the server has closed the connection. Does not wait.
  [[nodiscard]] bool is_alive() noexcept;
  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  TimePoint made{};        ///< since when it is open
  TimePoint rested{};      ///< since when it is idle, while it is
  std::uint64_t uses = 0;  ///< by calls

 private:
  friend class TimeLimit;
  enum class Readiness : std::uint8_t { readable, writable, either };
  enum class Sent : std::uint8_t { text, prepared };

  static void on_notice(void* connection, const pg_result* notice) noexcept;
  void time_is_over() noexcept;
  void watch();
  [[nodiscard]] boost::asio::awaitable<void> wait(Readiness what);
  [[nodiscard]] boost::asio::awaitable<void> flush();
  [[nodiscard]] boost::asio::awaitable<pg_result*> next_result();
  [[nodiscard]] boost::asio::awaitable<Rows> result_of_one(Sent how = Sent::text);
  void note_refusal(const Error& failed, const std::string& sql);
  [[nodiscard]] boost::asio::awaitable<void> prepare(const PreparedStatements::Use& use,
                                                     const std::string& sql);
  [[nodiscard]] boost::asio::awaitable<Rows> send(const Statement& statement, const std::string& name);
  [[nodiscard]] boost::asio::awaitable<std::vector<Rows>> results_of_batch(std::size_t count);
  [[nodiscard]] boost::asio::awaitable<bool> cancel(const std::shared_ptr<Cancelling>& under_way);
  [[nodiscard]] boost::asio::awaitable<bool> drain();
  void require_ready() const;
  void require_sent(int sent);
  void send_batch(const std::vector<Statement>& statements);
  [[nodiscard]] Error lost() const;
  [[nodiscard]] Error error_of(const pg_result* result, Sent how);

  boost::asio::any_io_executor executor_;
  pg_conn* connection_ = nullptr;
  boost::asio::posix::stream_descriptor stream_;
  std::optional<boost::asio::posix::stream_descriptor> cancelled_;
  PreparedStatements prepared_;
  std::string server_;  ///< for people
  bool out_of_time_ = false;
  bool ended_ = false;  ///< by the server while nothing was asked, or not the server that is wanted
  bool wants_writer_ = false;
  bool useless_ = false;  ///< in a state that this client does not speak
};

/// Ends the operations of a connection at an instant, with timed_out.
class TimeLimit {
 public:
  TimeLimit(Connection& connection, TimePoint until);
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit();

 private:
  std::shared_ptr<Connection*> limited_;  ///< null inside: the limit is gone, and perhaps the connection
  boost::asio::steady_timer timer_;
};

}  // namespace switchgear::postgres
