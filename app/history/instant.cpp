#include "app/history/instant.hpp"

#include "switchgear/config/duration.hpp"
#include "switchgear/config/timestamp.hpp"

namespace switchgear::history {

std::optional<WallAnchor::Wall> parse_instant(std::string_view text, WallAnchor::Wall now) {
  if (text == "now") return now;
  if (!text.starts_with('-')) return config::parse_timestamp(text);
  const auto length = config::parse_duration(text.substr(1)).value;
  if (!length || *length > now.time_since_epoch()) return std::nullopt;
  return now - *length;
}

}  // namespace switchgear::history
