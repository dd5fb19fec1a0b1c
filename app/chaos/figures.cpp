#include "app/chaos/figures.hpp"

namespace switchgear::chaos {

Figures figures_of(const std::vector<Call>& calls, Duration from, Duration until) {
  Figures figures;
  std::vector<Duration> latencies;
  for (const Call& call : calls) {
    if (call.at < from || call.at >= until) continue;
    ++figures.calls;
    if (call.kind == Call::Kind::served) ++figures.served;
    if (call.kind == Call::Kind::refused) ++figures.refused;
    if (call.kind == Call::Kind::failed) ++figures.failed;
    latencies.push_back(call.latency);
  }
  figures.p50 = quantile(latencies, 0.5);
  figures.p95 = quantile(latencies, 0.95);
  figures.p99 = quantile(latencies, 0.99);
  return figures;
}

}  // namespace switchgear::chaos
