#include "app/gateway/connection/admission.hpp"

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/target_path.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

/// Upgrades end here: the request is forwarded without them. But one that only looks like a WebSocket
/// handshake is a way to make an upstream that is not asked anything switch over, so it is not forwarded at
/// all.
[[nodiscard]] bool is_broken_websocket(const http::FieldList& fields) noexcept {
  const http::Field* upgrade = fields.find(http::FieldId::upgrade);
  return upgrade != nullptr && http::equals_lower(upgrade->value, "websocket") &&
         fields.find(http::FieldId::sec_websocket_key) == nullptr;
}

}  // namespace

Admission admit(const WorkerState& worker, const http::Head& head, const http::FieldList& fields) {
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
  const TargetPath path{head.path};
  if (!path.valid()) return OwnAnswer{400, "http_request_error", "the path is malformed"};
  Service* service = worker.routes.find(path.view());
  if (service == nullptr)
    return OwnAnswer{404, "destination_not_found", "no service has a route for this path"};
  if (was_forwarded_by(worker.pseudonym, fields)) return Loop{*service};
  return service;
}

}  // namespace switchgear::gateway
