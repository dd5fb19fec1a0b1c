#include "switchgear/admin/access.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <optional>
#include <utility>

namespace switchgear::admin {
namespace {

std::string lower(std::string_view text) {
  std::string made{text};
  for (char& each : made) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return made;
}

/// `name`, `name:80`, `[::1]` or `[::1]:80` without the port and the brackets; empty when it is none of them.
std::string host_without_port(std::string_view host) {
  std::string_view port;
  std::string_view name = host;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return {};
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
    if (!port.empty() && port.front() != ':') return {};
    if (!port.empty()) port.remove_prefix(1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon + 1);
  }
  const bool digits = std::ranges::all_of(port, [](char each) { return each >= '0' && each <= '9'; });
  return digits && port.size() <= 5 ? lower(name) : std::string{};
}

std::optional<boost::asio::ip::address> as_address(const std::string& text) {
  boost::system::error_code failed;
  auto address = boost::asio::ip::make_address(text, failed);
  if (failed) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

}  // namespace

AccessRules::AccessRules(const std::string& listen_host, std::string token,
                         const std::vector<std::string>& origins)
    : listen_host_(lower(listen_host)), token_(std::move(token)) {
  for (const std::string& origin : origins) {
    origins_.push_back(lower(origin));
    if (const auto url = boost::urls::parse_uri(origin)) origin_hosts_.push_back(lower(url->host_address()));
  }
}

bool AccessRules::host_allowed(std::string_view host, std::string_view local_address,
                               const tls::ServerContext* tls) const {
  const std::string name = host_without_port(host);
  if (name.empty()) return false;
  if (name == "localhost" || name == listen_host_ || (tls != nullptr && tls->is_for(name))) return true;
  if (std::ranges::find(origin_hosts_, name) != origin_hosts_.end()) return true;
  const auto address = as_address(name);
  return address && (address->is_loopback() || address == as_address(std::string{local_address}));
}

bool AccessRules::origin_allowed(std::optional<std::string_view> origin, std::string_view host,
                                 const tls::ServerContext* tls) const {
  if (!origin) return true;
  const std::string wanted = lower(*origin);
  return wanted == (tls != nullptr ? "https://" : "http://") + lower(host) ||
         std::ranges::find(origins_, wanted) != origins_.end();
}

bool AccessRules::token_allowed(std::string_view authorization) const {
  if (token_.empty()) return true;
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() < scheme.size() || lower(authorization.substr(0, scheme.size())) != scheme)
    return false;
  const std::string_view given = authorization.substr(scheme.size());
  if (given.size() != token_.size()) return false;
  volatile unsigned char difference =
      0;  // volatile: the compiler must not leave the loop at the first difference
  for (std::size_t i = 0; i < token_.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(given[i] ^ token_[i]));
  }
  return difference == 0;
}

}  // namespace switchgear::admin
