#include "app/top/order.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <limits>
#include <sstream>
#include <tuple>

namespace switchgear::top {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string made{text};
  for (char& each : made) each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
  return made;
}

std::vector<std::string> words_of(std::string_view filter) {
  std::istringstream text{in_lower_case(filter)};
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

bool has_all(const std::string& text, const std::vector<std::string>& words) {
  const std::string lower = in_lower_case(text);
  return std::all_of(words.begin(), words.end(),
                     [&lower](const std::string& word) { return lower.find(word) != std::string::npos; });
}

/// 0: looks first.
int place_of(const Circuit& circuit) {
  if (circuit.fleet_open && circuit.state == "closed") return 0;
  constexpr std::array states{"open", "forced_open", "half_open", "disabled"};
  for (std::size_t place = 0; place < states.size(); ++place) {
    if (circuit.state == states[place]) return static_cast<int>(place);
  }
  return circuit.ramping ? 4 : 5;
}

/// Smaller comes first.
double key_of(const Circuit& circuit, Sort sort, TimePoint now) {
  switch (sort) {
    case Sort::worst:
      return place_of(circuit) - circuit.failure_rate / 2;
    case Sort::name:
      return 0;
    case Sort::calls:
      return -circuit.rates.calls;
    case Sort::failure_rate:
      return -circuit.failure_rate;
    case Sort::refusals:
      return -circuit.rates.refusals;
    case Sort::retry_in:
      return circuit.retry_in(now).value_or(std::numeric_limits<double>::max());
  }
  return 0;
}

}  // namespace

std::vector<std::string> ordered(const Circuits& circuits, Sort sort, bool inverted, std::string_view filter,
                                 TimePoint now) {
  const auto words = words_of(filter);
  std::vector<std::tuple<double, const Circuit*>> found;
  for (const auto& [name, circuit] : circuits.all()) {
    if (!words.empty() && !has_all(circuit.shown + '\n' + circuit.state_text(), words)) continue;
    found.emplace_back(key_of(circuit, sort, now) * (inverted ? -1 : 1), &circuit);
  }
  // Stable: they come sorted by name.
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& one, const auto& other) { return std::get<0>(one) < std::get<0>(other); });
  if (sort == Sort::name && inverted) std::reverse(found.begin(), found.end());
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const auto& [key, circuit] : found) names.push_back(circuit->name);
  return names;
}

std::vector<std::string> ordered(const Services& services, std::string_view filter) {
  const auto words = words_of(filter);
  std::vector<std::string> names;
  for (const auto& [name, service] : services.all()) {
    if (has_all(service.shown, words)) names.push_back(name);
  }
  return names;
}

}  // namespace switchgear::top
