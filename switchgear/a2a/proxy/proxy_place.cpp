#include "switchgear/a2a/proxy/proxy_place.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace {

/// Resolved, it could be the path of another service: `/../billing`, also as `%2e%2e`. What an encoded slash
/// is to the next one who reads it is not known.
[[nodiscard]] bool climbs(std::string_view path) {
  std::string lower(path);
  for (char& c : lower) c = http::to_lower(c);
  for (const std::string_view slash : {"\\", "%2f", "%5c"}) {
    if (lower.find(slash) != std::string::npos) return true;
  }
  for (std::size_t at = lower.find("%2e"); at != std::string::npos; at = lower.find("%2e", at + 1))
    lower.replace(at, 3, ".");
  lower += '/';
  return lower.find("/./") != std::string::npos || lower.find("/../") != std::string::npos;
}

/// Before it is resolved, which decodes it.
[[nodiscard]] bool has_coded_path(std::string_view location) {
  std::string lower(location.substr(0, location.find_first_of("?#")));
  for (char& c : lower) c = http::to_lower(c);
  for (const std::string_view coded : {"\\", "%2f", "%5c", "%2e"}) {
    if (lower.find(coded) != std::string::npos) return true;
  }
  return false;
}

[[nodiscard]] bool is_below(std::string_view path, std::string_view prefix) noexcept {
  return path.starts_with(prefix) &&
         (prefix.empty() || path.size() == prefix.size() || path[prefix.size()] == '/');
}

[[nodiscard]] Passage refused(const std::string& url, const std::string& why) { return {{}, {}, url + why}; }

/// Of an address whose origin is the agent's.
[[nodiscard]] Passage passed(const std::string& url, const http::Url& there, const ProxyPlace& place) {
  const std::string_view path = std::string_view{there.target()}.substr(0, there.target().find('?'));
  if (climbs(path)) return refused(url, " has dots or encoded slashes in its path");
  if (!is_below(path, place.agents_prefix))
    return refused(url, " is outside of the path " + place.agents_prefix);
  const std::string here = place.proxy_prefix + std::string(path.substr(place.agents_prefix.size()));
  if (place.leads_to_agent && !place.leads_to_agent(here))
    return refused(url, " would be " + here + " here, which does not lead to this agent");
  return {place.proxy + here + there.target().substr(path.size()), std::string(path), {}};
}

/// The name by which callers know the proxy, at its port, at the usual ones, or at a port of the agent: that
/// is what servers make of the Host field, also those that ask for TLS.
[[nodiscard]] bool is_proxys_name(const http::Url& there, const http::Url& here, const ProxyPlace& place) {
  constexpr std::uint16_t plain = 80;
  constexpr std::uint16_t secured = 443;
  if (there.host() != here.host()) return false;
  if (there.port() == here.port() || there.port() == (there.tls() ? secured : plain)) return true;
  return std::ranges::any_of(place.agents_origins, [&](const std::string& origin) {
    return http::Url::parse(origin).port() == there.port();
  });
}

}  // namespace

Passage passage_of(const std::string& url, const ProxyPlace& place) {
  try {
    const http::Url there = http::Url::parse(url);
    if (std::ranges::find(place.agents_origins, there.origin()) == place.agents_origins.end())
      return refused(url, " is of another origin");
    return passed(url, there, place);
  } catch (const http::Error& bad) {
    return refused(bad.what(), "");
  }
}

Passage passage_of_redirect(std::string_view location, const std::string& agents_path,
                            const ProxyPlace& place) {
  const std::string url(location);
  try {
    const http::Url here = http::Url::parse(place.proxy + agents_path);
    const http::Url there = here.follow(location);
    const bool by_our_name = is_proxys_name(there, here, place);
    if (!by_our_name && std::ranges::find(place.agents_origins, there.origin()) == place.agents_origins.end())
      return refused(url, " is of another origin");
    if (has_coded_path(location)) return refused(url, " has dots or encoded slashes in its path");
    // An agent that knows where its callers find it has written our own address.
    const std::string_view path = std::string_view{there.target()}.substr(0, there.target().find('?'));
    const bool absolute = url.find("://") < url.find_first_of("/?#");
    const bool as_callers_know_it = by_our_name && absolute && !place.proxy_prefix.empty() &&
                                    place.proxy_prefix != place.agents_prefix &&
                                    is_below(path, place.proxy_prefix);
    if (!as_callers_know_it) return passed(url, there, place);
    ProxyPlace same = place;
    same.agents_prefix = same.proxy_prefix;
    return passed(url, there, same);
  } catch (const http::Error& bad) {
    return refused(bad.what(), "");
  }
}

}  // namespace switchgear::a2a
