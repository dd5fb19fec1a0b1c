#include "app/interop/path_conditions.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <map>

namespace switchgear::interop {

namespace json = boost::json;

namespace {

std::string text_of(const json::object& route, std::string_view key) {
  const json::value* value = route.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string{};
}

/// The same request, but for its path.
bool same_but_for_path(json::object a, json::object b) {
  for (const std::string_view key : {"prefix", "path"}) {
    a.erase(key);
    b.erase(key);
  }
  return a == b;
}

constexpr std::string_view one_slash = "one \"/\" stands between what replaces the prefix and the rest";

bool is_whole(const Condition& condition) { return text_of(condition.route, "prefix") == "/"; }

using ByPath = std::multimap<std::string, Condition*>;

/// `exact`: those of exact paths.
void settle(Condition& condition, const ByPath& exact) {
  const std::string prefix = text_of(condition.route, "prefix");
  if (!condition.textual || prefix.empty() || is_whole(condition)) return;
  if (!prefix.ends_with('/')) {
    condition.how = "whole segments: " + prefix + " and " + prefix + "/…";
    return;
  }
  const std::string itself = prefix.substr(0, prefix.size() - 1);
  const auto [first, last] = exact.equal_range(itself);
  const auto same = std::find_if(first, last, [&](const ByPath::value_type& other) {
    return same_but_for_path(other.second->route, condition.route);
  });
  if (same == last) {
    condition.how = "takes " + itself + " as well";
  } else {
    same->second->route.clear();  // part of the prefix now
    condition.joined = true;
  }
}

}  // namespace

std::optional<json::array> methods_of(std::string_view regex) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  json::array methods;
  while (true) {
    const std::string_view method = regex.substr(0, regex.find('|'));
    if (method.empty() || method.find_first_not_of(letters) != std::string_view::npos) return std::nullopt;
    methods.emplace_back(method);
    if (method.size() == regex.size()) return methods;
    regex.remove_prefix(method.size() + 1);
  }
}

void settle_prefixes(const std::vector<Condition*>& conditions) {
  ByPath exact;
  for (Condition* const condition : conditions) {
    if (condition->route.contains("path")) exact.emplace(text_of(condition->route, "path"), condition);
  }
  for (Condition* const condition : conditions) settle(*condition, exact);
}

std::string set_prefix_rewrite(Condition& condition, std::string_view replacement) {
  json::object& route = condition.route;
  std::string to(replacement);
  if (!to.starts_with('/')) to.insert(0, 1, '/');
  if (route.contains("path")) {
    route["rewrite"] = to;
    return {};
  }
  const std::string prefix = text_of(route, "prefix");
  const bool whole_segment = prefix.ends_with('/') == to.ends_with('/');
  const bool slash_behind_itself = condition.joined && to.size() > 1 && to.ends_with('/');
  while (to.ends_with('/')) to.pop_back();
  if (prefix != "/") route["strip_prefix"] = true;
  if (!to.empty()) route["rewrite"] = to + "{path}";
  if (!whole_segment) return std::string(one_slash);
  return slash_behind_itself ? prefix.substr(0, prefix.size() - 1) + " is sent as " + to : std::string{};
}

std::string prefix_regex(std::string_view prefix) {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) return {};
  std::string regex = "^";
  for (const char each : prefix) {
    if (std::string_view{"\\.+*?()|[]{}^$"}.find(each) != std::string_view::npos) regex += '\\';
    regex += each;
  }
  return regex;
}

std::string stripping_regex(std::string_view prefix) {
  const std::string regex = prefix_regex(prefix);
  return regex.empty() ? regex : regex + "/?";
}

std::optional<std::string> set_regex_rewrite(json::object& route, std::string_view regex,
                                             std::string_view replacement) {
  if (replacement.find('\\') != std::string_view::npos || !replacement.starts_with('/')) return std::nullopt;
  if (regex == whole_path_regex) {
    route["rewrite"] = replacement;
    return std::string{};
  }
  const std::string prefix = text_of(route, "prefix");
  const bool slash = replacement.ends_with('/');
  const std::string to(replacement.substr(0, replacement.size() - (slash ? 1 : 0)));
  const bool replaces = regex == prefix_regex(prefix) && !slash;
  const bool strips = regex == stripping_regex(prefix) && slash;
  const bool adds = regex == before_path_regex && slash && !to.empty();
  if (!replaces && !strips && !adds) return std::nullopt;
  if (!adds) route["strip_prefix"] = true;
  if (!to.empty()) route["rewrite"] = to + "{path}";
  return strips && !to.empty() ? "the prefix itself is sent as " + to : std::string{};
}

}  // namespace switchgear::interop
