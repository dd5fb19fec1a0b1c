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

/// Anybody can cause these, so they are not warnings.
void WorkerState::note_client_refused(unsigned status, std::string_view why) noexcept {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "a client: {}: {}", status, why);
  incidents.note({text.data(), text.size()}, spdlog::level::info);
}

}  // namespace switchgear::gateway
