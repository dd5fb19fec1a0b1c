#include "switchgear/admin/route.hpp"

#include <array>
#include <boost/url/decode_view.hpp>
#include <boost/url/pct_string_view.hpp>
#include <utility>
#include <vector>

#include "switchgear/admin/assets.hpp"

namespace switchgear::admin {
namespace {

struct Fixed {
  std::string_view path;
  Resource resource;
};
constexpr std::array<Fixed, 12> fixed_paths{{{"", Resource::root},
                                             {"livez", Resource::live},
                                             {"readyz", Resource::ready},
                                             {"health", Resource::health},
                                             {"health/circuits", Resource::circuits_health},
                                             {"circuit-breakers", Resource::breakers},
                                             {"status", Resource::status},
                                             {"metrics", Resource::metrics},
                                             {"events", Resource::events},
                                             {"dashboard", Resource::dashboard},
                                             {openapi_document, Resource::openapi},
                                             {"reload", Resource::reload}}};

/// Of a target that begins with `/`.
std::string_view path_of(std::string_view target) {
  return target.substr(1, target.find_first_of("?#", 1) - 1);
}

}  // namespace

std::vector<std::string_view> segments_of(std::string_view target) {
  std::vector<std::string_view> segments;
  if (!target.starts_with('/')) return segments;
  std::string_view path = path_of(target);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::optional<std::string> decoded_segment(std::string_view segment) {
  const auto checked = boost::urls::make_pct_string_view(segment);
  if (!checked) return std::nullopt;
  const auto view = **checked;
  return std::string{view.begin(), view.end()};
}

Routed route_of(std::string_view target) {
  if (!target.starts_with('/')) return {RouteError::malformed, {}};
  const std::string_view path = path_of(target);
  for (const Fixed& each : fixed_paths) {
    if (each.path == path) return {RouteError::none, {each.resource, {}, std::nullopt}};
  }
  if (path.starts_with(runbook_folder) && path.find('/', runbook_folder.size()) == std::string_view::npos) {
    auto file = decoded_segment(path.substr(runbook_folder.size()));
    if (!file) return {RouteError::malformed, {}};
    return {RouteError::none, {Resource::runbook, *std::move(file), std::nullopt}};
  }
  const auto segments = segments_of(target);
  if (segments.size() < 2 || segments.size() > 3 || segments[1].empty()) return {RouteError::unknown, {}};
  auto name = decoded_segment(segments[1]);
  if (!name) return {RouteError::malformed, {}};
  if (segments[0] == "dashboard" && segments.size() == 2 && *name != openapi_document &&
      !name->starts_with(runbook_folder)) {
    return {RouteError::none, {Resource::asset, std::move(*name), std::nullopt}};
  }
  if (segments[0] != "circuit-breakers") return {RouteError::unknown, {}};
  if (segments.size() == 2) return {RouteError::none, {Resource::breaker, std::move(*name), std::nullopt}};
  const auto command = command_of(segments[2]);
  if (!command) return {RouteError::unknown, {}};
  return {RouteError::none, {Resource::breaker_command, std::move(*name), command}};
}

std::vector<std::string> own_paths() {
  const std::string breaker = "/circuit-breakers/{name}";
  std::vector<std::string> paths{breaker, "/dashboard/{file}", "/" + std::string{runbook_folder} + "{file}"};
  for (const Fixed& each : fixed_paths) paths.push_back("/" + std::string{each.path});
  for (const Command command : commands) paths.push_back(breaker + "/" + std::string{word_of(command)});
  return paths;
}

}  // namespace switchgear::admin
