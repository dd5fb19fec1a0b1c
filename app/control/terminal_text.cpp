#include "app/control/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cwchar>
#include <utility>

#include <locale.h>

namespace switchgear::control {
namespace {

constexpr std::size_t most_marks = 2;

/// The thread's characters are those of UTF-8 while it lives, whatever the user's locale is.
class InUtf8 {
 public:
  InUtf8() : before_(::uselocale(utf8())) {}
  InUtf8(const InUtf8&) = delete;
  InUtf8& operator=(const InUtf8&) = delete;
  ~InUtf8() { ::uselocale(before_); }

 private:
  static locale_t utf8() {
    static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;  // null leaves the locale as it is
  }
  locale_t before_;
};

/// Characters without a width of their own that reorder, join or hide what stands beside them.
bool changes_others(wchar_t letter) {
  constexpr std::array<std::pair<wchar_t, wchar_t>, 10> ranges{{{0x00ad, 0x00ad},
                                                                {0x061c, 0x061c},
                                                                {0x180b, 0x180f},
                                                                {0x200b, 0x200f},
                                                                {0x2028, 0x202e},
                                                                {0x2060, 0x206f},
                                                                {0xfe00, 0xfe0f},
                                                                {0xfeff, 0xfeff},
                                                                {0xfff9, 0xfffb},
                                                                {0xe0000, 0xe0fff}}};
  return std::any_of(ranges.begin(), ranges.end(),
                     [letter](const auto& range) { return letter >= range.first && letter <= range.second; });
}

bool is_plain(char byte) { return byte >= 0x20 && byte < 0x7f; }

}  // namespace

std::vector<Glyph> glyphs_of(std::string_view text) {
  std::vector<Glyph> made;
  made.reserve(text.size());
  const InUtf8 reading;
  std::size_t marks = 0;
  while (!text.empty()) {
    if (is_plain(text.front())) {
      made.push_back({std::string{text.front()}, 1});
      text.remove_prefix(1);
      marks = 0;
      continue;
    }
    std::mbstate_t begin{};
    wchar_t letter = 0;
    const std::size_t size = std::mbrtowc(&letter, text.data(), text.size(), &begin);
    const bool read = size > 0 && size <= text.size();
    const std::string_view bytes = text.substr(0, read ? size : 1);
    text.remove_prefix(bytes.size());
    const int width = read && !changes_others(letter) ? ::wcwidth(letter) : -1;
    if (width > 0) {
      made.push_back({std::string{bytes}, static_cast<std::size_t>(width)});
      marks = 0;
    } else if (width == 0 && !made.empty()) {
      if (++marks <= most_marks) made.back().text += bytes;
    } else {
      made.push_back({"?", 1});
      marks = 0;
    }
  }
  return made;
}

std::string printable(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string{text};
  std::string made;
  for (const Glyph& glyph : glyphs_of(text)) made += glyph.text;
  return made;
}

std::size_t columns_of(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) return text.size();
  std::size_t columns = 0;
  for (const Glyph& glyph : glyphs_of(text)) columns += glyph.columns;
  return columns;
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) {
    return printable(text) + std::string(columns - columns_of(text), ' ');
  }
  std::string made;
  std::size_t taken = 0;
  for (const Glyph& glyph : glyphs_of(text)) {
    if (taken + glyph.columns + 1 > columns) break;
    made += glyph.text;
    taken += glyph.columns;
  }
  if (columns > 0) made += "…";
  return made + std::string(columns - std::min(columns, taken + 1), ' ');
}

}  // namespace switchgear::control
