// What a statement brought back.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "switchgear/pipeline/call.hpp"

struct pg_result;

namespace switchgear::postgres {

/// One value of one row. Valid as long as its Rows, or a copy of them.
class Value {
 public:
  [[nodiscard]] bool is_null() const noexcept;
  /// As the server writes it; empty for NULL.
  [[nodiscard]] std::string_view text() const noexcept;

  /// As an integer, a floating point number, bool, std::string, std::string_view, a time point of the system
  /// clock (timestamptz, timestamp read as UTC, date), std::vector<std::byte> (bytea), or an optional of
  /// those, which is empty for NULL. Throws Error: Errc::null_value, or Errc::wrong_type for text that is no
  /// such value or does not fit.
  template <class T>
  [[nodiscard]] T as() const {
    return read(std::type_identity<T>{});
  }

 private:
  friend class Row;
  Value(const pg_result* result, int row, int column) noexcept
      : result_(result), row_(row), column_(column) {}

  template <class T>
  [[nodiscard]] std::optional<T> read(std::type_identity<std::optional<T>>) const {
    if (is_null()) return std::nullopt;
    return as<T>();
  }
  template <std::integral T>
  [[nodiscard]] T read(std::type_identity<T>) const {
    if constexpr (std::is_signed_v<T>) {
      const std::int64_t value = whole();
      if (!std::in_range<T>(value)) wrong_type("does not fit");
      return static_cast<T>(value);
    } else {
      const std::uint64_t value = natural();
      if (!std::in_range<T>(value)) wrong_type("does not fit");
      return static_cast<T>(value);
    }
  }
  template <std::floating_point T>
  [[nodiscard]] T read(std::type_identity<T>) const {
    return static_cast<T>(real());
  }
  [[nodiscard]] bool read(std::type_identity<bool>) const;
  [[nodiscard]] std::string read(std::type_identity<std::string>) const;
  [[nodiscard]] std::string_view read(std::type_identity<std::string_view>) const;
  [[nodiscard]] std::chrono::system_clock::time_point read(
      std::type_identity<std::chrono::system_clock::time_point>) const;
  [[nodiscard]] std::vector<std::byte> read(std::type_identity<std::vector<std::byte>>) const;

  [[nodiscard]] std::int64_t whole() const;
  [[nodiscard]] std::uint64_t natural() const;
  [[nodiscard]] double real() const;
  [[nodiscard]] std::string_view not_null() const;
  [[noreturn]] void wrong_type(std::string_view why) const;

  const pg_result* result_;
  int row_;
  int column_;
};

/// Valid as long as its Rows, or a copy of them.
class Row {
 public:
  /// Throws Error, Errc::no_column, if there is none.
  template <std::integral Index>
  [[nodiscard]] Value operator[](Index column) const {
    return at(static_cast<std::size_t>(column));
  }
  /// By the name in the result; names in capitals are found as they were written. O(columns).
  [[nodiscard]] Value operator[](std::string_view column) const;

  /// The first columns at once: `const auto [id, name] = row.as<int, std::string>();`
  template <class... T>
  [[nodiscard]] std::tuple<T...> as() const {
    return in_order<T...>(std::index_sequence_for<T...>{});
  }

 private:
  friend class Rows;
  Row(const pg_result* result, int row) noexcept : result_(result), row_(row) {}
  [[nodiscard]] Value at(std::size_t column) const;
  template <class... T, std::size_t... I>
  [[nodiscard]] std::tuple<T...> in_order(std::index_sequence<I...>) const {
    return std::tuple<T...>{at(I).template as<T>()...};
  }

  const pg_result* result_;
  int row_;
};

/// The rows of one statement, and how many it changed. Cheap to copy: copies share the rows, which do not
/// change. Threads: any, as long as each has a copy of its own.
class Rows {
 public:
  class Iterator {
   public:
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    [[nodiscard]] Row operator*() const noexcept { return {result_, row_}; }
    Iterator& operator++() noexcept {
      ++row_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++row_;
      return before;
    }
    [[nodiscard]] friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Rows;
    Iterator(const pg_result* result, int row) noexcept : result_(result), row_(row) {}
    const pg_result* result_ = nullptr;
    int row_ = 0;
  };

  Rows() = default;
  /// Takes the result. For the room itself.
  explicit Rows(pg_result* result);

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Precondition: row < size().
  [[nodiscard]] Row operator[](std::size_t row) const noexcept {
    return {result_.get(), static_cast<int>(row)};
  }
  /// Precondition: not empty.
  [[nodiscard]] Row front() const noexcept { return (*this)[0]; }
  [[nodiscard]] Iterator begin() const noexcept { return {result_.get(), 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {result_.get(), static_cast<int>(size())}; }

  [[nodiscard]] std::size_t columns() const noexcept;
  /// Precondition: column < columns().
  [[nodiscard]] std::string_view name(std::size_t column) const noexcept;
  /// Rows that an INSERT, UPDATE, DELETE, MERGE or SELECT touched.
  [[nodiscard]] std::uint64_t affected() const noexcept;
  /// `INSERT 0 3`
  [[nodiscard]] std::string_view command() const noexcept;

  CallReport report{};        ///< how the call went: attempts, and whether a cache or a fallback answered
  bool from_replica = false;  ///< the replica answered, because the database was unavailable

 private:
  std::shared_ptr<const pg_result> result_;  ///< null: no statement was executed
};

}  // namespace switchgear::postgres
