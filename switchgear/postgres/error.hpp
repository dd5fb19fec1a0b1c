// Why a statement brought no rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "switchgear/core/rejection.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::postgres {

/// Errors of this room. What the server itself says is `server`, with a SQLSTATE.
enum class Errc {
  unresolved = 1,  ///< the name of the server is not known
  unreachable,     ///< no connection could be opened
  lost,            ///< the connection broke while a statement ran
  server,          ///< the server answered with an error; see Error::sqlstate()
  pool_full,       ///< too many calls wait for a connection
  pool_timeout,    ///< no connection became free within PoolOptions::max_wait
  in_doubt,        ///< not repeated, because the attempt before may have been executed
  rolled_back,     ///< the server rolled the transaction back instead of committing it
  commit_unknown,  ///< the connection broke during COMMIT: the transaction may have been committed
  not_made,        ///< a fallback or a cache answered, and the transaction was not made
  busy,            ///< two statements at once on one transaction
  unsupported,     ///< COPY, or another command that this client does not speak
  no_column,       ///< the rows have no such column
  null_value,      ///< a NULL was read as a type that has none
  wrong_type,      ///< a value was read as a type that it is not
};

[[nodiscard]] const std::error_category& postgres_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Errc error) noexcept {
  return {static_cast<int>(error), postgres_category()};
}

/// What the server says about an error. The detail may quote values of the statement, so it is not part of
/// what().
struct ServerReport {
  std::string sqlstate{};
  std::string message{};
  std::string detail{};
  std::string hint{};
  std::string constraint{};
  std::string table{};
  std::string column{};
  bool fatal = false;  ///< the server ended the session with it
};

/// What a call ends with when it brought no rows and no policy refused it. code() is an Errc; what() is one
/// line: `duplicate key value violates unique constraint "users_pkey" (SQLSTATE 23505)`.
class Error : public std::system_error {
 public:
  Error(std::error_code code, std::string text, ServerReport report = {});

  [[nodiscard]] const char* what() const noexcept override { return about_->text.c_str(); }
  /// Five characters; empty if the error is not the server's.
  [[nodiscard]] const std::string& sqlstate() const noexcept { return about_->report.sqlstate; }
  [[nodiscard]] const ServerReport& report() const noexcept { return about_->report; }
  /// The server may have executed the statement although no answer came. A retry does not repeat it.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }
  /// Part of a transaction that a retry does not make again.
  [[nodiscard]] bool is_final() const noexcept { return final_; }
  /// The server refused a prepared statement that it has lost (26000), or that does not fit its tables any
  /// more (0A000, after a migration). Nothing of it was executed, and it is prepared anew.
  [[nodiscard]] bool is_stale_plan() const noexcept { return stale_plan_; }

  /// For the room itself.
  Error& set_may_have_run(bool may) noexcept {
    may_have_run_ = may;
    return *this;
  }
  Error& set_final() noexcept {
    final_ = true;
    return *this;
  }
  Error& set_stale_plan() noexcept {
    stale_plan_ = true;
    return *this;
  }

 private:
  struct About {
    std::string text;
    ServerReport report;
  };
  std::shared_ptr<const About> about_;
  bool may_have_run_ = false;
  bool final_ = false;
  bool stale_plan_ = false;
};

/// The database cannot be asked: a breaker is open, or no connection can be opened. The statement was not
/// executed. `database '10.0.0.5:5432/shop' is unavailable: breaker 'db' is open; retry in 4.2s`
class DatabaseUnavailable final : public Error {
 public:
  DatabaseUnavailable(const std::string& database, std::error_code code, const std::string& why,
                      ServerReport report = {});
  DatabaseUnavailable(const std::string& database, const Rejection& refused);

  /// When to come back; empty if unknown.
  [[nodiscard]] const std::optional<Duration>& retry_after() const noexcept { return retry_after_; }

 private:
  std::optional<Duration> retry_after_;
};

}  // namespace switchgear::postgres

template <>
struct std::is_error_code_enum<switchgear::postgres::Errc> : std::true_type {};
