#include "app/gateway/service/worker_state.hpp"

#include <fmt/format.h>

namespace switchgear::gateway {

ServicePtr WorkerState::service(std::string_view name) const {
  const auto found = services.find(name);
  return found == services.end() ? ServicePtr{} : found->second;
}

void WorkerState::note_failure(const Service& service, const instances::Instance* called,
                               std::string_view what, std::string_view why) noexcept {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "service '{}'", service.name());
  const bool single = service.upstreams().all().size() == 1;
  if (single || called != nullptr)
    fmt::format_to(fmt::appender{text}, " at {}", single ? service.authority() : called->name());
  fmt::format_to(fmt::appender{text}, ": {}: {}", what, why);
  incidents.note({text.data(), text.size()});
}

void WorkerState::note_handshake_failed(tls::Failure why) noexcept {
  ++handshakes.failed[static_cast<std::size_t>(why)];
  note_tls(tls::of_client(why));
}

void WorkerState::note_handshake_late() noexcept {
  ++handshakes.late;
  note_tls("its handshake was not done in time");
}

void WorkerState::note_proxy_header(ProxyHeaderFault fault, std::string_view why) noexcept {
  ++proxies.faults[static_cast<std::size_t>(fault)];
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "a trusted proxy is disconnected: {}", why);
  incidents.note({text.data(), text.size()});
}

void WorkerState::note_malformed_deadline() noexcept {
  ++proxies.malformed_deadlines;
  incidents.note("a trusted proxy: x-request-deadline-ms is not one whole number, and is ignored");
}

void WorkerState::note_tls(std::string_view why) noexcept {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "a client: TLS: {}", why);
  incidents.note({text.data(), text.size()}, spdlog::level::info);
}

/// Anybody can cause these, so they are not warnings.
void WorkerState::note_client_refused(unsigned status, std::string_view why) noexcept {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "a client: {}: {}", status, why);
  incidents.note({text.data(), text.size()}, spdlog::level::info);
}

}  // namespace switchgear::gateway
