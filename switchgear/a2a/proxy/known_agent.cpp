#include "switchgear/a2a/proxy/known_agent.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace switchgear::a2a {

namespace {

constexpr std::size_t most_cards = 8;

[[nodiscard]] std::string_view without_slashes(std::string_view path) noexcept {
  return path.substr(0, path.find_last_not_of('/') + 1);
}

[[nodiscard]] bool skip(std::string_view& path, std::string_view beginning) noexcept {
  if (!path.starts_with(beginning)) return false;
  path.remove_prefix(beginning.size());
  return true;
}

/// One segment; empty: there is none.
[[nodiscard]] std::string_view take_segment(std::string_view& path) noexcept {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// `/tasks`, `/tasks/ID`, `/tasks/ID:cancel`, `/tasks/ID/pushNotificationConfigs`, and one of those.
[[nodiscard]] bool is_of_tasks(std::string_view path) noexcept {
  if (!skip(path, "/tasks")) return false;
  if (path.empty()) return true;
  if (!skip(path, "/") || take_segment(path).empty()) return false;
  if (path.empty()) return true;
  if (!skip(path, "/pushNotificationConfigs")) return false;
  return path.empty() || (skip(path, "/") && !take_segment(path).empty() && path.empty());
}

[[nodiscard]] bool is_method(std::string_view path, ProtocolVersion version) noexcept {
  if (path == "/message:send" || path == "/message:stream") return true;
  if (path == (version == ProtocolVersion::v1_0 ? "/extendedAgentCard" : "/card")) return true;
  return is_of_tasks(path);
}

/// 0.3 has its methods below `/v1`, and 1.0 those of a tenant below its name.
[[nodiscard]] bool takes(const OfferedInterface& offered, std::string_view path) noexcept {
  if (!skip(path, offered.path)) return false;
  path = without_slashes(path);
  if (offered.version == ProtocolVersion::v1_0) {
    std::string_view of_tenant = path;
    if (!offered.tenant.empty() && skip(of_tenant, "/") && take_segment(of_tenant) == offered.tenant)
      return is_method(of_tenant, offered.version);
    return is_method(path, offered.version);
  }
  return (offered.path.ends_with("/v1") || skip(path, "/v1")) && is_method(path, offered.version);
}

}  // namespace

void KnownAgent::learn_card(std::string_view path, std::vector<OfferedInterface> offered) {
  const std::lock_guard lock(mutex_);
  has_card_ = true;
  offered_ = std::move(offered);
  if (cards_.size() < most_cards && std::ranges::find(cards_, path) == cards_.end())
    cards_.emplace_back(path);
}

bool KnownAgent::has_card_at(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(cards_, path) != cards_.end();
}

bool KnownAgent::may_take_rpc_at(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  if (!has_card_) return true;
  return std::ranges::any_of(offered_, [&](const OfferedInterface& each) {
    return each.binding == Binding::jsonrpc && each.path == without_slashes(path);
  });
}

bool KnownAgent::takes_http_json_at(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(offered_, [&](const OfferedInterface& each) {
    return each.binding == Binding::http_json && takes(each, path);
  });
}

}  // namespace switchgear::a2a
