#include "switchgear/config/networks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace switchgear::config {

namespace {
constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress address;
  address.v4_ = text.find(':') == std::string_view::npos;
  if (::inet_pton(address.v4_ ? AF_INET : AF_INET6, terminated.data(), address.bytes_.data()) != 1)
    return std::nullopt;
  if (address.v4_ || !std::equal(mapped.begin(), mapped.end(), address.bytes_.begin())) return address;
  IpAddress inner;
  inner.v4_ = true;
  std::copy(address.bytes_.begin() + mapped.size(), address.bytes_.end(), inner.bytes_.begin());
  return inner;
}

bool IpAddress::shares(unsigned bits, const IpAddress& other) const noexcept {
  if (v4_ != other.v4_) return false;
  const std::size_t whole = bits / 8;
  if (std::memcmp(bytes_.data(), other.bytes_.data(), whole) != 0) return false;
  const unsigned left = bits % 8;
  return left == 0 || ((bytes_[whole] ^ other.bytes_[whole]) >> (8 - left)) == 0;
}

IpAddress IpAddress::cut_to(unsigned bits) const noexcept {
  IpAddress cut = *this;
  for (std::size_t i = 0; i < cut.bytes_.size(); ++i) {
    const unsigned before = static_cast<unsigned>(i) * 8;
    if (before >= bits) {
      cut.bytes_[i] = 0;
    } else if (bits - before < 8) {
      cut.bytes_[i] &= static_cast<std::uint8_t>(0xFF00U >> (bits - before));
    }
  }
  return cut;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> written{};
  ::inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), written.data(), written.size());
  return written.data();
}

std::string Network::text() const {
  return bits == base.width() ? base.text() : base.text() + "/" + std::to_string(bits);
}

bool Networks::contains(const IpAddress& address) const noexcept {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&address](const Network& network) { return network.contains(address); });
}

}  // namespace switchgear::config
