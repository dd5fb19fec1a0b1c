// IP addresses and the networks they belong to, as configuration and header fields write them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchgear::config {

/// An IPv4 or IPv6 address. An IPv4-mapped one (`::ffff:10.0.0.1`) is the IPv4 address: a listener on `[::]`
/// sees IPv4 clients as such.
class IpAddress {
 public:
  /// Without brackets, port or zone. Nothing for anything else, names included. Allocates nothing.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;

  [[nodiscard]] bool is_v4() const noexcept { return v4_; }
  [[nodiscard]] unsigned width() const noexcept { return v4_ ? 32 : 128; }
  /// Whether the first `bits` are those of `other`, which is of the same kind. Precondition: at most width().
  [[nodiscard]] bool shares(unsigned bits, const IpAddress& other) const noexcept;
  /// Its first `bits`; the others are 0.
  [[nodiscard]] IpAddress cut_to(unsigned bits) const noexcept;
  [[nodiscard]] std::string text() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  ///< in network order; of IPv4 the first four
  bool v4_ = false;
};

/// An address and how many of its first bits matter.
struct Network {
  IpAddress base;
  unsigned bits = 0;

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept { return base.shares(bits, address); }
  /// `10.0.0.0/8`; without the length if it is a single address.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Network&, const Network&) = default;
};

/// Some networks. Constant; threads: any.
class Networks {
 public:
  Networks() = default;
  explicit Networks(std::vector<Network> networks) : networks_(std::move(networks)) {}

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  [[nodiscard]] const std::vector<Network>& all() const noexcept { return networks_; }
  [[nodiscard]] bool empty() const noexcept { return networks_.empty(); }

  friend bool operator==(const Networks&, const Networks&) = default;

 private:
  std::vector<Network> networks_;
};

}  // namespace switchgear::config
