#include "switchgear/telemetry/json_text.hpp"

#include <algorithm>

#include "switchgear/core/utf8.hpp"

namespace switchgear::telemetry {

namespace {

[[nodiscard]] bool stands_as_it_is(char c) noexcept { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

void append_escaped(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.append(1, '\\').append(1, c);
  } else if (c >= 0 && c < ' ') {
    out.append("\\u00").append(1, hex[static_cast<std::size_t>(c) >> 4U]).append(1, hex[c & 15]);
  } else {
    out += c;
  }
}

}  // namespace

JsonText& JsonText::text(std::string_view value) {
  if (std::all_of(value.begin(), value.end(), stands_as_it_is)) return plain(value);
  separate();
  out_ += '"';
  for (const char c : as_utf8(value)) append_escaped(out_, c);
  out_ += '"';
  return *this;
}

}  // namespace switchgear::telemetry
