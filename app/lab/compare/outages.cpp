#include "app/lab/compare/outages.hpp"

#include <algorithm>

namespace switchgear::lab {

namespace {

/// The calls that say something about the dependency, by their indices.
std::vector<std::size_t> judged(const Calls& calls) {
  std::vector<std::size_t> indices;
  indices.reserve(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].known && calls[i].verdict != Verdict::ignored) indices.push_back(i);
  }
  return indices;
}

}  // namespace

std::vector<Outage> find_outages(const Calls& calls) {
  const std::vector<std::size_t> indices = judged(calls);
  const auto failed = [&](std::size_t i) { return calls[indices[i]].verdict == Verdict::failure; };

  std::vector<Outage> outages;
  const auto extend = [&](std::size_t first, std::size_t last) {  // inclusive
    while (!failed(first)) ++first;
    while (!failed(last)) --last;
    const RecordedCall& begins = calls[indices[first]];
    if (outages.empty() || begins.at > outages.back().to) outages.push_back({begins.at, begins.at, 0, 0});
    TimePoint& to = outages.back().to;
    for (std::size_t i = first; i <= last; ++i) {
      if (failed(i)) to = std::max(to, saturating_add(calls[indices[i]].at, calls[indices[i]].latency));
    }
  };

  std::size_t failures = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    failures += failed(i) ? 1 : 0;
    if (i + 1 < outage_window) continue;
    const std::size_t first = i + 1 - outage_window;
    const bool together = saturating_sub(calls[indices[i]].at, calls[indices[first]].at) <= outage_span;
    if (together && failures * 2 >= outage_window) extend(first, i);
    failures -= failed(first) ? 1 : 0;
  }

  auto outage = outages.begin();
  for (const std::size_t index : indices) {
    const RecordedCall& call = calls[index];
    while (outage != outages.end() && call.at > outage->to) ++outage;
    if (outage == outages.end()) break;
    if (!outage->has(call.at)) continue;
    ++outage->calls;
    outage->failures += call.verdict == Verdict::failure ? 1 : 0;
  }
  return outages;
}

}  // namespace switchgear::lab
