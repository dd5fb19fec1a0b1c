// The addresses that a request has come by, as the proxies on its way have written them down.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include "switchgear/http/field_list.hpp"

namespace switchgear::gateway {

/// What one proxy has added: who was connected to it.
struct ForwardedNode {
  std::string_view text;     ///< as it stands there
  std::string_view address;  ///< an IPv4 or IPv6 address without brackets and port; empty: it names none
  std::string_view scheme;   ///< of Forwarded; empty: not said
  std::string_view host;     ///< of Forwarded, without quotes; empty: not said
};

/// The nearest first: each proxy adds itself at the right. Where an element is malformed, or names too many
/// before it, the list ends: what is further left may have been written by anybody.
using NodeList = boost::container::static_vector<ForwardedNode, 32>;

/// Of X-Forwarded-For: `203.0.113.9, 198.51.100.2:4711, [2001:db8::1]:80`.
[[nodiscard]] NodeList x_forwarded_for(const http::FieldList& fields) noexcept;
/// Of Forwarded (RFC 7239): `for=203.0.113.9;proto=https, for="[2001:db8::1]:4711"`.
[[nodiscard]] NodeList forwarded(const http::FieldList& fields) noexcept;

/// The address in `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`;
/// empty in anything else.
[[nodiscard]] std::string_view address_in(std::string_view node) noexcept;

}  // namespace switchgear::gateway
