#include "app/check/route_report.hpp"

#include <boost/json/object.hpp>
#include <cstddef>

#include "switchgear/config/report.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::check {

namespace {

namespace json = boost::json;
using config::printable;

/// What the service sees, where that is not what the client wrote; empty where it is.
std::string change_of(const config::Route& route) {
  const std::string path = route.strip_prefix ? "{path} without the prefix" : "{path}";
  if (!route.rewrite) return route.strip_prefix ? path : "";
  return route.rewrite->to + (route.rewrite->keeps_path ? path : "");
}

std::string right_aligned(std::size_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - digits.size(), ' ') + digits;
}

json::object to_json(const config::Router::Target& target) {
  const config::Route& route = target.route;
  json::object headers;
  for (const auto& [name, value] : route.headers) headers[name] = as_utf8(value);
  const bool exact = route.match == config::Route::Match::exact;
  return {
      {"service", as_utf8(target.service_name)},
      {"number", target.number},
      {"host", route.host.empty() ? json::value(nullptr) : json::value(route.host)},
      {exact ? "path" : "prefix", as_utf8(route.path)},
      {"methods", json::array(route.methods.begin(), route.methods.end())},
      {"headers", std::move(headers)},
      {"strip_prefix", route.strip_prefix},
      {"policy", route.policy.empty() ? json::value(nullptr) : json::value(as_utf8(route.policy))},
      {"rewrite", route.rewrite ? json::value(route.rewrite->to + (route.rewrite->keeps_path ? "{path}" : ""))
                                : json::value(nullptr)},
      {"upgrade", json::array(route.upgrade.begin(), route.upgrade.end())}};
}

}  // namespace

std::string text_of(const config::Route& route) {
  std::string text = route.host.empty() ? "" : "host " + route.host + ", ";
  text += (route.match == config::Route::Match::exact ? "path " : "prefix ") + printable(route.path);
  for (std::size_t i = 0; i < route.methods.size(); ++i)
    text.append(i == 0 ? ", " : " or ").append(route.methods[i]);
  for (const auto& [name, value] : route.headers) text += ", " + name + ": " + printable(value);
  for (std::size_t i = 0; i < route.upgrade.size(); ++i)
    text.append(i == 0 ? ", upgrade to " : " or ").append(route.upgrade[i]);
  return text;
}

std::string to_text(const config::Router& router) {
  const auto targets = router.in_order();
  if (targets.empty()) return {};
  std::string text = "\nroutes, the most specific first; a request goes to the first that takes it\n";
  const std::size_t width = std::to_string(targets.size()).size();
  std::size_t number = 0;
  for (const config::Router::Target& target : targets) {
    const std::string change = change_of(target.route);
    text += "  " + right_aligned(++number, width) + "  " + text_of(target.route) + " → " +
            printable(target.service_name) + (change.empty() ? "" : ", as " + change);
    const std::string& policy = target.route.policy;
    text += (policy.empty() ? "" : ", by policy " + printable(policy)) + "\n";
  }
  return text;
}

json::array to_json(const config::Router& router) {
  json::array all;
  for (const config::Router::Target& target : router.in_order()) all.push_back(to_json(target));
  return all;
}

}  // namespace switchgear::check
