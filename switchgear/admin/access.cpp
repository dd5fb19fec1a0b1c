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

/// Behind the scheme; empty: the header is of another one. `scheme`: in lower case, with the space.
std::optional<std::string_view> credentials_of(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() < scheme.size() || lower(authorization.substr(0, scheme.size())) != scheme)
    return std::nullopt;
  return authorization.substr(scheme.size());
}

bool is_equal(std::string_view given, std::string_view token) {
  if (given.size() != token.size()) return false;
  volatile unsigned char difference =
      0;  // volatile: the compiler must not leave the loop at the first difference
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(given[i] ^ token[i]));
  }
  return difference == 0;
}

/// RFC 4648, section 4; empty when it is anything else.
std::optional<std::string> decoded_base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char each : text) {
    const std::size_t value = digits.find(each);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFU);
  }
  return bytes;
}

/// Of `user:password` in base64 (RFC 7617).
std::optional<std::string> password_in(std::string_view credentials) {
  const auto pair = decoded_base64(credentials);
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return pair->substr(colon + 1);
}

}  // namespace

AccessRules::AccessRules(const std::string& listen_host, std::string token,
                         const std::vector<std::string>& origins, std::string read_token)
    : listen_host_(lower(listen_host)), token_(std::move(token)), read_token_(std::move(read_token)) {
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
  const auto given = credentials_of(authorization, "bearer ");
  return given && is_equal(*given, token_);
}

bool AccessRules::may_read(std::string_view authorization) const {
  if (read_token_.empty()) return true;
  const auto bearer = credentials_of(authorization, "bearer ");
  const auto basic = credentials_of(authorization, "basic ");
  const std::optional<std::string> given = bearer  ? std::string{*bearer}
                                           : basic ? password_in(*basic)
                                                   : std::nullopt;
  if (!given) return false;
  const bool reads = is_equal(*given, read_token_);
  return is_equal(*given, token_) || reads;
}

}  // namespace switchgear::admin
