// Which host a request is for, seen so that every spelling of it is the same.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace switchgear::config {

/// The host of an authority (`Shop.Example.com.:8080`) as routes see it: without the port and one dot at its
/// end, in lower case; an IPv6 address in brackets and in its shortest form (RFC 5952).
///
/// Nothing is decoded or resolved: `%73hop.example.com` is another name than `shop.example.com`. An authority
/// longer than any host name leads to an empty view, which is what a request without a host has too.
/// Never allocates. Threads: any.
class HostName {
 public:
  explicit HostName(std::string_view authority) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  void take_name(std::string_view name) noexcept;
  void take_ipv6(std::string_view address) noexcept;

  std::array<char, 256> text_;
  std::size_t size_ = 0;
};

}  // namespace switchgear::config
