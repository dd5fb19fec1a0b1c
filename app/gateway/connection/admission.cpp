#include "app/gateway/connection/admission.hpp"

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/upgrade.hpp"
#include "switchgear/config/router.hpp"
#include "switchgear/config/sent_path.hpp"
#include "switchgear/config/target_path.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

/// A request that only looks like a WebSocket handshake is a way to make an upstream that is not asked
/// anything switch over, or give a proof that is not the expected one, so it is not forwarded at all.
[[nodiscard]] bool is_broken_websocket(const http::FieldList& fields) noexcept {
  const http::Field* upgrade = fields.find(http::FieldId::upgrade);
  if (upgrade == nullptr || !http::equals_lower(upgrade->value, "websocket")) return false;
  const http::Field* key = fields.find(http::FieldId::sec_websocket_key);
  return key == nullptr || !is_websocket_key(key->value);
}

[[nodiscard]] Admission find_service(WorkerState& worker, const http::Head& head,
                                     const http::FieldList& fields) {
  const config::TargetPath path{head.path};
  if (!path.valid()) return OwnAnswer{400, "http_request_error", "the path is malformed"};
  const config::FieldsOf lines{fields};
  const config::RoutedRequest request{head.method, head.authority, path.view(), lines};
  const auto [service, route] = worker.routes.find(request);
  if (service == nullptr)
    return OwnAnswer{404, "destination_not_found", to_string(worker.routes.router().why_not(request))};
  if (was_forwarded_by(worker.pseudonym, fields)) return Loop{*service};
  const std::string_view upgrade = upgrade_asked_for(head, fields, route->upgrade);
  if (upgrade.empty() && wants_upgrade(head, fields)) ++service->counts().upgrades.refused;
  if (!route->changes_path()) return Accepted{*service, head.path, upgrade};
  config::write_sent_path(worker.sent_path, *route, head.path, path);
  return Accepted{*service, worker.sent_path, upgrade};
}

}  // namespace

Admission admit(WorkerState& worker, const http::Head& head, const http::FieldList& fields) {
  if (is_broken_websocket(fields))
    return OwnAnswer{400, "http_request_error", "a WebSocket handshake without its key"};
  if (head.content_length.value_or(0) > worker.limits.body_bytes)
    return OwnAnswer{413, "http_request_error", "the request's content is too large"};
  if (head.method == "CONNECT" || head.method == "TRACE")
    return OwnAnswer{405,
                     "http_request_error",
                     "this method is not served here",
                     {},
                     "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};
  if (head.form == http::TargetForm::asterisk) return AskedAboutGateway{};
  return find_service(worker, head, fields);
}

}  // namespace switchgear::gateway
