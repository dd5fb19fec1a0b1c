#include "switchgear/redis/address.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <stdexcept>

namespace switchgear::redis {

namespace {

[[noreturn]] void refuse(std::string_view what) {
  throw std::invalid_argument(std::string(what) + "; write, for example, redis://127.0.0.1:6379/0");
}

std::uint32_t database_of(std::string_view path) {
  if (path.empty() || path == "/") return 0;
  std::uint32_t number = 0;
  const char* const end = path.data() + path.size();
  const auto [stop, error] = std::from_chars(path.data() + 1, end, number);
  if (path.front() != '/' || error != std::errc{} || stop != end)
    refuse("\"" + std::string(path) + "\" is not the number of a database");
  return number;
}

/// 0: it is none.
std::uint16_t port_of(const std::string& digits) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return read.ec == std::errc{} ? port : std::uint16_t{0};
}

}  // namespace

Address parse_address(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) refuse("this is not a URL");  // not shown: it may hold a password
  const boost::urls::url_view& url = *parsed;
  Address address;
  address.tls = url.scheme() == "rediss";
  if (!address.tls && url.scheme() != "redis")
    refuse("the scheme is \"" + std::string(url.scheme()) + "\", which is neither redis nor rediss");
  if (url.has_query() || url.has_fragment()) refuse("there is something behind the database");
  address.host = url.host_address();
  if (address.host.empty()) refuse("there is no host");
  if (url.has_port()) {
    address.port = port_of(std::string(url.port()));
    if (address.port == 0) refuse("\"" + std::string(url.port()) + "\" is not a port");
  }
  address.user = url.user();
  address.password = url.password();
  if (!address.user.empty() && !url.has_password()) refuse("there is a user without a password");
  address.database = database_of(url.encoded_path());
  return address;
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return std::string(address.tls ? "rediss://" : "redis://") + (v6 ? "[" : "") + address.host +
         (v6 ? "]:" : ":") + std::to_string(address.port) + "/" + std::to_string(address.database);
}

}  // namespace switchgear::redis
