#include "switchgear/postgres/connection/connection.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cctype>
#include <string_view>
#include <utility>

#include "switchgear/postgres/connection/server_report.hpp"

namespace switchgear::postgres {

namespace asio = boost::asio;
using boost::system::error_code;
using Stream = asio::posix::stream_descriptor;

namespace {

struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

/// Parameters as libpq takes them.
struct Arguments {
  explicit Arguments(const std::vector<Parameter>& parameters) {
    for (const Parameter& each : parameters) {
      values.push_back(each.data());
      lengths.push_back(static_cast<int>(each.size()));
      formats.push_back(each.binary() ? 1 : 0);
    }
  }
  [[nodiscard]] int count() const noexcept { return static_cast<int>(values.size()); }

  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

constexpr std::string_view read_only_sqlstate = "25006";

constexpr std::string_view not_known_sqlstate = "26000";
constexpr std::string_view not_supported_sqlstate = "0A000";

/// The server does not know the prepared statement (after DISCARD ALL, or behind a pooler), or the tables
/// may have changed so that its plan does not fit.
[[nodiscard]] bool may_be_stale(const Error& error) noexcept {
  return error.sqlstate() == not_known_sqlstate || error.sqlstate() == not_supported_sqlstate;
}

/// The same, for certain: 0A000 has other causes too, and this is the function of PostgreSQL that finds a
/// plan outdated.
[[nodiscard]] bool is_stale(const ServerReport& report, const PGresult* result) noexcept {
  if (report.sqlstate == not_known_sqlstate) return true;
  const char* const function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  return report.sqlstate == not_supported_sqlstate && function != nullptr &&
         std::string_view(function) == "RevalidateCachedQuery";
}

}  // namespace

Connection::Connection(const asio::any_io_executor& executor, const ClientOptions& options,
                       std::shared_ptr<SchemaAge> schema)
    : executor_(executor),
      stream_(executor),
      prepared_(options.prepare_at, options.max_prepared, std::move(schema)) {}

Connection::~Connection() {
  error_code ignored;
  stream_.close(ignored);
  PQfinish(connection_);
}

// --- opening

asio::awaitable<void> Connection::open(const Target& target) {
  server_ = target.name;
  wants_writer_ = target.wants_writer;
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : target.settings) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(keywords.data(), values.data(), 0);
  if (connection_ == nullptr) throw std::bad_alloc();
  // The only way to learn the SQLSTATE of a refusal.
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_, on_notice, this);
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  if (PQstatus(connection_) == CONNECTION_BAD) next = PGRES_POLLING_FAILED;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      ServerReport report = report_of_refusal(PQerrorMessage(connection_));
      std::string text = server_ + ": " + report.message;
      throw Error(Errc::unreachable, std::move(text), std::move(report));
    }
    watch();  // libpq may have another socket by now
    co_await wait(next == PGRES_POLLING_READING ? Readiness::readable : Readiness::writable);
    next = PQconnectPoll(connection_);
  }
  watch();
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  PQsetnonblocking(connection_, 1);
}

