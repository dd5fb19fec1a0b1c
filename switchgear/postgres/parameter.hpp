// One value that travels beside a statement's text, never within it.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace switchgear::postgres {

/// A parameter as the server reads it: the type is what the statement makes of `$1`.
///
/// Made from integers, floating point numbers, bool, strings (UTF-8), time points of the system clock, bytes
/// (bytea), std::optional and nullptr (NULL), and vectors of those but bytes (arrays: `= ANY($1)`). Throws
/// std::invalid_argument for a string with a zero byte, which PostgreSQL cannot store.
class Parameter {
 public:
  Parameter(std::nullptr_t) noexcept {}  // NOLINT: meant to convert
  Parameter(std::nullopt_t) noexcept {}  // NOLINT: meant to convert
  template <std::same_as<bool> Bool>
  Parameter(Bool value) : text_(value ? "t" : "f") {}  // NOLINT: meant to convert
  template <class Number>
  requires((std::integral<Number> || std::floating_point<Number>)&&!std::same_as<Number, bool> &&
           !std::same_as<Number, char>) Parameter(Number value)  // NOLINT: meant to convert
      : text_(in_digits(value)) {}
  Parameter(std::string value);                            // NOLINT: meant to convert
  Parameter(std::string_view value);                       // NOLINT: meant to convert
  Parameter(const char* value);                            // NOLINT: meant to convert
  Parameter(std::chrono::system_clock::time_point value);  // NOLINT: meant to convert
  Parameter(std::span<const std::byte> value);             // NOLINT: meant to convert
  Parameter(const std::vector<std::byte>& value) : Parameter(std::span<const std::byte>(value)) {}  // NOLINT
  template <class T>
  Parameter(const std::optional<T>& value) {  // NOLINT: meant to convert
    if (value) *this = Parameter(*value);
  }
  template <class T>
  requires(!std::same_as<T, std::byte>) Parameter(const std::vector<T>& values) {  // NOLINT: meant to convert
    begin_array();
    for (const auto& value : values) add_to_array(Parameter(static_cast<const T&>(value)));
    end_array();
  }

  /// Null pointer: NULL.
  [[nodiscard]] const char* data() const noexcept { return text_ ? text_->c_str() : nullptr; }
  [[nodiscard]] std::size_t size() const noexcept { return text_ ? text_->size() : 0; }
  [[nodiscard]] bool binary() const noexcept { return binary_; }

 private:
  template <class Number>
  static std::string in_digits(Number value) {
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    return {digits, end.ptr};
  }
  void begin_array();
  void add_to_array(const Parameter& value);
  void end_array();

  std::optional<std::string> text_;
  bool binary_ = false;
  bool array_ = false;
};

}  // namespace switchgear::postgres
