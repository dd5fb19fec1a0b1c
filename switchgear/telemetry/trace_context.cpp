#include "switchgear/telemetry/trace_context.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace switchgear::telemetry {

namespace {

constexpr std::uint8_t kept_flags = TraceContext::sampled_flag | TraceContext::random_flag;
constexpr int not_hex = -1;

/// Capital letters are not allowed.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : not_hex;
}

/// False if a character is not a digit. At most 16 digits.
bool read_hex(std::string_view digits, std::uint64_t& number) noexcept {
  number = 0;
  for (const char c : digits) {
    const int value = hex_value(c);
    if (value == not_hex) return false;
    number = number << 4U | static_cast<std::uint64_t>(value);
  }
  return true;
}

using Sixteen [[gnu::vector_size(16)]] = unsigned char;

/// All sixteen digits at once: every request that is traced pays for ninety-six and more.
void write_hex(char* to, std::uint64_t number) noexcept {
  if constexpr (std::endian::native == std::endian::little) number = __builtin_bswap64(number);
  Sixteen bytes{};
  std::memcpy(&bytes, &number, sizeof number);
  const Sixteen high = bytes >> 4;
  const Sixteen low = bytes & 0x0f;
  const Sixteen values =
      __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const Sixteen letters = static_cast<Sixteen>(values > 9) & ('a' - '9' - 1);
  const Sixteen digits = values + '0' + letters;
  std::memcpy(to, &digits, sizeof digits);
}

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_key_char(char c) noexcept {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

bool all_key_chars(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_key_char);
}

/// `key`, or `tenant@system`.
bool is_key(std::string_view key) noexcept {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos)
    return !key.empty() && key.size() <= 256 && is_lower(key.front()) && all_key_chars(key);
  const std::string_view tenant = key.substr(0, at);
  const std::string_view system = key.substr(at + 1);
  return !tenant.empty() && tenant.size() <= 241 && (is_lower(tenant.front()) || is_digit(tenant.front())) &&
         all_key_chars(tenant) && !system.empty() && system.size() <= 14 && is_lower(system.front()) &&
         all_key_chars(system);
}

/// Spaces at its end belong to the list and are gone already.
bool is_value(std::string_view value) noexcept {
  return !value.empty() && value.size() <= 256 &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept {
  if (value.size() < traceparent_size) return std::nullopt;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  std::uint64_t version = 0;
  std::uint64_t flags = 0;
  TraceContext context;
  if (!read_hex(value.substr(0, 2), version) || !read_hex(value.substr(3, 16), context.trace.high) ||
      !read_hex(value.substr(19, 16), context.trace.low) ||
      !read_hex(value.substr(36, 16), context.span.value) || !read_hex(value.substr(53, 2), flags))
    return std::nullopt;
  if (version == 0xff || !context.trace.valid() || !context.span.valid()) return std::nullopt;
  if (value.size() > traceparent_size && (version == 0 || value[traceparent_size] != '-'))
    return std::nullopt;
  // A later version may give another meaning to every flag but this.
  context.flags = static_cast<std::uint8_t>(flags & (version == 0 ? kept_flags : TraceContext::sampled_flag));
  return context;
}

TraceparentText traceparent_of(const TraceContext& context) noexcept {
  TraceparentText text;
  text[0] = text[1] = '0';
  text[2] = text[35] = text[52] = '-';
  write_hex(text.data() + 3, context.trace.high);
  write_hex(text.data() + 19, context.trace.low);
  write_hex(text.data() + 36, context.span.value);
  text[53] = '0';
  text[54] = static_cast<char>('0' + (context.flags & kept_flags));
  return text;
}

std::array<char, 32> hex_of(TraceId id) noexcept {
  std::array<char, 32> text;
  write_hex(text.data(), id.high);
  write_hex(text.data() + 16, id.low);
  return text;
}

std::array<char, 16> hex_of(SpanId id) noexcept {
  std::array<char, 16> text;
  write_hex(text.data(), id.value);
  return text;
}

std::optional<std::size_t> tracestate_members(std::string_view value) noexcept {
  std::size_t members = 0;
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    const std::string_view member = trimmed(value.substr(begin, end - begin));
    begin = end + 1;
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || !is_key(member.substr(0, equals)) ||
        !is_value(member.substr(equals + 1)))
      return std::nullopt;
    ++members;
  }
  return members;
}

}  // namespace switchgear::telemetry
