// The fields of one flat JSON object, as text: numbers keep every digit they were written with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace switchgear::lab {

/// Those of calls come first: a field that looks like one of them is a mistake if that one is missing.
inline constexpr std::array<std::string_view, 13> field_names{
    "at",     "op",        "id",      "latency", "verdict",  "type",        "retry_after",
    "answer", "unhealthy", "healthy", "value",   "deadline", "route_policy"};
inline constexpr std::size_t fields_of_calls = 7;

struct FieldValue {
  enum class Kind : std::uint8_t { number, string, other };

  Kind kind = Kind::other;
  std::string text;  ///< of a number or a string
};

class LineFields {
 public:
  [[nodiscard]] const std::optional<FieldValue>& operator[](std::string_view name) const {
    return values_[index(name)];
  }
  [[nodiscard]] std::optional<FieldValue>& operator[](std::string_view name) { return values_[index(name)]; }

 private:
  /// Precondition: `name` is one of field_names.
  [[nodiscard]] static std::size_t index(std::string_view name);

  std::array<std::optional<FieldValue>, field_names.size()> values_;
};

/// The fields of the object, or what is wrong with the JSON.
[[nodiscard]] std::variant<LineFields, std::string> read_fields(std::string_view json);

}  // namespace switchgear::lab
