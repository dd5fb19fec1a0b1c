#include "switchgear/config/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>
#include <utility>

namespace switchgear::config {

namespace {

struct Character {
  char32_t code;
  std::size_t length;
};

/// A byte that starts nothing stands for itself: names of files need not be UTF-8.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0xC0U ? 1 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  if (length == 1 || length > text.size()) return {first, 1};
  char32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {first, 1};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  return {code, length};
}

/// A terminal does not show these, and may obey them: controls, spaces that are not the one of ASCII, what
/// has no width, what turns the direction of writing. Joiners (U+200C, U+200D) are letters' own business.
bool is_invisible(char32_t code) {
  static constexpr std::array<std::pair<char32_t, char32_t>, 13> ranges{{{0x00, 0x1F},
                                                                         {0x7F, 0xA0},
                                                                         {0xAD, 0xAD},
                                                                         {0x61C, 0x61C},
                                                                         {0x1680, 0x1680},
                                                                         {0x180E, 0x180E},
                                                                         {0x2000, 0x200B},
                                                                         {0x200E, 0x200F},
                                                                         {0x2028, 0x202F},
                                                                         {0x205F, 0x206F},
                                                                         {0x3000, 0x3000},
                                                                         {0xFEFF, 0xFEFF},
                                                                         {0xE0000, 0xE007F}}};
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& range) { return code >= range.first && code <= range.second; });
}

bool before(const Diagnostic& a, const Diagnostic& b) {
  return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
}

}  // namespace

std::string Diagnostic::text() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

void Report::add(Findings& findings, Mark at, std::string_view path, std::string_view message) const {
  ++findings.found;
  if (findings.kept.size() >= most_kept) return;
  std::string text;
  if (!path.empty()) text = printable(path) + ": ";
  findings.kept.push_back({file_, at.line, at.column, text.append(message)});
}

std::vector<Diagnostic> Report::take(Findings& findings) const {
  std::sort(findings.kept.begin(), findings.kept.end(), before);
  if (findings.found > findings.kept.size()) {
    const Diagnostic last = findings.kept.back();
    findings.kept.push_back({file_, last.line, last.column,
                             std::to_string(findings.found - findings.kept.size()) + " more are not shown"});
  }
  return std::move(findings.kept);
}

std::string printable(std::string_view text) {
  constexpr std::size_t most = 200;
  std::string result;
  while (!text.empty()) {
    if (result.size() >= most) return result + "…";
    const Character next = first_character(text);
    if (is_invisible(next.code)) {
      std::array<char, 16> escaped{};
      std::snprintf(escaped.data(), escaped.size(), next.code < 0x80 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(next.code));
      result += escaped.data();
    } else {
      result += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return result;
}

std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string join(std::string_view parent, std::string_view key) {
  if (parent.empty()) return std::string(key);
  return std::string(parent).append(".").append(key);
}

}  // namespace switchgear::config
