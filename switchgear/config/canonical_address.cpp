// Spellings of one address: what the file says differently may be the same socket.
#include <algorithm>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <filesystem>
#include <system_error>

#include "switchgear/config/address.hpp"

namespace switchgear::config {

namespace urls = boost::urls;

Endpoint canonical(const Endpoint& endpoint) {
  if (is_unix(endpoint)) {
    const std::filesystem::path file = file_of(endpoint);
    if (file.empty()) return endpoint;
    std::error_code unreadable;
    const std::filesystem::path real = std::filesystem::weakly_canonical(file, unreadable);
    return {std::string(unix_scheme) + (unreadable ? file.lexically_normal() : real).string(), 0};
  }
  const auto v6 = urls::parse_ipv6_address(endpoint.host);
  if (!v6) return endpoint;
  if (!v6->is_v4_mapped()) return {v6->to_string(), endpoint.port};
  urls::ipv4_address::bytes_type bytes{};
  std::copy_n(v6->to_bytes().end() - bytes.size(), bytes.size(), bytes.begin());
  return {urls::ipv4_address(bytes).to_string(), endpoint.port};
}

}  // namespace switchgear::config