void Connection::watch() {
  error_code ignored;
  stream_.close(ignored);
  const int copy = fcntl(PQsocket(connection_), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw boost::system::system_error(errno, boost::system::system_category());
  stream_.assign(copy);
}

/// An error that comes without a statement is a notice for libpq: the server ends an idle session so. Others
/// are not for this client.
void Connection::on_notice(void* connection, const pg_result* notice) noexcept {
  if (is_fatal(notice)) static_cast<Connection*>(connection)->ended_ = true;
}

// --- statements

asio::awaitable<Rows> Connection::run(const Statement& statement) {
  require_ready();
  if (is_clean()) co_await deallocate_forgotten();
  PreparedStatements::Use use;
  if (statement.prepared() == Prepared::as_client) use = prepared_.use(statement.sql());
  if (!use.makes_room.empty()) co_await command("DEALLOCATE " + use.makes_room);
  if (use.is_new) co_await prepare(use, statement.sql());
  try {
    co_return co_await send(statement, use.name);
  } catch (const Error& failed) {
    const bool perhaps = !use.name.empty() && !use.is_new && may_be_stale(failed);
    if (!failed.is_stale_plan() && !perhaps) throw;
    note_refusal(failed, statement.sql());
    // Within a transaction, the error has aborted the transaction, so repeating the statement is useless.
    if (!is_clean()) throw;
  }
  const std::string unnamed;
  co_return co_await send(statement, unnamed);
}

void Connection::note_refusal(const Error& failed, const std::string& sql) {
  if (!failed.is_stale_plan()) {
    prepared_.forget(sql);
  } else if (failed.sqlstate() == not_known_sqlstate) {
    prepared_.note_lost();
  } else {
    prepared_.note_outdated();
  }
}

asio::awaitable<void> Connection::deallocate_forgotten() {
  const std::string all = prepared_.take_forgotten();
  if (all.empty()) co_return;
  try {
    co_await command(all);
  } catch (Error& failed) {
    failed.set_may_have_run(false);
    if (!is_open()) throw;
  }
}

asio::awaitable<void> Connection::prepare(const PreparedStatements::Use& use, const std::string& sql) {
  try {
    require_sent(PQsendPrepare(connection_, use.name.c_str(), sql.c_str(), 0, nullptr));
    co_await flush();
    co_await result_of_one();
  } catch (Error& failed) {
    prepared_.forget(sql);
    failed.set_may_have_run(false);
    throw;
  } catch (...) {
    prepared_.forget(sql);
    throw;
  }
}

asio::awaitable<Rows> Connection::send(const Statement& statement, const std::string& name) {
  const Arguments arguments(statement.parameters());
  if (name.empty()) {
    require_sent(PQsendQueryParams(connection_, statement.sql().c_str(), arguments.count(), nullptr,
                                   arguments.values.data(), arguments.lengths.data(),
                                   arguments.formats.data(), 0));
  } else {
    require_sent(PQsendQueryPrepared(connection_, name.c_str(), arguments.count(), arguments.values.data(),
                                     arguments.lengths.data(), arguments.formats.data(), 0));
  }
  co_await flush();
  co_return co_await result_of_one(name.empty() ? Sent::text : Sent::prepared);
}

asio::awaitable<Rows> Connection::command(std::string sql) {
  require_ready();
  require_sent(PQsendQuery(connection_, sql.c_str()));
  co_await flush();
  co_return co_await result_of_one();
}

/// Everything up to the end of one command is read, whatever it is, so that the next may follow.
asio::awaitable<Rows> Connection::result_of_one(Sent how) {
  std::optional<Error> failed;
  Rows rows;
  for (;;) {
    pg_result* const came = co_await next_result();
    if (came == nullptr) break;
    Result result(came);
    switch (PQresultStatus(came)) {
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        rows = Rows(result.release());
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        useless_ = true;
        throw Error(Errc::unsupported, "COPY is not supported; insert rows with a Batch");
      default:
        if (!failed) failed = error_of(came, how);
    }
  }
  if (failed) throw Error(*failed);
  co_return rows;
}

// --- batches

asio::awaitable<std::vector<Rows>> Connection::run(const std::vector<Statement>& statements) {
  require_ready();
  if (statements.empty()) co_return std::vector<Rows>{};
  send_batch(statements);
  co_await flush();
  co_return co_await results_of_batch(statements.size());
}

void Connection::send_batch(const std::vector<Statement>& statements) {
  require_sent(PQenterPipelineMode(connection_));
  try {
    for (const Statement& statement : statements) {
      const Arguments arguments(statement.parameters());
      require_sent(PQsendQueryParams(connection_, statement.sql().c_str(), arguments.count(), nullptr,
                                     arguments.values.data(), arguments.lengths.data(),
                                     arguments.formats.data(), 0));
    }
    require_sent(PQpipelineSync(connection_));
  } catch (...) {
    useless_ = true;  // a part of it is on its way
    throw;
  }
}

/// The first error is the batch's: the server skips what follows it, and undoes what came before.
asio::awaitable<std::vector<Rows>> Connection::results_of_batch(std::size_t count) {
  std::vector<Rows> all;
  std::optional<Error> failed;
  bool synced = false;
  bool ended = false;  // two ends in a row: the connection is gone
  while (!synced) {
    pg_result* const came = co_await next_result();
    if (came == nullptr) {
      if (std::exchange(ended, true)) throw lost();
      continue;
    }
    ended = false;
    Result result(came);
    switch (PQresultStatus(came)) {
      case PGRES_PIPELINE_SYNC:
        synced = true;
        break;
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        all.emplace_back(result.release());
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      case PGRES_FATAL_ERROR: {
        if (failed) break;
        const Error error = error_of(came, Sent::text);
        std::string text = "statement " + std::to_string(all.size() + 1) + " of " + std::to_string(count) +
                           ": " + error.what();
        failed.emplace(error.code(), std::move(text), error.report());
        failed->set_may_have_run(error.may_have_run());
        if (!is_open()) throw Error(*failed);
        break;
      }
      default:
        useless_ = true;
        throw Error(Errc::unsupported, "a batch cannot contain COPY");
    }
  }
  PQexitPipelineMode(connection_);
  if (failed) throw Error(*failed);
  co_return all;
}

// --- after a call that has ended early

asio::awaitable<bool> Connection::recover(const std::shared_ptr<Cancelling>& under_way) {
  bool good = is_open() && !useless_;
  if (good && (is_active() || PQpipelineStatus(connection_) != PQ_PIPELINE_OFF))
    good = co_await cancel(under_way);
  if (good && !is_clean()) {
    const std::string rollback = "ROLLBACK";
    co_await command(rollback);
  }
  co_return good&& is_clean();
}

asio::awaitable<bool> Connection::cancel(const std::shared_ptr<Cancelling>& under_way) {
  cancelled_ = cancel_at_server(executor_, connection_, under_way);
  bool good = cancelled_.has_value();
  if (good) good = co_await drain();
  // Not before the cancellation has reached the session: it would meet the next statement.
  if (good) co_await cancelled_->async_wait(Stream::wait_read, asio::use_awaitable);
  cancelled_.reset();
  co_return good;
}

/// Reads what is left of an operation. False: the connection cannot be used again.
asio::awaitable<bool> Connection::drain() {
  co_await flush();
  const bool batch = PQpipelineStatus(connection_) != PQ_PIPELINE_OFF;
  bool ended = false;
  bool more = true;
  bool copies = false;
  while (more && !copies) {
    pg_result* const came = co_await next_result();
    const Result result(came);
    const ExecStatusType status = PQresultStatus(came);  // of null: an error
    copies = status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
    more = status != PGRES_PIPELINE_SYNC && (came != nullptr || (batch && !ended));
    ended = came == nullptr;
  }
  co_return !copies && is_open() && (!batch || PQexitPipelineMode(connection_) == 1);
}

// --- state

bool Connection::is_open() const noexcept { return !ended_ && PQstatus(connection_) == CONNECTION_OK; }

bool Connection::is_active() const noexcept { return PQtransactionStatus(connection_) == PQTRANS_ACTIVE; }

bool Connection::is_clean() const noexcept {
  return !useless_ && is_open() && PQtransactionStatus(connection_) == PQTRANS_IDLE &&
         PQpipelineStatus(connection_) == PQ_PIPELINE_OFF;
}

bool Connection::is_alive() noexcept {
  for (;;) {
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    if (!is_open() || socket.fd < 0) return false;
    if (poll(&socket, 1, 0) <= 0) return true;
    if (PQconsumeInput(connection_) != 1) return false;
    PQisBusy(connection_);  // takes notices and changed settings out of the buffer
  }
}

void Connection::require_ready() const {
  if (is_active())
    throw Error(Errc::busy, make_error_code(Errc::busy).message() + "; await one after the other");
}

void Connection::require_sent(int sent) {
  if (sent == 1) return;
  if (is_open()) throw Error(Errc::unsupported, first_line(PQerrorMessage(connection_)));
  throw lost().set_may_have_run(false);
}

Error Connection::lost() const {
  Error error(Errc::lost, server_ + ": " + first_line(PQerrorMessage(connection_)));
  error.set_may_have_run(true);
  return error;
}

Error Connection::error_of(const pg_result* result, Sent how) {
  ServerReport report = report_of(result);
  if (report.sqlstate.empty()) return lost();
  const bool fatal = report.fatal;
  const bool stale = how == Sent::prepared && is_stale(report, result);
  // The server has become a standby: the next call looks for the one that takes writes.
  if (wants_writer_ && report.sqlstate == read_only_sqlstate) ended_ = true;
  std::string text = report.message + " (SQLSTATE " + report.sqlstate + ')';
  Error error(Errc::server, std::move(text), std::move(report));
  error.set_may_have_run(fatal);
  if (stale) error.set_stale_plan();
  return error;
}

// --- waiting

/// Reads while it writes: a server that cannot get rid of its results would not take the rest either. A
/// connection that breaks is found by the reader of the results: the server may have said why.
asio::awaitable<void> Connection::flush() {
  while (PQflush(connection_) > 0) {
    co_await wait(Readiness::either);
    if (PQconsumeInput(connection_) != 1) co_return;
  }
}

/// A broken connection has results too: they say how it broke.
asio::awaitable<pg_result*> Connection::next_result() {
  while (PQisBusy(connection_) == 1) {
    co_await wait(Readiness::readable);
    if (PQconsumeInput(connection_) != 1) break;
  }
  co_return PQgetResult(connection_);
}

asio::awaitable<void> Connection::wait(Readiness what) {
  if (out_of_time_) throw boost::system::system_error(asio::error::timed_out);
  error_code code;
  if (what == Readiness::either) {
    auto group =
        asio::experimental::make_parallel_group(stream_.async_wait(Stream::wait_read, asio::deferred),
                                                stream_.async_wait(Stream::wait_write, asio::deferred));
    const auto ended = co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    code = std::get<0>(ended)[0] == 0 ? std::get<1>(ended) : std::get<2>(ended);
  } else {
    const auto kind = what == Readiness::readable ? Stream::wait_read : Stream::wait_write;
    co_await stream_.async_wait(kind, asio::redirect_error(asio::use_awaitable, code));
  }
  if (out_of_time_) throw boost::system::system_error(asio::error::timed_out);
  if (code) throw boost::system::system_error(code);
}

void Connection::time_is_over() noexcept {
  out_of_time_ = true;
  error_code ignored;
  stream_.cancel(ignored);
  if (cancelled_) cancelled_->cancel(ignored);
}

TimeLimit::TimeLimit(Connection& connection, TimePoint until)
    : limited_(std::make_shared<Connection*>(&connection)), timer_(connection.executor(), until) {
  timer_.async_wait([limited = limited_](const error_code& stopped) {
    if (!stopped && *limited != nullptr) (*limited)->time_is_over();
  });
}

TimeLimit::~TimeLimit() { *limited_ = nullptr; }

}  // namespace switchgear::postgres
