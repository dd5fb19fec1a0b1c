// What a replay printed beside what the model expects, line by line.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchgear::model {

/// The same but for the number behind `before`, which may be off by a part of itself.
inline bool same_but_for_number(const std::string& expected, const std::string& printed,
                                std::string_view before, double off) {
  const auto from_expected = expected.find(before);
  const auto from_printed = printed.find(before);
  if (from_expected == std::string::npos || from_printed == std::string::npos) return false;
  const auto split = [&](const std::string& line, std::size_t from) {
    from += before.size();
    return std::pair{line.substr(0, from) + line.substr(line.find(',', from)), std::stod(line.substr(from))};
  };
  const auto [wanted_rest, wanted] = split(expected, from_expected);
  const auto [found_rest, found] = split(printed, from_printed);
  return wanted_rest == found_rest && std::abs(wanted - found) <= off * wanted;
}

/// The evidence of a latency rule is rounded; the end of an interval is worked out in another way by the
/// model.
inline bool same_line(const std::string& expected, const std::string& printed) {
  // When the memory of a value that is over is freed, only its owner knows.
  constexpr std::string_view freed = R"(,"evicted":0,"retired":)";
  const auto end = expected.find(freed);
  if (end != std::string::npos) return expected.substr(0, end) == printed.substr(0, printed.find(freed));
  return expected == printed ||
         same_but_for_number(expected, printed, R"("rule":"latency","value":)", 0.02) ||
         same_but_for_number(expected, printed, R"("rule":"failure_rate","value":)", 1e-9);
}

/// The first line that differs, both versions; empty when none does.
inline std::string first_difference(const std::vector<std::string>& expected, const std::string& printed) {
  std::istringstream lines(printed);
  std::string line;
  for (std::size_t i = 0; std::getline(lines, line); ++i) {
    const std::string wanted = i < expected.size() ? expected[i] : "no line";
    if (same_line(wanted, line)) continue;
    std::ostringstream text;
    text << "line " << i + 1 << "\nmodel:  " << wanted << "\nreplay: " << line;
    return text.str();
  }
  const auto count = static_cast<std::size_t>(std::count(printed.begin(), printed.end(), '\n'));
  return count == expected.size() ? ""
                                  : "replay ends after " + std::to_string(count) + " lines; the model says " +
                                        std::to_string(expected.size());
}

inline int occurrences(const std::string& text, std::string_view of) {
  int count = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

}  // namespace switchgear::model
