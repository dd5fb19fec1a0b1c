#include "app/gateway/connection/access_note.hpp"

#include <utility>

namespace switchgear::gateway {

void AccessNote::put_reason(std::string_view word, std::string_view detail) {
  entry_->put(AccessField::reason, word);
  entry_->put(AccessField::detail, detail);
}

void AccessNote::write(const UpstreamCall* call, std::uint64_t bytes, TimePoint now) {
  AccessEntry& entry = *std::exchange(entry_, nullptr);
  entry.put(AccessField::client, client_);
  entry.bytes = bytes;
  if (call != nullptr) {
    entry.put(AccessField::service, call->service().name());
    entry.attempts = call->attempts();
    if (entry.attempts != 0) entry.put(AccessField::upstream, call->service().authority());
  }
  recorder_.write(entry, now);
}

}  // namespace switchgear::gateway
