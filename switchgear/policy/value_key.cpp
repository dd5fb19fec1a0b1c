#include "switchgear/policy/value_key.hpp"

#include <algorithm>

namespace switchgear {

namespace {
constexpr std::string_view hex = "0123456789ABCDEF";
}  // namespace

ValueKey::ValueKey(std::string_view value, const SipKey& secret) noexcept
    : hash_(sip_hash(secret, value)), text_(value) {
  static_assert(std::tuple_size_v<decltype(cut_)> > longest_value);
  if (value.size() <= longest_value) return;
  char* end = std::copy_n(value.data(), kept_of_long, cut_.data());
  *end++ = '~';
  for (unsigned digit = digits; digit-- > 0;) *end++ = hex[hash_ >> (4 * digit) & 0xfU];
  text_ = {cut_.data(), cut_.size()};
}

std::optional<std::uint64_t> ValueKey::hash_in(std::string_view text) noexcept {
  if (text.size() != kept_of_long + 1 + digits || text[kept_of_long] != '~') return std::nullopt;
  std::uint64_t hash = 0;
  for (const char each : text.substr(kept_of_long + 1)) {
    const auto digit = hex.find(each);
    if (digit == std::string_view::npos) return std::nullopt;
    hash = hash << 4U | digit;
  }
  return hash;
}

std::string shown_value(std::string_view text) {
  std::string shown;
  for (const char each : text) {
    if (each > ' ' && each < '\x7f' && each != '%') {
      shown += each;
      continue;
    }
    const auto byte = static_cast<unsigned char>(each);
    shown += '%';
    shown += hex[byte >> 4U];
    shown += hex[byte & 0xfU];
  }
  return shown;
}

}  // namespace switchgear
