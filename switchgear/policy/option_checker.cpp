#include "switchgear/policy/option_checker.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "switchgear/core/raise.hpp"

namespace switchgear {

std::string OptionChecker::number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.12g", value);
  // 1.00000000000001 is not a ratio, but 1 would be.
  if (std::strtod(text.data(), nullptr) != value) std::snprintf(text.data(), text.size(), "%.17g", value);
  return text.data();
}

std::string OptionChecker::seconds(Duration length) { return number(to_seconds(length)) + "s"; }

void OptionChecker::want(bool holds, std::string_view key, const std::string& found,
                         std::string_view wanted) {
  if (!holds) problems_.push_back({std::string(key), found + " is not " + std::string(wanted)});
}

void OptionChecker::positive(std::string_view key, Duration length) {
  want(length > Duration::zero(), key, seconds(length), "longer than 0s");
}

void OptionChecker::not_negative(std::string_view key, Duration length) {
  want(length >= Duration::zero(), key, seconds(length), "0s or longer");
}

void OptionChecker::ratio_above_zero(std::string_view key, double value) {
  want(value > 0 && value <= 1, key, number(value), "a ratio above 0 and at most 1");
}

void OptionChecker::ratio(std::string_view key, double value) {
  want(value >= 0 && value <= 1, key, number(value), "a ratio from 0 to 1");
}

void OptionChecker::problem(std::string_view key, std::string message) {
  problems_.push_back({std::string(key), std::move(message)});
}

std::vector<OptionProblem> OptionChecker::take() { return std::move(problems_); }

void require_valid(std::string_view policy, std::string_view name,
                   const std::vector<OptionProblem>& problems) {
  if (problems.empty()) return;
  std::string text = std::string(policy) + " '" + std::string(name) + "':";
  for (const OptionProblem& problem : problems) {
    text += ' ';
    if (!problem.key.empty()) text += problem.key + ": ";
    text += problem.message + ';';
  }
  text.pop_back();
  detail::raise_invalid(text);
}

}  // namespace switchgear
