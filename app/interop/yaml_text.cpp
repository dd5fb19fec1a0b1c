#include "app/interop/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "switchgear/core/utf8.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_line = 100;

bool is_letter(char each) { return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z'); }
bool is_digit(char each) { return each >= '0' && each <= '9'; }

/// `30s`, `1.5s`: no number in any YAML.
bool is_length(std::string_view text) {
  const std::size_t unit = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view name = text.substr(unit);
  return unit > 0 && is_digit(text.front()) && is_digit(text[unit - 1]) &&
         (name == "h" || name == "m" || name == "s" || name == "ms" || name == "us" || name == "ns");
}

/// Words that YAML 1.1 reads as something else than text.
bool is_reserved(std::string_view text) {
  constexpr std::array<std::string_view, 10> words{"true", "false", "yes", "no", "on",
                                                   "off",  "null",  "y",   "n",  "nan"};
  const auto same = [text](std::string_view word) {
    return std::ranges::equal(text, word, {}, [](char each) { return static_cast<char>(each | 0x20); });
  };
  return std::ranges::any_of(words, same);
}

bool is_plain(std::string_view text) {
  if (is_length(text)) return true;
  if (text.empty() || !(is_letter(text.front()) || text.front() == '_' || text.front() == '/')) return false;
  const bool harmless = std::ranges::all_of(text, [](char each) {
    return is_letter(each) || is_digit(each) || each == '_' || each == '-' || each == '.' || each == '/';
  });
  return harmless && !is_reserved(text);
}

void append_escaped(std::string& out, char32_t code, std::string_view bytes) {
  if (code == '"' || code == '\\') {
    out.append("\\").append(bytes);
  } else if (code == '\n') {
    out += "\\n";
  } else if (is_invisible(code)) {
    std::array<char, 16> escaped{};
    std::snprintf(escaped.data(), escaped.size(), code <= 0xFFFF ? "\\u%04x" : "\\U%08x",
                  static_cast<unsigned>(code));
    out += escaped.data();
  } else {
    out += bytes;
  }
}

std::string text_of(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string result = "\"";
  const std::string clean = as_utf8(text);
  for (std::string_view rest = clean; !rest.empty();) {
    const Utf8Character next = first_character(rest);
    append_escaped(result, next.code, rest.substr(0, next.length));
    rest.remove_prefix(next.length);
  }
  return result += '"';
}

std::string scalar_of(const json::value& value) {
  if (value.is_string()) return text_of(std::string_view{value.get_string()});
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_double()) return number_text(value.get_double());
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return "null";
}

/// On one line, if it is no longer than `room`.
std::optional<std::string> flow_of(const json::value& value, std::size_t room) {
  std::string text;
  const auto append = [&](std::string_view before, const json::value& inner) {
    const auto flow = flow_of(inner, room);
    if (!flow || text.size() + before.size() + flow->size() >= room) return false;
    text.append(before).append(*flow);
    return true;
  };
  if (const auto* array = value.if_array()) {
    for (const json::value& item : *array) {
      if (!append(text.empty() ? "[" : ", ", item)) return std::nullopt;
    }
    text += text.empty() ? "[]" : "]";
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object) {
      if (!append((text.empty() ? "{" : ", ") + text_of(key) + ": ", inner)) return std::nullopt;
    }
    text += text.empty() ? "{}" : "}";
  } else {
    text = scalar_of(value);
  }
  return text;
}

/// On one line however long that is.
bool is_flat(const json::value& value) {
  const auto scalar = [](const json::value& item) { return !item.is_object() && !item.is_array(); };
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, scalar);
  return scalar(value);
}

std::optional<std::string> on_one_line(const json::value& value, std::size_t column) {
  if (is_flat(value)) return flow_of(value, std::string::npos);
  return column < longest_line ? flow_of(value, longest_line - column) : std::nullopt;
}

void append_block(std::string& out, const json::object& object, std::size_t indent, bool indented);

void append_value(std::string& out, const json::value& value, std::size_t indent, std::size_t dash) {
  const std::size_t column = out.size() - (out.rfind('\n') + 1);
  if (const auto line = on_one_line(value, column + 1)) {
    out.append(" ").append(*line).append("\n");
    return;
  }
  if (const auto* array = value.if_array()) {
    out += '\n';
    for (const json::value& item : *array) {
      out.append(indent + dash, ' ').append("-");
      const auto* object = item.if_object();
      const std::size_t at = out.size() - (out.rfind('\n') + 1);
      if (object == nullptr || on_one_line(item, at + 1)) {
        append_value(out, item, indent + dash + 2, 0);
      } else {
        out += ' ';
        append_block(out, *object, indent + dash + 2, true);
      }
    }
    return;
  }
  out += '\n';
  append_block(out, value.get_object(), indent + 2, false);
}

/// `indented`: the first line already is.
void append_block(std::string& out, const json::object& object, std::size_t indent, bool indented) {
  for (const auto& [key, value] : object) {
    if (!indented) out.append(indent, ' ');
    indented = false;
    out.append(text_of(key)).append(":");
    append_value(out, value, indent, 2);
  }
}

}  // namespace

std::string number_text(double number) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return {digits.data(), end};
}

std::string to_yaml(const json::object& document) {
  if (document.empty()) return "{}\n";
  std::string text;
  append_block(text, document, 0, false);
  return text;
}

}  // namespace switchgear::interop
