#include "app/lab/line_fields.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cassert>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "switchgear/config/suggest.hpp"

namespace switchgear::lab {

namespace {

namespace json = boost::json;

/// Receives the parser's events. Values of unknown fields pass by, however deep.
class FieldHandler {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  LineFields fields;
  std::string problem;

  /// A field that may be a mistyped one is a mistake only when that one is missing.
  void check_typos() {
    for (const auto& [found, meant] : typos_) {
      if (fields[meant] || !problem.empty()) continue;
      problem = "unknown field \"" + found + "\"; did you mean \"" + std::string(meant) + "\"?";
    }
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) { return descend(Shape::object, error); }
  bool on_object_end(std::size_t, json::error_code&) { return --depth_, true; }
  bool on_array_begin(json::error_code& error) { return descend(Shape::array, error); }
  bool on_array_end(std::size_t, json::error_code&) { return --depth_, true; }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    return text_.append(part), true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    text_.append(part);
    const bool good = depth_ != 1 || start_field(error);
    text_.clear();
    return good;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    return text_.append(part), true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    return take(FieldValue::Kind::string, part, error);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return text_.append(part), true; }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& error) {
    return take(FieldValue::Kind::number, part, error);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& error) {
    return take(FieldValue::Kind::number, part, error);
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    return take(FieldValue::Kind::number, part, error);
  }
  bool on_bool(bool, json::error_code& error) { return take(FieldValue::Kind::other, {}, error); }
  bool on_null(json::error_code& error) { return take(FieldValue::Kind::other, {}, error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  enum class Shape : std::uint8_t { object, array };

  bool refuse(std::string message, json::error_code& error) {
    problem = std::move(message);
    error = json::error::syntax;  // any error stops the parser; `problem` is what is shown
    return false;
  }

  bool descend(Shape shape, json::error_code& error) {
    if (depth_ == 0 && shape != Shape::object) return refuse("a line must be a JSON object", error);
    if (depth_ == 1 && field_) *field_ = FieldValue{};
    ++depth_;
    return true;
  }

  bool start_field(json::error_code& error) {
    field_ = nullptr;
    if (std::find(field_names.begin(), field_names.end(), text_) == field_names.end()) {
      note_unknown();
      return true;
    }
    std::optional<FieldValue>& value = fields[text_];
    if (value) return refuse("\"" + text_ + "\" is there twice", error);
    field_ = &value;
    return true;
  }

  /// Short names are too near to words a trace may well carry ("time" to "type"), so only long ones are
  /// guessed.
  void note_unknown() {
    constexpr std::size_t long_name = 7;
    const auto meant = config::nearest(text_, std::span{field_names}.first<fields_of_calls>());
    if (meant && meant->size() >= long_name) typos_.emplace_back(text_, *meant);
  }

  bool take(FieldValue::Kind kind, json::string_view part, json::error_code& error) {
    if (depth_ == 0) return refuse("a line must be a JSON object", error);
    text_.append(part);
    if (depth_ == 1 && field_) *field_ = FieldValue{kind, text_};
    text_.clear();
    return true;
  }

  std::size_t depth_ = 0;
  std::string text_;
  std::vector<std::pair<std::string, std::string_view>> typos_;  ///< what was found, what it may mean
  std::optional<FieldValue>* field_ = nullptr;  ///< where the value being read belongs; null: nowhere
};

}  // namespace

std::size_t LineFields::index(std::string_view name) {
  const auto* const found = std::find(field_names.begin(), field_names.end(), name);
  assert(found != field_names.end());
  return static_cast<std::size_t>(found - field_names.begin());
}

std::variant<LineFields, std::string> read_fields(std::string_view line) {
  json::basic_parser<FieldHandler> parser{json::parse_options{}};
  json::error_code error;
  const std::size_t used = parser.write_some(false, line.data(), line.size(), error);
  if (!parser.handler().problem.empty()) return parser.handler().problem;
  if (!error && used < line.size()) error = json::error::extra_data;
  if (error) return "not JSON, column " + std::to_string(used + 1) + ": " + error.message();
  parser.handler().check_typos();
  if (!parser.handler().problem.empty()) return parser.handler().problem;
  return std::move(parser.handler().fields);
}

}  // namespace switchgear::lab
