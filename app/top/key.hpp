// A key, whatever the terminal sends for it.
#pragma once

#include <cstdint>
#include <string>

namespace switchgear::top {

enum class Key : std::uint8_t {
  text,  ///< a character
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  enter,
  escape,
  left,
  right,
  backspace,
  tab,
  back_tab,
  redraw,  ///< Ctrl-L
  other,
};

struct KeyPress {
  Key key = Key::other;
  std::string text{};  ///< of Key::text, in UTF-8
};

}  // namespace switchgear::top
