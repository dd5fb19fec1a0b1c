#include "switchgear/config/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <tuple>

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
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool starts_character = (byte & 0xC0U) != 0x80U;
    if (result.size() >= most && starts_character) return result + "…";
    // C1 controls are two bytes in UTF-8, and some terminals obey them.
    const bool c1 = byte == 0xC2U && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0U;
    if (byte >= 0x20U && byte != 0x7FU && !c1) {
      result += text[i];
      continue;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                  c1 ? static_cast<unsigned char>(text[++i]) : byte);
    result += escaped.data();
  }
  return result;
}

std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string join(std::string_view parent, std::string_view key) {
  if (parent.empty()) return std::string(key);
  return std::string(parent).append(".").append(key);
}

}  // namespace switchgear::config
