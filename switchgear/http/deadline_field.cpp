#include "switchgear/http/deadline_field.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

using std::chrono::milliseconds;

// Nothing here takes longer, and no sum of it and a time can overflow.
constexpr milliseconds longest = std::chrono::hours{24};
constexpr std::size_t most_digits = 18;

[[nodiscard]] std::optional<Duration> length_in(std::string_view text) noexcept {
  std::int64_t count = 0;
  if (!is_digits(text) || text.size() > most_digits) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return std::min(milliseconds{count}, longest);
}

}  // namespace

DeadlineClaim deadline_claim(const FieldList& fields) noexcept {
  DeadlineClaim claim;
  bool found = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::unknown || !equals_lower(field.name, deadline_field)) continue;
    claim.left = found ? std::nullopt : length_in(field.value);
    claim.malformed = !claim.left;
    found = true;
  }
  return claim;
}

std::string_view write_deadline(std::span<char, longest_deadline_line> into, Duration left) noexcept {
  constexpr std::string_view end = "\r\n";
  const auto whole = std::max<std::int64_t>(1, std::chrono::duration_cast<milliseconds>(left).count());
  char* at = std::copy(deadline_field.begin(), deadline_field.end(), into.data());
  *at++ = ':';
  *at++ = ' ';
  at = std::to_chars(at, into.data() + into.size() - end.size(), whole).ptr;
  at = std::copy(end.begin(), end.end(), at);
  return {into.data(), static_cast<std::size_t>(at - into.data())};
}

}  // namespace switchgear::http
