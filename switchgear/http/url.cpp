#include "switchgear/http/url.hpp"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <system_error>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::http {

namespace {
namespace urls = boost::urls;

// What a service behind a Unix socket is told that it is.
constexpr std::string_view unix_authority = "localhost";
constexpr std::string_view unix_origin = "http://localhost";

/// `http://…@shop/`: without the user's name and password.
[[nodiscard]] std::string without_user(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = text.rfind('@');
  if (end == std::string_view::npos || end < begin) return std::string(text);
  return std::string(text.substr(0, begin)).append("…").append(text.substr(end));
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(Errc::bad_url, "'" + without_user(text) + "' " + std::string(why));
}

[[nodiscard]] std::string plain(urls::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Url Url::parse(std::string_view text) { return is_unix(text) ? parse_unix(text) : parse_http(text); }

Url Url::parse_unix(std::string_view text) {
  const std::size_t end = std::min(text.find(':', unix_scheme.size()), text.size());
  const std::string_view socket = text.substr(0, end);
  const std::string_view path = socket.substr(unix_scheme.size());
  if (path.size() < 2 || (path.front() != '/' && path.front() != '@'))
    refuse(text, "does not name a socket; write unix:/PATH, and behind another : the path of the request");
  if (path.size() > longest_unix_path)
    refuse(text, "names a socket by more than " + std::to_string(longest_unix_path) + " bytes");
  const std::string_view target = text.substr(std::min(end + 1, text.size()));
  if (!target.empty() && target.front() != '/')
    refuse(text, "has no path behind its second colon; write unix:/PATH:/PATH");
  Url url = parse_http(std::string(unix_origin).append(target));
  url.host_ = socket;
  url.port_ = 0;
  return url;
}

Url Url::parse_http(std::string_view text) {
  const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!parsed || !parsed->has_authority() || parsed->host().empty()) {
    const bool odd = text.find_first_of(" \t\"<>\\^`{|}") != std::string_view::npos;
    refuse(text, odd ? "is not a URL: encode spaces and other special characters, for example %20"
                     : "is not a URL; write http://HOST[:PORT][/PATH]");
  }
  const std::string scheme = plain(parsed->scheme());
  Url url;
  url.tls_ = equals_lower(scheme, "https");
  if (!url.tls_ && !equals_lower(scheme, "http"))
    refuse(text, "begins with " + scheme + ":// ; use http:// or https://");
  if (parsed->has_userinfo())
    refuse(text, "holds a user name or a password; send them as the header Authorization");
  url.host_ = parsed->host_address();
  for (char& c : url.host_) c = to_lower(c);
  url.port_ = url.tls_ ? 443 : 80;
  if (!parsed->port().empty()) {
    const urls::string_view port = parsed->port();
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port_);
    if (error != std::errc{} || url.port_ == 0)
      refuse(text, "has no valid port; use a number from 1 to 65535");
  }
  url.target_ = plain(parsed->encoded_path());
  if (url.target_.empty()) url.target_ = "/";
  // Boost.URL 1.81 takes what follows `:` and is not a number for a path, and decodes the host.
  if (url.target_.front() != '/') refuse(text, "has no valid port; use a number from 1 to 65535");
  if (!is_valid_authority(url.authority())) refuse(text, "has no valid host; write a name or an IP address");
  if (parsed->has_query()) url.target_ += "?" + plain(parsed->encoded_query());
  return url;
}

Url Url::join(std::string_view reference, const Query& query) const {
  std::string text(reference);
  const std::size_t scheme = text.find("://");
  const bool absolute = scheme != std::string::npos && scheme < text.find_first_of("/?#");
  if (!absolute) {
    const std::size_t own_query = target_.find('?');
    std::string path = target_.substr(0, own_query);
    if (!text.empty() && text.front() != '?' && text.front() != '#') {
      if (path.back() == '/') path.pop_back();
      if (text.front() != '/') path += '/';
    }
    text = prefix() + path + text;
  }
  if (const std::size_t at = text.find('#'); at != std::string::npos) text.resize(at);
  for (const auto& [name, value] : query) {
    text += text.find('?') == std::string::npos ? '?' : '&';
    text += url_encoded(name) + "=" + url_encoded(value);
  }
  return parse(text);
}

Url Url::follow(std::string_view location) const {
  const auto reference = urls::parse_uri_reference(urls::string_view(location.data(), location.size()));
  if (!reference) refuse(location, "is not a URL that can be followed");
  const bool by_socket = is_unix(host_);
  urls::url resolved(by_socket ? std::string(unix_origin) + target_ : text());
  if (!resolved.resolve(*reference)) refuse(location, "is not a URL that can be followed");
  Url to = parse_http(std::string_view(resolved.buffer().data(), resolved.buffer().size()));
  if (by_socket && to.origin() == unix_origin) {
    to.host_ = host_;
    to.port_ = port_;
  }
  return to;
}

std::string Url::origin() const {
  return is_unix(host_) ? host_ : (tls_ ? "https://" : "http://") + authority();
}

std::string Url::prefix() const { return is_unix(host_) ? host_ + ":" : origin(); }

std::string Url::authority() const {
  if (is_unix(host_)) return std::string(unix_authority);
  std::string text = host_.find(':') != std::string::npos ? "[" + host_ + "]" : host_;
  if (port_ != (tls_ ? 443 : 80)) text += ":" + std::to_string(port_);
  return text;
}

std::string url_encoded(std::string_view text) {
  return urls::encode(urls::string_view(text.data(), text.size()), urls::unreserved_chars);
}

}  // namespace switchgear::http
