#include "app/shell/checks.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <system_error>

namespace switchgear::shell {

namespace {

template <class Number>
CLI::Validator within(const char* kind, Number least, Number most) {
  const auto check = [=](const std::string& text) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    const bool good = read.ec == std::errc{} && read.ptr == end && value >= least && value <= most;
    return good ? std::string{} : fmt::format("{:?} is not {} from {} to {}", text, kind, least, most);
  };
  return {check, "NUMBER"};
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return within("a whole number", least, most);
}

CLI::Validator number(double least, double most) { return within("a number", least, most); }

CLI::Validator not_empty() {
  return {
      [](const std::string& text) { return text.empty() ? std::string{"must not be empty"} : std::string{}; },
      ""};
}

}  // namespace switchgear::shell
