#include "app/lab/counted.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace switchgear::lab {

std::string counted(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f%%",
                100 * static_cast<double>(part) / static_cast<double>(whole));
  return counted(part) + " (" + text.data() + ")";
}

std::string rounded(Duration length) {
  const auto nanoseconds = static_cast<double>(length.count());
  std::array<char, 32> text{};
  if (nanoseconds >= 1e9) {
    std::snprintf(text.data(), text.size(), nanoseconds < 1e11 ? "%.3gs" : "%.0fs", nanoseconds / 1e9);
  } else {
    std::snprintf(text.data(), text.size(), "%.3gms", nanoseconds / 1e6);
  }
  return text.data();
}

}  // namespace switchgear::lab
