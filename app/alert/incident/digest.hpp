// Short names for incidents and messages.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace switchgear::alert {

/// 16 hexadecimal digits of some texts: FNV-1a, the same in every process. Not for secrets.
[[nodiscard]] inline std::string digest(std::initializer_list<std::string_view> texts) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto take = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3U; };
  for (const std::string_view text : texts) {
    for (const char letter : text) take(static_cast<unsigned char>(letter));
    take(0xFF);  // which is in no text of UTF-8, so that {"a", "b"} is not {"ab", ""}
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (int shift = 60; shift >= 0; shift -= 4) name += digits[(hash >> static_cast<unsigned>(shift)) & 15U];
  return name;
}

}  // namespace switchgear::alert
