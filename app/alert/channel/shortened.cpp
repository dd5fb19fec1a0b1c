#include "app/alert/channel/shortened.hpp"

#include <algorithm>

#include "switchgear/core/utf8.hpp"

namespace switchgear::alert {

std::string shortened(std::string_view text, std::size_t most) {
  constexpr std::string_view ellipsis = "…";
  std::string whole = as_utf8(text);
  if (whole.size() <= most) return whole;
  std::size_t end = 0;
  const std::size_t room = most - std::min(most, ellipsis.size());
  for (std::size_t next = utf8_length(whole); next > 0 && end + next <= room;
       next = utf8_length(std::string_view{whole}.substr(end)))
    end += next;
  whole.resize(end);
  return whole.append(ellipsis.substr(0, most >= ellipsis.size() ? ellipsis.size() : 0));
}

std::string one_line(std::string_view text, std::size_t most) { return on_one_line(shortened(text, most)); }

}  // namespace switchgear::alert
