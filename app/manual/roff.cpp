#include "app/manual/roff.hpp"

namespace switchgear::manual {

namespace {

constexpr std::size_t width = 78;

/// A line that begins with a full stop or an apostrophe would be a macro.
void add_line(std::string& page, std::string_view line) {
  if (line.starts_with('.') || line.starts_with('\'')) page += "\\&";
  page.append(line).append("\n");
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }

std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

Roff& Roff::macro(std::string_view name, std::initializer_list<std::string_view> arguments) {
  page_.append(".").append(name);
  for (const std::string_view each : arguments) {
    const bool quoted = each.empty() || each.find(' ') != std::string_view::npos;
    page_.append(quoted ? " \"" : " ").append(each).append(quoted ? "\"" : "");
  }
  page_ += "\n";
  return *this;
}

Roff& Roff::text(std::string_view line) {
  while (line.size() > width) {
    std::size_t space = line.rfind(' ', width);
    if (space == std::string_view::npos) space = line.find(' ');
    if (space == std::string_view::npos) break;
    add_line(page_, line.substr(0, space));
    line.remove_prefix(space + 1);
  }
  add_line(page_, line);
  return *this;
}

Roff& Roff::entry(std::string_view term, std::string_view line) {
  macro("TP");
  add_line(page_, term);
  return text(line);
}

}  // namespace switchgear::manual
