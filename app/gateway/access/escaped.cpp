#include "app/gateway/access/escaped.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "switchgear/core/utf8.hpp"

namespace switchgear::gateway {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

[[nodiscard]] constexpr unsigned byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
[[nodiscard]] constexpr bool is_control(char c) noexcept { return byte_of(c) < 0x20 || byte_of(c) == 0x7f; }

/// Bytes that stand for themselves in every form.
constexpr std::array<bool, 256> plain = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

/// How many characters at the front stand for themselves.
[[nodiscard]] std::size_t plain_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length < text.size() && plain[byte_of(text[length])]) ++length;
  return length;
}

using Sixteen [[gnu::vector_size(16)]] = signed char;

/// Whether all stand for themselves: eight characters from `first` on, and eight from `second` on.
[[nodiscard]] bool are_plain(const char* first, const char* second) noexcept {
  Sixteen c;
  std::memcpy(&c, first, 8);
  std::memcpy(reinterpret_cast<char*>(&c) + 8, second, 8);
  const Sixteen other = (c < 0x20) | (c == '"') | (c == '\\') | (c == 0x7f);  // below 0: not ASCII
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), &other, sizeof other);
  return (halves[0] | halves[1]) == 0;
}

/// Sixteen characters at a time, because most texts are plain. The last ones may be looked at twice.
[[nodiscard]] bool is_plain(std::string_view text) noexcept {
  if (text.size() < 8) return plain_length(text) == text.size();
  const char* const last = text.data() + text.size() - 8;
  const char* at = text.data();
  for (; last - at > 8; at += 16) {
    if (!are_plain(at, at + 8)) return false;
  }
  return are_plain(at < last ? at : last, last);
}

void append_hex(TextBuffer& out, std::string_view prefix, unsigned byte) {
  out.append(prefix);
  out.append(hex[byte >> 4U]);
  out.append(hex[byte & 15U]);
}

/// One character that is not plain; returns its length.
std::size_t append_json_character(TextBuffer& out, std::string_view rest) {
  const char first = rest.front();
  if (first == '"' || first == '\\') {
    out.append('\\');
    out.append(first);
    return 1;
  }
  if (is_control(first)) {
    append_hex(out, "\\u00", byte_of(first));
    return 1;
  }
  const std::size_t length = utf8_length(rest);
  if (length == 0) {
    out.append("\\ufffd");
    return 1;
  }
  if (length == 2 && byte_of(first) == 0xC2 && byte_of(rest[1]) < 0xA0) {
    append_hex(out, "\\u00", byte_of(rest[1]));
    return 2;
  }
  out.append(rest.substr(0, length));
  return length;
}

/// One character that is not plain, as printable ASCII; returns its length.
std::size_t append_ascii(TextBuffer& out, std::string_view rest) {
  const char first = rest.front();
  if (first == '"' || first == '\\') {
    out.append('\\');
    out.append(first);
  } else {
    append_hex(out, "\\x", byte_of(first));
  }
  return 1;
}

/// `append_character` is given what is left from a character that is not plain on.
template <class AppendCharacter>
void append_with(TextBuffer& out, std::string_view text, AppendCharacter append_character) {
  if (is_plain(text)) {
    out.append(text);
    return;
  }
  for (;;) {
    const std::size_t length = plain_length(text);
    out.append(text.substr(0, length));
    text.remove_prefix(length);
    if (text.empty()) return;
    text.remove_prefix(append_character(out, text));
  }
}

}  // namespace

void append_json(TextBuffer& out, std::string_view text) {
  out.append('"');
  append_with(out, text, append_json_character);
  out.append('"');
}

void append_quoted(TextBuffer& out, std::string_view text) {
  out.append('"');
  append_escaped(out, text);
  out.append('"');
}

void append_escaped(TextBuffer& out, std::string_view text) { append_with(out, text, append_ascii); }

void append_on_one_line(TextBuffer& out, std::string_view text) {
  for (const char c : text) {
    if (is_control(c)) {
      append_hex(out, "\\x", byte_of(c));
    } else {
      out.append(c);
    }
  }
}

}  // namespace switchgear::gateway
