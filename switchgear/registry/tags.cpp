#include "switchgear/registry/tags.hpp"

#include <algorithm>
#include <string_view>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {
namespace {

constexpr std::size_t most = 16;
constexpr std::size_t longest_key = 64;
constexpr std::size_t longest_value = 256;

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= longest_key && is_letter(key.front()) &&
         std::ranges::all_of(key, [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}
bool is_value(std::string_view value) {
  return value.size() <= longest_value && std::ranges::none_of(value, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

}  // namespace

std::vector<OptionProblem> validate(const Tags& tags) {
  OptionChecker check;
  check.want(tags.size() <= most, "tags", std::to_string(tags.size()), "at most " + std::to_string(most));
  for (const auto& [key, value] : tags) {
    check.want(is_key(key), "tags", "the key '" + key.substr(0, longest_key) + "'",
               "1 to 64 of a-z, 0-9 and _, beginning with a letter");
    check.want(is_value(value), "tags." + key.substr(0, longest_key), "its value",
               "at most 256 bytes without control characters");
  }
  return check.take();
}

}  // namespace switchgear
