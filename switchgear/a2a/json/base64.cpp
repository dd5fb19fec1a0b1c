#include "switchgear/a2a/json/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace switchgear::a2a::wire {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t six_bits = 63;

[[nodiscard]] std::optional<std::uint32_t> value_of(char digit) noexcept {
  if (digit == '-') digit = '+';
  if (digit == '_') digit = '/';
  const std::size_t at = alphabet.find(digit);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j != 3; ++j)
      group = group << 8U | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j != 4; ++j)
      text += i + j > bytes.size() ? '=' : alphabet[group >> (18U - 6U * j) & six_bits];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char digit : text) {
    const std::optional<std::uint32_t> value = value_of(digit);
    if (!value) return std::nullopt;
    group = group << 6U | *value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255U);
  }
  return bytes;
}

}  // namespace switchgear::a2a::wire
