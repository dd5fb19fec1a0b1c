// Numbers, lengths and instants as reports and diagnoses write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::words {

/// `12.3%`, of a ratio. At most one decimal, none where it says nothing.
[[nodiscard]] std::string percent(double ratio);

/// Up to four significant digits behind the point, without an exponent: `1,234,568`, `12.35`, `0.4`.
[[nodiscard]] std::string number(double value);

/// Of money: `3038.50`, `32,312.50`.
[[nodiscard]] std::string amount(double value);

/// `250 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: two units at most.
[[nodiscard]] std::string length(Duration length);

/// `2026-03-01 12:00:05`, UTC.
[[nodiscard]] std::string instant(WallAnchor::Wall at);

/// `12:00:05`, UTC.
[[nodiscard]] std::string clock(WallAnchor::Wall at);

/// `1 call`, `2 calls`.
[[nodiscard]] std::string count(std::uint64_t n, std::string_view thing);

/// Text from outside on one line that cannot steer a terminal: U+FFFD for what is not UTF-8, `?` for control
/// characters.
[[nodiscard]] std::string plain(std::string_view text);

/// As one word of a shell's command line, in single quotes when it needs them.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace switchgear::words
