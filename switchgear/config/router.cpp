#include "switchgear/config/router.hpp"

#include <algorithm>
#include <tuple>

#include "switchgear/config/host_name.hpp"

namespace switchgear::config {

namespace {

constexpr std::string_view star = "*";

enum class HostKind : std::uint8_t { exact, wildcard, any };

[[nodiscard]] HostKind kind_of(std::string_view host) noexcept {
  if (host.empty()) return HostKind::any;
  return host.starts_with(star) ? HostKind::wildcard : HostKind::exact;
}

/// A prefix with and without its last slash are the same route.
[[nodiscard]] std::string_view path_of(const Route& route) noexcept {
  std::string_view path = route.path;
  if (route.match == Route::Match::prefix && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

/// The smaller one is looked at first.
[[nodiscard]] auto rank_of(const Route& route) noexcept {
  const std::string_view path = path_of(route);
  const HostKind host = kind_of(route.host);
  const std::size_t length = host == HostKind::wildcard ? route.host.size() : 0;
  return std::tuple{host,
                    ~length,
                    std::string_view{route.host},
                    ~path.size(),
                    route.match == Route::Match::prefix,
                    path,
                    route.methods.empty(),
                    ~route.headers.size()};
}

[[nodiscard]] bool meets(const RoutedRequest& request, const Route& route) noexcept {
  if (!route.methods.empty() && std::ranges::find(route.methods, request.method) == route.methods.end())
    return false;
  return std::ranges::all_of(route.headers, [&](const auto& header) {
    return request.fields.has_once(header.first, header.second);
  });
}

/// The one of this host, in groups sorted by it.
template <class Groups>
[[nodiscard]] const auto* find_group(const Groups& groups, std::string_view host) noexcept {
  const auto found = std::ranges::lower_bound(groups, host, {},
                                              [](const auto& group) { return std::string_view{group.host}; });
  return found != groups.end() && found->host == host ? &*found : nullptr;
}

}  // namespace

Router::Router(const std::map<std::string, Service>& services) {
  std::size_t place = 0;
  for (const auto& [name, service] : services) {
    std::size_t number = 0;
    for (const Route& route : service.routes) targets_.push_back({place, name, number++, route});
    ++place;
  }
  std::ranges::stable_sort(targets_, {}, [](const Target& target) { return rank_of(target.route); });
  for (const Target& target : targets_) {
    const Route& route = target.route;
    keys_.push_back({std::string(path_of(route)), route.match == Route::Match::exact,
                     !route.methods.empty() || !route.headers.empty()});
  }
  make_groups();
}

void Router::make_groups() {
  any_.first = any_.last = targets_.size();
  for (std::size_t i = 0; i < targets_.size();) {
    const std::string& host = targets_[i].route.host;
    Group group{host, i, i};
    while (i < targets_.size() && targets_[i].route.host == host) ++i;
    group.last = i;
    switch (kind_of(host)) {
      case HostKind::exact:
        exact_.push_back(std::move(group));
        break;
      case HostKind::wildcard:
        group.host.erase(0, star.size());
        wildcards_.push_back(std::move(group));
        break;
      case HostKind::any:
        any_ = std::move(group);
        break;
    }
  }
  std::ranges::sort(wildcards_, {}, &Group::host);  // exact_ has been from the start
}

template <class See>
void Router::for_each_group(std::string_view authority, See see) const noexcept {
  if (!exact_.empty() || !wildcards_.empty()) {
    const HostName host{authority};
    if (const Group* group = find_group(exact_, host.view()); group != nullptr && see(*group)) return;
    // The longest first. A name below has at least a letter before the dot.
    for (std::size_t dot = host.view().find('.', 1); !wildcards_.empty() && dot != std::string_view::npos;
         dot = host.view().find('.', dot + 1)) {
      const Group* group = find_group(wildcards_, host.view().substr(dot));
      if (group != nullptr && see(*group)) return;
    }
  }
  see(any_);
}

/// The comparison of the whole comes last: of routes that do not match, most end or differ in one byte.
bool Router::Key::takes(std::string_view asked) const noexcept {
  const std::size_t size = path.size();
  if (size > asked.size()) return false;
  if (size != asked.size() && (exact || asked[size] != '/')) return false;
  return size == 0 || (asked[size - 1] == path[size - 1] && asked.starts_with(path));
}

const Router::Target* Router::find_in(const Group& group, const RoutedRequest& request) const noexcept {
  const std::string_view path = request.path;
  for (std::size_t i = group.first; i < group.last; ++i) {
    const Key& key = keys_[i];
    if (!key.takes(path)) continue;
    if (!key.conditional || meets(request, targets_[i].route)) return &targets_[i];
  }
  return nullptr;
}

const Router::Target* Router::find(const RoutedRequest& request) const noexcept {
  const Target* found = nullptr;
  for_each_group(request.authority, [&](const Group& group) {
    found = find_in(group, request);
    return found != nullptr;
  });
  return found;
}

Router::Miss Router::why_not(const RoutedRequest& request) const noexcept {
  bool host = targets_.empty();
  bool path = false;
  for_each_group(request.authority, [&](const Group& group) {
    host |= group.first != group.last;
    for (std::size_t i = group.first; i < group.last && !path; ++i) {
      path = keys_[i].takes(request.path);
    }
    return path;
  });
  if (path) return Miss::conditions;
  return host ? Miss::path : Miss::host;
}

std::string_view to_string(Router::Miss miss) noexcept {
  switch (miss) {
    case Router::Miss::host:
      return "no service has a route for this host";
    case Router::Miss::path:
      break;
    case Router::Miss::conditions:
      return "the routes for this path are for other methods or headers";
  }
  return "no service has a route for this path";
}

}  // namespace switchgear::config
