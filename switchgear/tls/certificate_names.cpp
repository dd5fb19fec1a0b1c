#include "switchgear/tls/certificate_names.hpp"

#include <algorithm>
#include <array>

namespace switchgear::tls {

std::optional<std::size_t> CertificateNames::find(std::string_view name) const noexcept {
  std::array<char, 256> lower;
  if (name.size() > lower.size()) return std::nullopt;
  std::ranges::transform(name, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view wanted{lower.data(), name.size()};
  if (const auto exact = by_name_.find(wanted); exact != by_name_.end()) return exact->second;
  const std::size_t dot = wanted.find('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  lower[dot - 1] = '*';
  const auto below = by_name_.find(wanted.substr(dot - 1));
  return below == by_name_.end() ? std::nullopt : std::optional{below->second};
}

}  // namespace switchgear::tls
