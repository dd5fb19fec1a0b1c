#include "switchgear/admin/json_text.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>

#include "switchgear/core/utf8.hpp"

namespace switchgear::admin {
namespace {

void append(std::string& text, const boost::json::value& value);

void append(std::string& text, boost::json::string_view string) {
  const std::string clean = as_utf8({string.data(), string.size()});
  text += boost::json::serialize(boost::json::string_view{clean.data(), clean.size()});
}

void append(std::string& text, double number) {
  if (!std::isfinite(number)) {
    text += "null";
    return;
  }
  std::array<char, 32> digits{};  // the longest shortest form of a double has 24 characters
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), end.ptr);
}

void append(std::string& text, const boost::json::object& object) {
  text += '{';
  for (const auto& [key, member] : object) {
    if (text.back() != '{') text += ',';
    append(text, boost::json::string_view{key});
    text += ':';
    append(text, member);
  }
  text += '}';
}

void append(std::string& text, const boost::json::array& array) {
  text += '[';
  for (const auto& element : array) {
    if (text.back() != '[') text += ',';
    append(text, element);
  }
  text += ']';
}

void append(std::string& text, const boost::json::value& value) {
  if (const auto* object = value.if_object()) return append(text, *object);
  if (const auto* array = value.if_array()) return append(text, *array);
  if (const auto* number = value.if_double()) return append(text, *number);
  if (const auto* string = value.if_string()) return append(text, boost::json::string_view{*string});
  text += boost::json::serialize(value);
}

}  // namespace

std::string json_text(const boost::json::value& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace switchgear::admin
