// The router against a plain model: try every route, keep the most specific by the documented order.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "switchgear/config/route_fixture.hpp"

namespace switchgear::config {
namespace {

bool takes_host(const Route& route, const std::string& host) {
  if (route.host.empty()) return true;
  if (!route.host.starts_with("*")) return route.host == host;
  const std::string end = route.host.substr(1);
  return host.size() > end.size() && host.ends_with(end);
}

std::string bare(const Route& route) {
  return route.match == Route::Match::prefix && route.path.ends_with('/')
             ? route.path.substr(0, route.path.size() - 1)
             : route.path;
}

bool takes_path(const Route& route, const std::string& path) {
  if (route.match == Route::Match::exact) return path == route.path;
  return path == bare(route) || path.starts_with(bare(route) + "/");
}

bool takes_rest(const Route& route, const Asked& asked) {
  if (!route.methods.empty() && std::ranges::find(route.methods, asked.method) == route.methods.end())
    return false;
  return std::ranges::all_of(route.headers, [&](const auto& header) {
    const auto named = [&](const Line& line) { return line.name == header.first; };
    return std::ranges::count_if(asked.fields, named) == 1 &&
           std::ranges::find_if(asked.fields, named)->value == header.second;
  });
}

/// Larger is more specific.
auto specificity(const Route& route) {
  const int host = route.host.empty() ? 0 : route.host.starts_with("*") ? 1 : 2;
  return std::tuple{host,
                    host == 1 ? route.host.size() : 0,
                    route.match == Route::Match::exact,
                    bare(route).size(),
                    !route.methods.empty(),
                    route.headers.size()};
}

/// The best of all that take the request, and whether another one is as good.
std::pair<int, bool> model(const std::vector<Route>& routes, const Asked& asked) {
  int best = -1;
  bool tie = false;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    if (!takes_host(route, asked.authority) || !takes_path(route, asked.path) || !takes_rest(route, asked))
      continue;
    if (best >= 0 && specificity(route) == specificity(routes[best])) tie = true;
    if (best < 0 || specificity(route) > specificity(routes[best])) {
      best = static_cast<int>(i);
      tie = false;
    }
  }
  return {best, tie};
}

const std::vector<std::string> hosts{"a.x", "b.a.x", "c.b.a.x", "x", "y"};
const std::vector<std::string> route_hosts{"", "a.x", "b.a.x", "*.x", "*.a.x", "*.b.a.x", "y"};
const std::vector<std::string> paths{"/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ab", "/b"};
const std::vector<std::string> methods{"GET", "PUT", "POST"};

template <class T>
T one_of(const std::vector<T>& choices) {
  return *rc::gen::elementOf(choices);
}

Route any_route() {
  Route route;
  route.host = one_of(route_hosts);
  route.match = *rc::gen::arbitrary<bool>() ? Route::Match::exact : Route::Match::prefix;
  route.path = one_of(paths);
  for (const std::string& method : methods) {
    if (*rc::gen::inRange(0, 4) == 0) route.methods.push_back(method);
  }
  for (const char* name : {"x-a", "x-b"}) {
    if (*rc::gen::inRange(0, 4) == 0)
      route.headers.emplace_back(name, *rc::gen::arbitrary<bool>() ? "1" : "2");
  }
  return route;
}

Asked any_request() {
  Asked asked{one_of(methods), one_of(hosts), one_of(paths), {}};
  for (const char* name : {"x-a", "x-b", "x-a"}) {
    if (*rc::gen::inRange(0, 3) == 0) asked.fields.push_back({name, *rc::gen::arbitrary<bool>() ? "1" : "2"});
  }
  return asked;
}

TEST(RouterModel, TheMostSpecificOfAllRoutesThatTakeARequestWins) {
  rc::check([] {
    std::vector<Route> routes;
    const int count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i) routes.push_back(any_route());
    const Router router{services_of(routes)};
    for (int i = 0; i < 20; ++i) {
      const Asked asked = any_request();
      const auto [best, tie] = model(routes, asked);
      const int found = winner(router, asked);
      if (!tie) RC_ASSERT(found == best);
      // Of equals, which a file cannot have, either may win.
      if (tie) RC_ASSERT(specificity(routes[found]) == specificity(routes[best]));
    }
  });
}

std::string yaml_of(const Route& route) {
  std::string text = route.match == Route::Match::exact ? "{path: " : "{prefix: ";
  text += route.path;
  if (!route.host.empty()) text += ", host: \"" + route.host + "\"";
  for (std::size_t i = 0; i < route.methods.size(); ++i)
    text += (i == 0 ? ", methods: [" : ", ") + route.methods[i];
  if (!route.methods.empty()) text += "]";
  for (std::size_t i = 0; i < route.headers.size(); ++i)
    text += (i == 0 ? ", headers: {" : ", ") + route.headers[i].first + ": " + route.headers[i].second;
  return text + (route.headers.empty() ? "}" : "}}");
}

/// Every request that the generators above can make, without repeated fields.
std::vector<Asked> all_requests() {
  std::vector<Asked> all;
  for (const std::string& host : hosts)
    for (const std::string& path : paths)
      for (const std::string& method : methods)
        for (int a = 0; a < 3; ++a)
          for (int b = 0; b < 3; ++b) {
            Asked asked{method, host, path, {}};
            if (a != 0) asked.fields.push_back({"x-a", std::to_string(a)});
            if (b != 0) asked.fields.push_back({"x-b", std::to_string(b)});
            all.push_back(std::move(asked));
          }
  return all;
}

TEST(RouterModel, AFileIsRefusedExactlyIfTwoRoutesTakeARequestEqually) {
  const std::vector<Asked> requests = all_requests();
  rc::check([&requests] {
    const std::vector<Route> routes{any_route(), any_route()};
    const bool tie =
        std::ranges::any_of(requests, [&](const Asked& asked) { return model(routes, asked).second; });
    const Loaded loaded = load_text(
        "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"http://a\", policy: p, routes: "
        "[" +
            yaml_of(routes[0]) + ", " + yaml_of(routes[1]) + "]}\n",
        "f.yaml");
    RC_ASSERT(loaded.config.has_value() == !tie);
  });
}

}  // namespace
}  // namespace switchgear::config
