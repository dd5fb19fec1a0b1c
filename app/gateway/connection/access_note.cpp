#include "app/gateway/connection/access_note.hpp"

namespace switchgear::gateway {

void AccessNote::put_reason(std::string_view word, std::string_view detail) {
  entry_->put(AccessField::reason, word);
  entry_->put(AccessField::detail, detail);
}

/// Those that the service was sent, which the gateway may have made.
void AccessNote::put_ids(const CallRequest& request) {
  if (!request.request_id.empty()) entry_->replace(AccessField::request_id, request.request_id);
  if (!request.trace.trace.valid()) return;
  const auto trace = telemetry::hex_of(request.trace.trace);
  entry_->replace(AccessField::trace_id, {trace.data(), trace.size()});
}

void AccessNote::write(const UpstreamCall* call, std::uint64_t bytes, TimePoint now) {
  AccessEntry& entry = *entry_;
  entry.put(AccessField::client, client_);
  entry.bytes = bytes;
  if (call != nullptr) {
    put_ids(call->request());
    entry.put(AccessField::service, call->service().name());
    entry.attempts = call->attempts();
    if (const auto arm = call->arm())
      entry.put(AccessField::arm, *arm == experiment::Arm::candidate ? "candidate" : "current");
    if (entry.attempts != 0) entry.put(AccessField::upstream, call->last_called_name());
  }
  entry_ = nullptr;
  recorder_.write(entry, now);
}

}  // namespace switchgear::gateway
