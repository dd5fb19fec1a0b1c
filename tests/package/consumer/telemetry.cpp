// What Prometheus reads of a registry.
#include <switchgear/registry/breaker_registry.hpp>
#include <switchgear/telemetry/prometheus_text.hpp>

int main() {
  const switchgear::TimePoint now{std::chrono::hours{1}};
  switchgear::BreakerRegistry registry{{now, {}}, 1};
  const auto breaker = registry.get_or_create("payment", {.consecutive_failures = 3}, now);
  const std::string text = switchgear::telemetry::prometheus_text(registry, now);
  return text.find("circuit_breaker_state_code{circuit=\"payment\"} 0\n") == std::string::npos ? 1 : 0;
}
