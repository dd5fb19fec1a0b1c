// One statement: its text, its parameters, and how to call it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/call.hpp"
#include "switchgear/postgres/parameter.hpp"

namespace switchgear::postgres {

/// Whether a statement is kept at the server for the next time; see ClientOptions::prepare_at.
enum class Prepared : std::uint8_t { as_client, never };

/// One SQL command. Values are parameters, `$1` and so on; they never become part of the text:
///
///     db.fetch({"SELECT name FROM users WHERE id = $1", id});
///     db.fetch(Statement{"SELECT * FROM prices WHERE sku = ANY($1)", skus}.read().timeout(2s));
///
/// Reusable, and cheap to copy: copies share text and parameters. Threads: one.
class Statement {
 public:
  /// Throws std::invalid_argument for a parameter or a text that PostgreSQL cannot take.
  template <class... Parameters>
  requires(std::convertible_to<Parameters&&, Parameter>&&...) Statement(  // NOLINT: meant to convert
      std::string sql, Parameters&&... parameters)
      : what_(std::make_shared<const What>(
            What{checked(std::move(sql)), parameters_of(std::forward<Parameters>(parameters)...)})) {}
  template <class... Parameters>
  requires(std::convertible_to<Parameters&&, Parameter>&&...) Statement(  // NOLINT: meant to convert
      const char* sql, Parameters&&... parameters)
      : Statement(std::string(sql), std::forward<Parameters>(parameters)...) {}

  /// It changes nothing: it may be repeated, hedged, and asked of a replica, and caches and cached fallbacks
  /// know its rows by its text and parameters.
  Statement& read() & {
    read_ = true;
    return *this;
  }
  /// Whether to execute it twice may do harm. Default: yes, unless it is a read().
  Statement& repeatable(Repeatable which) & {
    repeatable_ = which;
    return *this;
  }
  /// Of the whole call, its retries and waits included. Default: ClientOptions::timeout. When it is over,
  /// that is a failure.
  Statement& timeout(Duration limit) & {
    timeout_ = limit;
    return *this;
  }
  /// When the caller that this program serves stops waiting. If that is before `timeout` ends, it says
  /// nothing about the database: breakers ignore it.
  Statement& deadline(TimePoint callers) & {
    deadline_ = callers;
    return *this;
  }
  /// What caches and cached fallbacks know its rows by. Empty: they are never remembered.
  Statement& key(std::string known_as) & {
    key_ = std::move(known_as);
    return *this;
  }
  Statement& prepared(Prepared which) & {
    prepared_ = which;
    return *this;
  }

  Statement&& read() && { return std::move(read()); }
  Statement&& repeatable(Repeatable which) && { return std::move(repeatable(which)); }
  Statement&& timeout(Duration limit) && { return std::move(timeout(limit)); }
  Statement&& deadline(TimePoint callers) && { return std::move(deadline(callers)); }
  Statement&& key(std::string known_as) && { return std::move(key(std::move(known_as))); }
  Statement&& prepared(Prepared which) && { return std::move(prepared(which)); }

  [[nodiscard]] const std::string& sql() const noexcept { return what_->sql; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const noexcept { return what_->parameters; }
  [[nodiscard]] bool is_read() const noexcept { return read_; }
  [[nodiscard]] bool is_repeatable() const noexcept {
    return repeatable_ ? *repeatable_ == Repeatable::yes : read_;
  }
  [[nodiscard]] std::optional<Duration> timeout() const noexcept { return timeout_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }  ///< max(): none
  [[nodiscard]] Prepared prepared() const noexcept { return prepared_; }
  /// The key that it was given, or that of a read().
  [[nodiscard]] std::string key() const;

 private:
  static std::string checked(std::string sql);

  struct What {
    std::string sql;
    std::vector<Parameter> parameters;
  };
  template <class... Parameters>
  static std::vector<Parameter> parameters_of(Parameters&&... parameters) {
    std::vector<Parameter> all;
    all.reserve(sizeof...(parameters));
    (all.emplace_back(Parameter(std::forward<Parameters>(parameters))), ...);
    return all;
  }

  std::shared_ptr<const What> what_;
  bool read_ = false;
  std::optional<Repeatable> repeatable_;
  std::optional<Duration> timeout_;
  TimePoint deadline_ = TimePoint::max();
  std::optional<std::string> key_;
  Prepared prepared_ = Prepared::as_client;
};

/// Several statements that travel together: one round trip, and one transaction of their own, all or nothing.
///
///     Batch orders;
///     for (const Line& line : lines) orders.add({"INSERT INTO lines VALUES ($1, $2)", line.sku,
///     line.count}); const std::vector<Rows> results = co_await db.run(orders);
class Batch {
 public:
  Batch& add(Statement statement) {
    statements_.push_back(std::move(statement));
    return *this;
  }
  /// Both as of a Statement. Those of the single statements do not count.
  Batch& timeout(Duration limit) {
    timeout_ = limit;
    return *this;
  }
  Batch& deadline(TimePoint callers) {
    deadline_ = callers;
    return *this;
  }
  [[nodiscard]] const std::vector<Statement>& statements() const noexcept { return statements_; }
  [[nodiscard]] std::optional<Duration> timeout() const noexcept { return timeout_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }  ///< max(): none
  [[nodiscard]] bool is_repeatable() const noexcept;

 private:
  std::vector<Statement> statements_;
  std::optional<Duration> timeout_;
  TimePoint deadline_ = TimePoint::max();
};

}  // namespace switchgear::postgres
