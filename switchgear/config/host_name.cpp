#include "switchgear/config/host_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string_view>

namespace switchgear::config {

namespace {

[[nodiscard]] char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

HostName::HostName(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end != std::string_view::npos) take_ipv6(authority.substr(1, end - 1));
    return;
  }
  std::string_view name = authority.substr(0, authority.find(':'));
  if (name.ends_with('.')) name.remove_suffix(1);
  take_name(name);
}

void HostName::take_name(std::string_view name) noexcept {
  if (name.size() > text_.size()) return;
  std::transform(name.begin(), name.end(), text_.begin(), to_lower);
  size_ = name.size();
}

void HostName::take_ipv6(std::string_view address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (address.size() >= copy.size()) return;
  std::copy(address.begin(), address.end(), copy.begin());
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, copy.data(), &parsed) != 1) return;
  if (::inet_ntop(AF_INET6, &parsed, copy.data(), copy.size()) == nullptr) return;
  const std::string_view shortest{copy.data()};
  text_[0] = '[';
  std::copy(shortest.begin(), shortest.end(), text_.begin() + 1);
  text_[shortest.size() + 1] = ']';
  size_ = shortest.size() + 2;
}

}  // namespace switchgear::config
