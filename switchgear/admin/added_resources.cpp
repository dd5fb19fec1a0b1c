#include "switchgear/admin/added_resources.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/url/params_encoded_view.hpp>
#include <boost/url/parse_query.hpp>
#include <functional>
#include <stdexcept>
#include <utility>

#include "switchgear/admin/route.hpp"

namespace switchgear::admin {
namespace {

constexpr std::string_view placeholder = "{name}";

[[noreturn]] void raise(const AddedResource& resource, const char* what) {
  throw std::invalid_argument("admin resource '" + resource.path + "' " + what);
}

/// The text that stands for `{name}`, empty for a pattern without one; nothing when the path is another one.
std::optional<std::string> match(std::string_view pattern, const std::vector<std::string_view>& segments) {
  const auto wanted = segments_of(pattern);
  if (wanted.size() != segments.size()) return std::nullopt;
  std::string name;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == placeholder) {
      const auto decoded = decoded_segment(segments[i]);
      if (!decoded || decoded->empty()) return std::nullopt;
      name = *decoded;
    } else if (wanted[i] != segments[i]) {
      return std::nullopt;
    }
  }
  return name;
}

/// A `+` is a space. Boost.URL 1.81 has an option for that, but its result is too long.
std::string without_pluses(std::string_view query) {
  std::string made;
  for (const char each : query) {
    if (each == '+') {
      made += "%20";
    } else {
      made += each;
    }
  }
  return made;
}

/// Whether one path could be meant by both.
bool overlap(std::string_view one, std::string_view other) {
  const auto a = segments_of(one);
  const auto b = segments_of(other);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](std::string_view x, std::string_view y) {
    return x == y || x == placeholder || y == placeholder;
  });
}

void check(const AddedResource& resource) {
  if (!resource.path.starts_with('/') || resource.path.find_first_of("?#%") != std::string::npos)
    raise(resource, "is not a path: it begins with '/', and has no '?', '#' or '%'");
  const auto segments = segments_of(resource.path);
  const auto named = std::ranges::count(segments, placeholder);
  const auto braces = std::ranges::count(resource.path, '{') + std::ranges::count(resource.path, '}');
  if (named > 1 || braces != 2 * named) raise(resource, "may have one segment {name}, and no other braces");
  std::string example = resource.path;
  if (named == 1) example.replace(example.find(placeholder), placeholder.size(), "x");
  if (route_of(example).error != RouteError::unknown) raise(resource, "is one of the server's own");
  if (!resource.handle) raise(resource, "has no handler");
  if (resource.method == Method::post && resource.command.empty())
    raise(resource, "changes something, and needs a word for its command");
}

}  // namespace

AddedResources::AddedResources(const std::vector<AddedResource>& all) : all_(all) {
  for (auto each = all.begin(); each != all.end(); ++each) {
    check(*each);
    for (auto earlier = all.begin(); earlier != each; ++earlier) {
      const bool same_path = earlier->path == each->path;
      if (same_path ? earlier->method == each->method : overlap(earlier->path, each->path))
        raise(*each, "is there already");
    }
  }
}

std::string_view AddedResources::Found::allow() const noexcept {
  if (get == nullptr) return "POST";
  return post == nullptr ? "GET, HEAD" : "GET, HEAD, POST";
}

std::optional<AddedResources::Found> AddedResources::find(std::string_view target) const {
  const auto segments = segments_of(target);
  std::optional<Found> found;
  for (const AddedResource& each : all_) {
    auto name = match(each.path, segments);
    if (!name) continue;
    if (!found) found.emplace().name = std::move(*name);
    (each.method == Method::get ? found->get : found->post) = &each;
  }
  return found;
}

std::variant<std::map<std::string, std::string, std::less<>>, Problem> parameters_of(
    std::string_view target, const AddedResource& resource) {
  std::map<std::string, std::string, std::less<>> parameters;
  const auto mark = target.find('?');
  if (mark == std::string_view::npos || mark + 1 == target.size()) return parameters;
  const std::string written = without_pluses(target.substr(mark + 1));
  const auto query = boost::urls::parse_query(written);
  if (!query) return Problem{400, "the query is malformed"};
  for (const auto& each : *query) {
    std::string key = each.key.decode();
    if (std::ranges::find(resource.parameters, key) == resource.parameters.end()) {
      boost::json::array known;
      for (const std::string& one : resource.parameters) known.emplace_back(one);
      return Problem{400,
                     "the query has a parameter that this resource does not take",
                     {{"parameter", key}, {"known", std::move(known)}}};
    }
    if (!parameters.try_emplace(key, each.value.decode()).second)
      return Problem{400, "the query has a parameter twice", {{"parameter", key}}};
  }
  return parameters;
}

}  // namespace switchgear::admin
