// From a request target to the resource it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/core/command.hpp"

namespace switchgear::admin {

enum class Resource : std::uint8_t {
  root,
  live,
  ready,
  health,
  circuits_health,
  breakers,
  breaker,
  breaker_command,
  status,
  metrics,
  events,
  dashboard,
  asset,
  openapi,
  runbook,
  reload,
};

struct Route {
  Resource resource = Resource::root;
  std::string name;  ///< of a breaker, an asset or a runbook's file, percent-decoded
  std::optional<Command> command;

  [[nodiscard]] bool changes() const noexcept {
    return resource == Resource::breaker_command || resource == Resource::reload;
  }
  /// What may be done with the resource, as the Allow header has it.
  [[nodiscard]] std::string_view allow() const noexcept { return changes() ? "POST" : "GET, HEAD"; }
};

enum class RouteError : std::uint8_t { none, malformed, unknown };

struct Routed {
  RouteError error = RouteError::none;
  Route route;
};

/// The segments of a target's path, as they are written: of `/a/b?c`, `a` and `b`. Of any other text than a
/// path, none.
[[nodiscard]] std::vector<std::string_view> segments_of(std::string_view target);
/// Percent-decoded; empty when that is malformed.
[[nodiscard]] std::optional<std::string> decoded_segment(std::string_view segment);

/// `target`: as in the request line, in origin form; a query is ignored. A name is one path segment, so that
/// a `/` in it is written `%2F`.
[[nodiscard]] Routed route_of(std::string_view target);

/// Every path of the server's own, with `{name}` for a breaker's and `{file}` for a file's.
[[nodiscard]] std::vector<std::string> own_paths();

}  // namespace switchgear::admin
