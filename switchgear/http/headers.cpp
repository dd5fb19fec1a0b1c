#include "switchgear/http/headers.hpp"

#include <algorithm>
#include <stdexcept>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

void require_valid(std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    throw std::invalid_argument(
        "'" + std::string(name) +
        "' is not a header name; use letters, digits and '-', for example X-Request-Id");
  }
  if (has_control(value)) {
    throw std::invalid_argument(
        "the value of header '" + std::string(name) +
        "' holds a line break or another control character; encode it or leave it out");
  }
}

}  // namespace

Headers& Headers::add(std::string_view name, std::string_view value) {
  const std::string_view plain = trimmed(value);
  require_valid(name, plain);
  all_.emplace_back(name, plain);
  return *this;
}

Headers& Headers::set(std::string_view name, std::string_view value) {
  require_valid(name, trimmed(value));
  erase(name);
  return add(name, value);
}

void Headers::erase(std::string_view name) noexcept {
  std::erase_if(all_, [name](const Header& header) { return equals_ignoring_case(header.first, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const noexcept {
  const auto found = std::find_if(all_.begin(), all_.end(), [name](const Header& header) {
    return equals_ignoring_case(header.first, name);
  });
  if (found == all_.end()) return std::nullopt;
  return found->second;
}

bool Headers::lists(std::string_view name, std::string_view element) const noexcept {
  return std::any_of(all_.begin(), all_.end(), [&](const Header& header) {
    return equals_ignoring_case(header.first, name) &&
           !for_each_in_list(header.second,
                             [&](std::string_view each) { return !equals_ignoring_case(each, element); });
  });
}

bool is_credential(std::string_view name) noexcept {
  return std::any_of(credentials.begin(), credentials.end(),
                     [&](std::string_view each) { return equals_ignoring_case(each, name); });
}

}  // namespace switchgear::http
