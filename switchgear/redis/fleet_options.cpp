#include "switchgear/redis/fleet_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace switchgear::redis {

namespace {

std::string shortest(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

constexpr bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::vector<OptionProblem> validate(const FleetOptions& options) {
  using namespace std::chrono_literals;
  std::vector<OptionProblem> problems;
  const auto unless = [&](bool holds, const char* key, std::string message) {
    if (!holds) problems.push_back({key, std::move(message)});
  };
  const bool named = !options.name_space.empty() && options.name_space.size() <= 100 &&
                     options.name_space.find_first_of(std::string("{}:\n\r\0", 6)) == std::string::npos;
  unless(named, "namespace", "must have 1 to 100 characters, without braces, colons and line breaks");
  unless(options.identity.size() <= 100 &&
             std::all_of(options.identity.begin(), options.identity.end(), is_word),
         "identity", "must be at most 100 letters and digits");
  unless(options.quorum > 0 && options.quorum <= 1, "quorum",
         "is " + shortest(options.quorum) + "; it must be above 0 and at most 1");
  unless(options.min_votes >= 2 && options.min_votes <= 10'000, "min_votes",
         "is " + std::to_string(options.min_votes) +
             "; it must be 2 to 10000, because a single process never decides for the others");
  unless(options.fresh >= 1s && options.fresh <= 5min, "fresh", "must be 1s to 5m");
  unless(options.interval >= 50ms && options.interval <= options.fresh / 3, "interval",
         "must be 50ms to a third of fresh, or what is known is forgotten between two reports");
  unless(options.probe >= 100ms && options.probe <= 5min, "probe", "must be 100ms to 5m");
  return problems;
}

}  // namespace switchgear::redis
