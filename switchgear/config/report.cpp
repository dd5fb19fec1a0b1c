#include "switchgear/config/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>
#include <utility>

#include "switchgear/core/utf8.hpp"

namespace switchgear::config {

namespace {

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
    const Utf8Character next = first_character(text);
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
