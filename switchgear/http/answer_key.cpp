#include "switchgear/http/answer_key.hpp"

#include <algorithm>
#include <array>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

constexpr std::array<std::string_view, 5> choosing{"Accept", "Accept-Charset", "Accept-Encoding",
                                                   "Accept-Language", "Origin"};
constexpr std::array<std::string_view, 6> conditions{"If-Match", "If-Modified-Since",   "If-None-Match",
                                                     "If-Range", "If-Unmodified-Since", "Range"};

template <std::size_t N>
[[nodiscard]] bool is_among(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view each) { return equals_ignoring_case(each, name); });
}

}  // namespace

std::string answer_key(const Url& url, const Headers& clients_own) {
  std::string key = url.text();
  // A line for each: neither a URL nor a value holds a line end.
  for (const auto& [name, value] : clients_own) {
    if (is_among(choosing, name)) key.append("\n").append(name).append(": ").append(value);
  }
  return key;
}

bool is_answered_by_itself(const Headers& requests_own, const Headers& sent) noexcept {
  return std::any_of(requests_own.begin(), requests_own.end(),
                     [](const auto& header) { return is_among(choosing, header.first); }) ||
         std::any_of(sent.begin(), sent.end(), [](const auto& header) {
           return is_credential(header.first) || is_among(conditions, header.first);
         });
}

bool is_covered_by_key(std::string_view header) noexcept {
  return is_among(choosing, header) || is_credential(header);
}

}  // namespace switchgear::http
